/** One client: its current usage, keys, spend and settings. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api } from '../api.js'
import { Badge } from '../components/badge.js'
import { ActionDialog } from '../components/dialog.js'
import { Icon } from '../components/icon.js'
import { TeamName } from '../components/names.js'
import { Card, Page } from '../components/page.js'
import { Facts } from '../components/panel.js'
import { Empty, Stale, Unloaded } from '../components/states.js'
import { showToast } from '../components/toast.js'
import { useData } from '../data.js'
import { count, fullMoment, shortCount } from '../format.js'
import { clientHref, go, href } from '../router.js'
import { mayChange } from '../session.js'
import { holds } from '../words.js'
import { ClientDialog } from './client/dialog.js'
import { Keys } from './client/keys.js'
import { Models } from './clients.js'
import { CurrentUsagePanel } from './limits/current-usage.js'
import { SpendOver } from './team/spend.js'

/** @import { Client, Place } from '../types.ts' */

/** The panels while the client is loading. @type {[title: string, lines: number][]} */
const PANELS = [
  ['Current usage', 3],
  ['Spend by model', 8],
  ['Keys', 4],
  ['Settings', 4],
]

/** @param {{ name: string, place: Place }} props */
export function ClientView({ name, place }) {
  const path = `/clients/${encodeURIComponent(name)}`
  /** @type {import('../data.js').Followed<Client>} */
  const { data: client, failure, reload } = useData(path, { every: 5000 })
  const [open, setOpen] = useState(/** @type {'edit' | 'disable' | 'delete' | undefined} */ (undefined))
  const close = () => setOpen(undefined)
  const back = html`<a class="back" href=${href('/clients')}><${Icon} name="left" />Clients</a>`
  if (!client) {
    const isUnknown = failure?.status === 404
    return html`<${Page} title=${name} back=${back}>
      ${isUnknown ? html`<${Empty} title="Client not found"><a href=${href('/clients')}>All clients</a><//>` : html`<${Unloaded} of=${{ data: undefined, failure, reload }} panels=${PANELS} />`}
    <//>`
  }
  const disable = async () => {
    await api(path, { method: 'PATCH', body: { disabled: client.disabled ? null : true } })
    showToast(
      client.disabled ? `${name} may call again.` : `${name} is disabled: every call is refused from now on.`,
    )
    close()
    reload()
  }
  const remove = async () => {
    await api(path, { method: 'DELETE' })
    showToast(`${name} was deleted, its keys are revoked.`)
    go(href('/clients'))
  }
  const actions = html`<a class="button" href=${href('/calls', { client: name })}>Calls of this client</a>
    <a class="button" href=${href('/changes', { target: `client:${name}` })}>Change history</a>
    ${
      mayChange() &&
      html`<button type="button" class="button" onClick=${() => setOpen('disable')}>${client.disabled ? 'Enable' : 'Disable'}</button>
        <button type="button" class="button is-danger-quiet" onClick=${() => setOpen('delete')}>Delete</button>
        <button type="button" class="button is-primary" onClick=${() => setOpen('edit')}>Change settings</button>`
    }`
  return html`<${Page} title=${name} back=${back} lead=${html`${client.team ? html`Team <${TeamName} name=${client.team} />` : 'No team'}${client.disabled && html` <${Badge} tone="warn">Disabled<//>`}`} actions=${actions}>
    ${failure && html`<${Stale} failure=${failure} />`}
    <${Card} title="Current usage"><${CurrentUsagePanel} settings=${client} state=${client.state} /><//>
    <${Card} title="Spend by model" note="last 30 days" isFlush><${SpendOver} of=${name} filter=${{ client: client.id }} by="model" /><//>
    <div class="columns is-wide-left">
      <${Keys} client=${name} cursor=${place.query.keys} />
      <${Settings} client=${client} />
    </div>
    ${
      open === 'edit' &&
      html`<${ClientDialog} client=${client} onClose=${close} onDone=${(/** @type {Client} */ changed) => {
        showToast(`${changed.name} was saved: it holds from the next call on.`)
        close()
        if (changed.name === name) reload()
        else go(clientHref(changed.name), { replace: true })
      }} />`
    }
    ${
      open === 'disable' &&
      html`<${ActionDialog} title=${client.disabled ? `Enable ${name}?` : `Disable ${name}?`} action=${client.disabled ? 'Enable' : 'Disable'} isDangerous=${!client.disabled} onSubmit=${disable} onClose=${close}>
        ${() => html`<p>${client.disabled ? 'The keys of this client work again at once.' : 'The gateway refuses new calls of this client within a second. Running calls continue. Keys, settings and counters stay.'}</p>`}
      <//>`
    }
    ${
      open === 'delete' &&
      html`<${ActionDialog} title="Delete ${name}?" action="Delete permanently" isDangerous onSubmit=${remove} onClose=${close}>
        ${() => html`<p>All keys of this client are revoked. Its spend stays in the ledger and in all totals. This cannot be undone. Disable the client to stop it temporarily.</p>`}
      <//>`
    }
  <//>`
}

/** @param {{ client: Client }} props */
function Settings({ client }) {
  const {
    models,
    limits = {},
    hold = 'growing',
    loop,
    cache = {},
    allow = [],
    createdAt,
    updatedAt,
    id,
  } = client
  const { enabled = true, ttlSeconds, share = 'client' } = cache
  return html`<${Card} title="Settings">
    <${Facts}
      rows=${[
        ['Models', html`<${Models} models=${models} />`],
        ['Hold', html`${holds[hold].label} <span class="quiet">${holds[hold].meaning}</span>`],
        ['Maximum wait', limits.maxWaitMs ? `${limits.maxWaitMs / 1000} s before a 429` : 'none'],
        ['Loop brake', loop ? `${shortCount(loop.identical)} identical requests per ${loop.per}` : 'none'],
        [
          'Cache',
          enabled
            ? `${ttlSeconds === undefined ? 'on' : `${count(ttlSeconds)} s`}, shared with ${{ client: 'this client only', team: 'its team', all: 'everyone' }[share] ?? share}`
            : 'off',
        ],
        ['Unbounded features', allow.length > 0 ? allow.join(', ').replaceAll('_', ' ') : 'none'],
        ['Id', html`<code>${id}</code>`],
        ['Created', fullMoment(createdAt)],
        ['Changed', updatedAt === createdAt ? undefined : fullMoment(updatedAt)],
      ]}
    />
  <//>`
}
