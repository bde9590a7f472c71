/** The keys of a client: creation, rotation, revocation. A new key is shown once. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api, question } from '../../api.js'
import { Badge } from '../../components/badge.js'
import { allRows, DownloadCsv } from '../../components/csv.js'
import { ActionDialog } from '../../components/dialog.js'
import { End, EndSelect, endIn } from '../../components/end.js'
import { Select } from '../../components/field.js'
import { Icon } from '../../components/icon.js'
import { Once } from '../../components/once.js'
import { Card } from '../../components/page.js'
import { Pager } from '../../components/pager.js'
import { Empty, Loaded } from '../../components/states.js'
import { showToast } from '../../components/toast.js'
import { useData } from '../../data.js'
import { fullMoment, longDay } from '../../format.js'
import { mayChange } from '../../session.js'

/** @import { Key, MadeKey } from '../../types.ts' */

/** @type {[string, string][]} */
const graces = [
  ['0', 'At once'],
  ['3600', 'In an hour'],
  ['86400', 'In a day'],
  ['604800', 'In a week'],
]
const tones = /** @type {const} */ ({ active: 'good', expired: 'calm', revoked: 'calm' })

/** @typedef {{ kind: 'create' } | { kind: 'rotate' | 'revoke', key: Key } | { kind: 'made', made: MadeKey } | undefined} Open */

/** @type {[string, (key: Key) => import('../../components/csv.js').Cell][]} */
const csvColumns = [
  ['id', ({ id }) => id],
  ['status', ({ status }) => status],
  ['createdAt', ({ createdAt }) => createdAt],
  ['expiresAt', ({ expiresAt }) => expiresAt],
  ['revokedAt', ({ revokedAt }) => revokedAt],
  ['rotatedFrom', ({ rotatedFrom }) => rotatedFrom],
]

/** @param {{ client: string, cursor?: string }} props */
export function Keys({ client, cursor }) {
  const path = `/clients/${encodeURIComponent(client)}/keys`
  const keys = useData(question(path, { cursor, limit: '50' }), { isKept: true })
  const [open, setOpen] = useState(/** @type {Open} */ (undefined))
  const [choice, setChoice] = useState('')
  const close = () => setOpen(undefined)
  const show = (/** @type {Open} */ next, first = '') => {
    setChoice(first)
    setOpen(next)
  }
  const create = async () => {
    setOpen({ kind: 'made', made: await api(path, { method: 'POST', body: endIn(choice) }) })
    keys.reload()
  }
  const rotate = async (/** @type {Key} */ { id }) => {
    setOpen({
      kind: 'made',
      made: await api(`/keys/${id}/rotate`, { method: 'POST', body: { graceSeconds: Number(choice) } }),
    })
    keys.reload()
  }
  const revoke = async (/** @type {Key} */ { id }) => {
    await api(`/keys/${id}`, { method: 'DELETE' })
    showToast(`Key ${id} is revoked.`)
    close()
    keys.reload()
  }
  return html`<${Card} title="Keys" isFlush actions=${html`<${DownloadCsv} name="keys-of-${client}" columns=${csvColumns} rows=${() => allRows(path, {}, 'keys')} />${mayChange() && html`<button type="button" class="button is-small" onClick=${() => show({ kind: 'create' })}><${Icon} name="plus" />New key</button>`}`}>
    <${Loaded} of=${keys}>
      ${(/** @type {{ keys: Key[], next?: string }} */ { keys: found, next }) =>
        found.length === 0
          ? html`<${Empty} title="No keys">A service needs a key of its client.<//>`
          : html`<table class="table">
              <thead><tr><th scope="col">Key</th><th scope="col">Status</th><th scope="col" class="hide-s">Created</th><th scope="col" class="hide-s">Expires</th>${mayChange() && html`<th scope="col"><span class="hidden">Change</span></th>`}</tr></thead>
              <tbody>${found.map(key => html`<${Row} key=${key.id} of=${key} onRotate=${() => show({ kind: 'rotate', key }, '86400')} onRevoke=${() => show({ kind: 'revoke', key })} />`)}</tbody>
            </table>
            <${Pager} next=${next} cursor=${cursor} of="keys" />`}
    <//>
    ${
      open?.kind === 'create' &&
      html`<${ActionDialog} title="New key for ${client}" action="Create key" onSubmit=${create} onClose=${close}>
        ${() => html`<${EndSelect} value=${choice} onPick=${setChoice} />`}
      <//>`
    }
    ${
      open?.kind === 'rotate' &&
      html`<${ActionDialog} title="Rotate ${open.key.id}" action="Rotate" onSubmit=${() => rotate(open.key)} onClose=${close}>
        ${() => html`<p>A new key replaces this key. Both keys work until the old key expires. Give the new key to the service in that time.</p>
          <${Select} label="The old key expires" value=${choice} options=${graces} onPick=${setChoice} />`}
      <//>`
    }
    ${
      open?.kind === 'revoke' &&
      html`<${ActionDialog} title="Revoke ${open.key.id}?" action="Revoke" isDangerous onSubmit=${() => revoke(open.key)} onClose=${close}>
        ${() => html`<p>The gateway refuses new calls with this key within a second. Running calls continue. This cannot be undone.</p>`}
      <//>`
    }
    ${open?.kind === 'made' && html`<${Made} made=${open.made} onClose=${close} />`}
  <//>`
}

/** @param {{ of: Key, onRotate: () => void, onRevoke: () => void }} props */
function Row({ of: { id, status, createdAt, expiresAt, revokedAt, rotatedFrom }, onRotate, onRevoke }) {
  return html`<tr class=${status === 'active' ? '' : 'is-over'}>
    <th scope="row"><code>tg_${id}_…</code>${rotatedFrom && html`<span class="sub">replaces ${rotatedFrom}</span>`}</th>
    <td><${Badge} tone=${tones[status]}>${{ active: 'Active', expired: 'Expired', revoked: 'Revoked' }[status]}<//></td>
    <td class="hide-s nowrap"><span title=${fullMoment(createdAt)}>${longDay(createdAt)}</span></td>
    <td class="hide-s nowrap"><${End} at=${revokedAt ?? expiresAt} /></td>
    ${
      mayChange() &&
      html`<td class="num nowrap">
        ${
          status === 'active' &&
          html`<button type="button" class="button is-small" aria-label="Rotate ${id}" onClick=${onRotate}>Rotate</button>
            <button type="button" class="button is-small is-danger-quiet" aria-label="Revoke ${id}" onClick=${onRevoke}>Revoke</button>`
        }
      </td>`
    }
  </tr>`
}

/** @param {{ made: MadeKey, onClose: () => void }} props */
function Made({ made: { key, client, former }, onClose }) {
  return html`<${Once} title="The new key of ${client}" kind="key" secret=${key} onClose=${onClose}>
    ${former?.expiresAt && html`<p class="quiet">The old key, ${former.id}, works until ${fullMoment(former.expiresAt)}.</p>`}
  <//>`
}
