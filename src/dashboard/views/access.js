/** Administrators' tokens: a list, a form and revocation. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api } from '../api.js'
import { Badge } from '../components/badge.js'
import { allRows, DownloadCsv } from '../components/csv.js'
import { ActionDialog } from '../components/dialog.js'
import { End } from '../components/end.js'
import { Icon } from '../components/icon.js'
import { Once } from '../components/once.js'
import { Page } from '../components/page.js'
import { Loaded } from '../components/states.js'
import { showToast } from '../components/toast.js'
import { useData } from '../data.js'
import { fullMoment, longDay } from '../format.js'
import { href } from '../router.js'
import { mayChange, session } from '../session.js'
import { roleLabel } from '../words.js'
import { NewToken } from './access/new-token.js'

/** @import { MadeToken, Token } from '../types.ts' */

/** @typedef {{ kind: 'create' } | { kind: 'made', made: MadeToken } | { kind: 'revoke', name: string } | undefined} Open */

/** @type {[string, (token: Token) => import('../components/csv.js').Cell][]} */
const csvColumns = [
  ['name', ({ name }) => name],
  ['role', ({ role }) => role],
  ['createdAt', ({ createdAt }) => createdAt],
  ['createdBy', ({ createdBy }) => createdBy],
  ['expiresAt', ({ expiresAt }) => expiresAt],
]

export function Access() {
  const tokens = useData('/tokens?limit=1000')
  const [open, setOpen] = useState(/** @type {Open} */ (undefined))
  const close = () => setOpen(undefined)
  const done = (/** @type {MadeToken} */ made) => {
    setOpen({ kind: 'made', made })
    tokens.reload()
  }
  const revoke = async (/** @type {string} */ name) => {
    await api(`/tokens/${encodeURIComponent(name)}`, { method: 'DELETE' })
    showToast(`Token ${name} is revoked.`)
    close()
    tokens.reload()
  }
  return html`<${Page}
    title="Access"
    lead="Tokens of administrators, for this dashboard, the command line and the API under /admin. Services use the keys of their clients."
    actions=${html`<${DownloadCsv} name="tokens" columns=${csvColumns} rows=${() => allRows('/tokens', {}, 'tokens')} />${mayChange() && html`<button type="button" class="button is-primary" onClick=${() => setOpen({ kind: 'create' })}><${Icon} name="plus" />New token</button>`}`}
  >
    <section class="card is-flush" aria-label="Tokens">
      <${Loaded} of=${tokens}>
        ${(
          /** @type {{ tokens: Token[], next?: string }} */ { tokens: found, next },
        ) => html`<table class="table">
            <thead><tr><th scope="col">Token</th><th scope="col" class="hide-s">Role</th><th scope="col" class="hide-s">Created</th><th scope="col" class="hide-s">Expires</th><th scope="col"><span class="hidden">More</span></th></tr></thead>
            <tbody>${found.map(token => html`<${Row} key=${token.name} token=${token} onRevoke=${() => setOpen({ kind: 'revoke', name: token.name })} />`)}</tbody>
          </table>
          ${next && html`<p class="note">The first 1,000 tokens, by name.</p>`}`}
      <//>
    </section>
    ${open?.kind === 'create' && html`<${NewToken} onClose=${close} onDone=${done} />`}
    ${open?.kind === 'made' && html`<${Once} title="The new token ${open.made.name}" kind="token" secret=${open.made.token} onClose=${close} />`}
    ${
      open?.kind === 'revoke' &&
      html`<${ActionDialog} title="Revoke ${open.name}?" action="Revoke" isDangerous onSubmit=${() => revoke(open.name)} onClose=${close}>
        ${() => html`<p>The gateway refuses this token from now on. Its changes stay, and the audit keeps its name. This cannot be undone.</p>
          ${isOwn(open.name) && html`<p><strong>You are signed in with it:</strong> you will be signed out.</p>`}`}
      <//>`
    }
  <//>`
}

/** @param {string} name */
function isOwn(name) {
  return session.get()?.name === name
}

/** @param {{ token: Token, onRevoke: () => void }} props */
function Row({ token: { name, role, createdAt, createdBy, expiresAt }, onRevoke }) {
  // ADMIN_TOKEN has no creation time and cannot be revoked here.
  const isFirst = createdAt === undefined
  const isOver = expiresAt !== undefined && Date.parse(expiresAt) <= Date.now()
  return html`<tr class=${isOver ? 'is-over' : ''}>
    <th scope="row">
      <span class="break">${name}</span>${isOwn(name) && html` <${Badge} tone="good">You<//>`}${isOver && html` <${Badge} tone="calm">Expired<//>`}
      <span class="sub show-s">${roleLabel(role)}</span>
      ${isFirst && html`<span class="sub">set by ADMIN_TOKEN; it cannot be revoked here</span>`}
      ${expiresAt && !isOver && html`<span class="sub show-s">expires <${End} at=${expiresAt} /></span>`}
    </th>
    <td class="hide-s">${roleLabel(role)}</td>
    <td class="hide-s">${createdAt ? html`<span title=${fullMoment(createdAt)}>${longDay(createdAt)}</span><span class="sub">by ${createdBy}</span>` : html`<span class="quiet">–</span>`}</td>
    <td class="hide-s nowrap"><${End} at=${expiresAt} /></td>
    <td class="num is-tools">
      <a class="button is-small" aria-label="Changes by ${name}" href=${href('/changes', { who: name })}>Changes</a>
      ${mayChange() && !isFirst && html`<button type="button" class="button is-small is-danger-quiet" aria-label="Revoke ${name}" onClick=${onRevoke}>Revoke</button>`}
    </td>
  </tr>`
}
