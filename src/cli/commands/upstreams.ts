/** Upstreams: their health and routes, and a check of their keys and model lists. */

import type { CheckedUpstreamsBody, UpstreamsBody } from '../../admin/bodies.ts'
import type { Command } from '../command.ts'
import { count, NONE, table } from '../text.ts'

type Upstream = UpstreamsBody['upstreams'][number]
type Route = UpstreamsBody['routes'][number]
type Checked = CheckedUpstreamsBody['upstreams'][number]

/** The most missing models that are printed for one upstream. `--json` has all. */
const MISSING = 10

export const upstreams: Command[] = [
  {
    name: 'upstreams list',
    about: 'List upstreams with their health, and the routes to them, as the replica that answers sees them',
    args: [],
    options: {},
    examples: ['upstreams list'],
    async run(_input, api) {
      const response = await api.call<UpstreamsBody>('GET', '/upstreams')
      const { upstreams: found, routes, fault } = response
      const circuits = found.flatMap(circuitRows)
      const parts = [
        table(head, found.map(row)),
        ...(circuits.length > 0 ? [table(['CIRCUIT OF', 'MODEL', 'STATE', 'REASON'], circuits)] : []),
        ...(routes.length > 0
          ? [table(['ROUTE', 'TARGETS', 'RETRIES', 'STICKY'], routes.map(routeRow))]
          : []),
      ]
      const note = fault && `UPSTREAMS_FILE is faulty; its previous content stays in force. ${fault}`
      return { response, text: parts.join('\n\n'), ...(note && { note }) }
    },
  },
  {
    name: 'upstreams check',
    about: 'Ask each upstream for its model list with each of its keys; exit code 1 if one does not work',
    args: [],
    options: {},
    examples: ['upstreams check'],
    async run(_input, api) {
      const response = await api.call<CheckedUpstreamsBody>('POST', '/upstreams/check')
      const { ok, upstreams: found } = response
      const rows = found.flatMap(checkedRows)
      const text = table(['UPSTREAM', 'KEY', 'WORKS', 'RESULT'], rows)
      const hints = found.flatMap(missingHint)
      return {
        response,
        text,
        ...(hints.length > 0 && { note: hints.join('\n') }),
        ...(!ok && { exitCode: 1 }),
      }
    },
  },
]

const head = ['NAME', 'TYPE', 'HEALTH', 'KEYS', 'RUNNING', 'FIRST BYTE MS', 'MODELS', 'ADDRESS']

function row(one: Upstream): string[] {
  const { name, type, health, keys, keysSetAside, running, concurrency, firstByteMs, models, address } = one
  return [
    name,
    type,
    health,
    keysSetAside > 0 ? `${keys} (${keysSetAside} set aside)` : String(keys),
    concurrency === null ? count(running) : `${count(running)}/${count(concurrency)}`,
    firstByteMs === null ? NONE : count(Math.round(firstByteMs)),
    models === null ? 'its own' : `${Object.keys(models).length} mapped`,
    address,
  ]
}

function circuitRows({ name, circuits }: Upstream): string[][] {
  return circuits.map(({ model, state, key, reason, retryAfterMs }) => [
    key === undefined ? name : `${name}, key ${key}`,
    model,
    state,
    `${reason}; next try ${retryAfterMs > 0 ? `in ${Math.ceil(retryAfterMs / 1000)} s` : 'now'}`,
  ])
}

function routeRow({ models, targets, retries, sticky }: Route): string[] {
  const words = targets.map(({ upstream, model, weight }) => {
    const place = model === null ? upstream : `${upstream}/${model}`
    return weight === null ? place : `${place} (${weight})`
  })
  const isInTurn = targets.every(({ weight }) => weight === null)
  return [models.join(', '), words.join(isInTurn ? ' > ' : ', '), String(retries), sticky ?? NONE]
}

function checkedRows({ name, works, detail, keys }: Checked): string[][] {
  if (keys.length === 0) return [[name, NONE, works ? 'yes' : 'no', detail]]
  return keys.map(({ key, result, detail: words }) => [
    name,
    String(key),
    result === 'accepted' ? 'yes' : 'no',
    result === 'accepted' && works ? `key accepted; ${detail}` : `key ${result}: ${words}`,
  ])
}

function missingHint({ name, missing }: Checked): string[] {
  if (missing.length === 0) return []
  const more = missing.length > MISSING ? ` and ${missing.length - MISSING} more` : ''
  return [
    `${name} does not list ${missing.slice(0, MISSING).join(', ')}${more}. Some lists are not complete.`,
  ]
}
