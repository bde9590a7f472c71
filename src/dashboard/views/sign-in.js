/** The sign-in form. It shows the reason of a refused token. */

import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { Failure, whoami } from '../api.js'
import { Field } from '../components/field.js'
import { Icon, Mark } from '../components/icon.js'
import { begin, ended } from '../session.js'
import { useStore } from '../store.js'

export function SignIn() {
  const why = useStore(ended)
  const [token, setToken] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [wrong, setWrong] = useState('')
  useEffect(() => {
    document.title = 'Sign in · Tollgate'
  }, [])
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    const shown = token.trim()
    if (!shown) return setWrong('Enter a token.')
    if (isBusy) return
    setBusy(true)
    setWrong('')
    try {
      begin({ token: shown, ...(await whoami(shown)) })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      setWrong(wordsFor(error))
      setBusy(false)
    }
  }
  return html`<main class="sign-in">
    <form class="sign-in-card" onSubmit=${submit} novalidate>
      <${Mark} />
      <h1>Tollgate</h1>
      <p class="lead">Cost, usage and limits of AI calls.</p>
      ${why && !wrong && html`<p class="notice" role="status">${why}</p>`}
      <${Field} label="Admin token" name="token" value=${token} onInput=${setToken} isSecret isFirst hint="ADMIN_TOKEN of this gateway, or a token that an administrator created." />
      ${wrong && html`<p class="form-failure" role="alert"><${Icon} name="warning" /><span>${wrong}</span></p>`}
      <button type="submit" class="button is-primary is-wide" aria-disabled=${isBusy}>${isBusy ? 'Signing in …' : 'Sign in'}</button>
      <p class="sign-in-note">The token is stored in this tab only, until the tab closes.</p>
    </form>
  </main>`
}

/** @param {Failure} failure */
function wordsFor({ status, message, retryAfter }) {
  if (status === 401)
    return 'This token is not valid. Check it for a missing character, or ask the operator of the gateway.'
  if (status === 429) return `Too many wrong tokens. Try again in ${retryAfter ?? 'some'} seconds.`
  return message
}
