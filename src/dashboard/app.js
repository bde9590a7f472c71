/** The page. Without a token it shows the sign-in form; with a token, the view of the address. */

import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { Failure, whoami } from './api.js'
import { Page } from './components/page.js'
import { Shell } from './components/shell.js'
import { Empty, Failed, Loading } from './components/states.js'
import { Toast } from './components/toast.js'
import { href, place } from './router.js'
import { begin, end, keptToken, session } from './session.js'
import { useStore } from './store.js'
import { Access } from './views/access.js'
import { Alerts } from './views/alerts.js'
import { Calls } from './views/calls.js'
import { Changes } from './views/changes.js'
import { ClientView } from './views/client.js'
import { Clients } from './views/clients.js'
import { Explain } from './views/explain.js'
import { Limits } from './views/limits.js'
import { Overview } from './views/overview.js'
import { PerformanceView } from './views/performance.js'
import { Refusals } from './views/refusals.js'
import { SignIn } from './views/sign-in.js'
import { TeamView } from './views/team.js'
import { Teams } from './views/teams.js'
import { UpstreamsView } from './views/upstreams.js'
import { Verify } from './views/verify.js'

/** @import { Place } from './types.ts' */

/** @type {Record<string, (props: { place: Place }) => unknown>} */
const views = {
  '': Overview,
  calls: Calls,
  performance: PerformanceView,
  refusals: Refusals,
  clients: Clients,
  teams: Teams,
  limits: Limits,
  upstreams: UpstreamsView,
  alerts: Alerts,
  access: Access,
  explain: Explain,
  verify: Verify,
  changes: Changes,
}

export function App() {
  const who = useStore(session)
  const [isResuming, setResuming] = useState(keptToken() !== '')
  const [failure, setFailure] = useState(/** @type {Failure | undefined} */ (undefined))
  const resume = async () => {
    const token = keptToken()
    setFailure(undefined)
    try {
      if (token) begin({ token, ...(await whoami(token)) })
      setResuming(false)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      if (error.status !== 401) return setFailure(error)
      end('The token was revoked or has expired. Sign in again.')
      setResuming(false)
    }
  }
  useEffect(() => void resume(), [])

  if (failure) return html`<main class="sign-in"><${Failed} failure=${failure} retry=${resume} /></main>`
  if (isResuming) return html`<main class="sign-in"><${Loading} lines=${3} label="Signing in" /></main>`
  if (!who) return html`<${SignIn} />`
  return html`<${Shell}><${View} /><//><${Toast} />`
}

function View() {
  const where = useStore(place)
  const [name = '', ...rest] = where.path
  if (name === 'clients' && rest[0] !== undefined)
    return html`<${ClientView} key=${rest[0]} name=${rest[0]} place=${where} />`
  if (name === 'teams' && rest[0] !== undefined && rest.length === 1)
    return html`<${TeamView} key=${rest[0]} name=${rest[0]} place=${where} />`
  const Found = rest.length === 0 ? views[name] : undefined
  if (Found) return html`<${Found} place=${where} />`
  return html`<${Page} title="Page not found"><${Empty} title="No page has this address"><a href=${href('/')}>Go to the overview</a><//><//>`
}
