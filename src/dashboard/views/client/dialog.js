/** The form of a client's settings. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api } from '../../api.js'
import { ActionDialog, Dialog } from '../../components/dialog.js'
import { Check, Field, Select } from '../../components/field.js'
import { Icon } from '../../components/icon.js'
import { Picker, useTeams } from '../../components/picker.js'
import { holds } from '../../words.js'
import { LimitFields, numberOf, settingsOf, textsOf } from '../limits/form.js'

/** @import { ChangedClient, Client, Hold } from '../../types.ts' */
/** @import { Failure } from '../../api.js' */

/** @type {[NonNullable<Client['allow']>[number], string, string][]} */
const openings = [
  ['server_tools', 'Server tools', 'such as web search and code execution of the provider'],
  ['stored', 'Stored prompts and conversations', 'the gateway does not know their size'],
  ['background', 'Background runs', 'they continue after the response'],
  ['files', 'Files by id', 'the gateway does not know their size'],
  ['store', 'Store responses at OpenAI', 'store: true'],
]

/** @param {{ client?: Client, onClose: () => void, onDone: (client: Client) => void }} props Without a client: a new one. */
export function ClientDialog({ client, onClose, onDone }) {
  const [limits, setLimits] = useState(textsOf(client ?? {}))
  const [texts, setTexts] = useState({
    name: client?.name ?? '',
    team: client?.team ?? '',
    models: client?.models?.join(', ') ?? '',
    identical: client?.loop ? String(client.loop.identical) : '',
    loopPer: client?.loop?.per ?? '1m',
    hold: /** @type {Hold} */ (client?.hold ?? 'growing'),
    maxWait: client?.limits?.maxWaitMs === undefined ? '' : String(client.limits.maxWaitMs),
    ttl: client?.cache?.ttlSeconds === undefined ? '' : String(client.cache.ttlSeconds),
    share: client?.cache?.share ?? 'client',
  })
  const [isCached, setCached] = useState(client?.cache?.enabled ?? true)
  const [allow, setAllow] = useState(client?.allow ?? [])
  const [createTeam, setCreateTeam] = useState(false)
  const [saved, setSaved] = useState(/** @type {ChangedClient | undefined} */ (undefined))
  const set = (/** @type {keyof typeof texts} */ name) => (/** @type {string} */ value) =>
    setTexts({ ...texts, [name]: value })

  const save = async () => {
    const models = texts.models.split(/[\s,]+/).filter(Boolean)
    const wanted = {
      name: texts.name.trim(),
      team: texts.team.trim() || null,
      models: models.length > 0 ? models : null,
      ...limitSettings(limits, texts.maxWait),
      hold: texts.hold === 'growing' ? null : texts.hold,
      loop: texts.identical.trim()
        ? { identical: numberOf(texts.identical), per: texts.loopPer.trim() }
        : null,
      cache: {
        enabled: isCached,
        ttlSeconds: texts.ttl.trim() ? numberOf(texts.ttl) : null,
        share: texts.share === 'client' ? null : texts.share,
      },
      allow: allow.length > 0 ? allow : null,
      ...(createTeam && { createTeam }),
    }
    const body = client ? wanted : withoutNull(wanted)
    const path = client ? `/clients/${encodeURIComponent(client.name)}` : '/clients'
    /** @type {ChangedClient} */
    const changed = await api(path, { method: client ? 'PATCH' : 'POST', body })
    if (changed.warnings.length > 0) setSaved(changed)
    else onDone(changed)
  }

  if (saved) return html`<${Warned} client=${saved} onClose=${() => onDone(saved)} />`

  return html`<${ActionDialog} title=${client ? `Settings of ${client.name}` : 'New client'} action=${client ? 'Save' : 'Create client'} onSubmit=${save} onClose=${onClose} isWide>
    ${(/** @type {Failure | undefined} */ failure) => html`
      <div class="form-grid">
        <${Field} label="Name" name="name" value=${texts.name} faults=${failure?.faults} isFirst=${!client} onInput=${set('name')} hint=${client ? 'A new name keeps the counters and keys.' : undefined} />
        <${Picker} label="Team" name="team" value=${texts.team} faults=${failure?.faults} onInput=${set('team')} useSuggestions=${useTeams} placeholder="none" />
      </div>
      ${
        (createTeam || isUnknownTeam(failure)) &&
        html`<${Check} label="Create this team" hint="The new team has no limits and no budget." isOn=${createTeam} onChange=${setCreateTeam} />`
      }
      <${Field} label="Models" name="models" value=${texts.models} faults=${failure?.faults} onInput=${set('models')} placeholder="all models" hint="Names and patterns such as claude-haiku-*, separated by commas." />
      <${LimitFields} texts=${limits} faults=${failure?.faults} isFirst=${Boolean(client)} onChange=${(/** @type {Partial<typeof limits>} */ changes) => setLimits({ ...limits, ...changes })} />
      <fieldset>
        <legend>Hold and wait</legend>
        <div class="form-grid">
          <${Select} label="Hold of a budget" value=${texts.hold} options=${Object.entries(holds).map(([hold, { label }]) => [hold, label])} onPick=${set('hold')} hint=${holds[texts.hold].meaning} />
          <${Field} label="Maximum wait, ms" name="limits.maxWaitMs" mode="numeric" placeholder="no wait" value=${texts.maxWait} faults=${failure?.faults} onInput=${set('maxWait')} hint="The wait of a call for a free limit before a 429; at most 10,000." />
        </div>
      </fieldset>
      <details class="more-settings" open=${failure?.faults.some(({ field }) => /^(loop|cache|allow)/.test(field))}>
        <summary>Loop brake, cache and features</summary>
        <fieldset>
          <legend>Loop brake</legend>
          <div class="form-grid is-pairs">
            <${Field} label="Identical requests" name="loop.identical" fields=${['loop']} mode="numeric" placeholder="no limit" value=${texts.identical} faults=${failure?.faults} onInput=${set('identical')} />
            <${Field} label="Per" name="loop.per" value=${texts.loopPer} onInput=${set('loopPer')} />
          </div>
        </fieldset>
        <fieldset>
          <legend>Cache</legend>
          <${Check} label="Answer repeated requests from the cache" isOn=${isCached} onChange=${setCached} />
          <div class="form-grid">
            <${Field} label="Lifetime of a response, seconds" name="cache.ttlSeconds" fields=${['cache']} mode="numeric" placeholder="the gateway's default" value=${texts.ttl} faults=${failure?.faults} onInput=${set('ttl')} />
            <${Select} label="Cache shared with" value=${texts.share} options=${[['client', 'Only this client'], ['team', 'Its team'], ['all', 'Everyone']]} onPick=${set('share')} />
          </div>
        </fieldset>
        <fieldset>
          <legend>Unbounded features</legend>
          ${openings.map(
            ([opening, label, hint]) =>
              html`<${Check} label=${label} hint=${hint} isOn=${allow.includes(opening)} onChange=${(/** @type {boolean} */ isOn) => setAllow(isOn ? [...allow, opening] : allow.filter(one => one !== opening))} />`,
          )}
        </fieldset>
      </details>
    `}
  <//>`
}

/** Whether no team has the given name. @param {Failure | undefined} failure */
function isUnknownTeam(failure) {
  return failure?.faults.some(
    ({ field, detail }) => field === 'team' && detail.includes('a team that exists'),
  )
}

/** The warnings about a saved client. @param {{ client: ChangedClient, onClose: () => void }} props */
function Warned({ client: { name, warnings }, onClose }) {
  return html`<${Dialog} title="${name} is saved, with a warning" onClose=${onClose} isSticky>
    <div class="form">
      ${warnings.map(warning => html`<p class="form-failure" role="alert"><${Icon} name="warning" /><span>${warning}</span></p>`)}
      <footer class="dialog-foot"><button type="button" class="button is-primary" data-first onClick=${onClose}>Understood</button></footer>
    </div>
  <//>`
}

/** Empty fields remove their setting. @param {Parameters<typeof settingsOf>[0]} texts @param {string} maxWait */
function limitSettings(texts, maxWait) {
  const { limits, budget } = settingsOf(texts)
  return {
    limits: {
      ...{ requests: null, tokens: null, concurrency: null },
      ...limits,
      maxWaitMs: maxWait.trim() ? numberOf(maxWait) : null,
    },
    budget: { day: null, month: null, ...budget },
  }
}

/** @param {object} value @returns {object} */
function withoutNull(value) {
  const entries = Object.entries(value).flatMap(([name, part]) => {
    if (part === null) return []
    const isObject = typeof part === 'object' && !Array.isArray(part)
    const kept = isObject ? withoutNull(part) : part
    return isObject && Object.keys(kept).length === 0 ? [] : [[name, kept]]
  })
  return Object.fromEntries(entries)
}
