/** Asks each upstream for its model list, with each of its keys, to see what works. The requests are free. */

import { dialects } from '../dialects/index.ts'
import { collected, type Listed } from './collected.ts'
import type { RouteEntry } from './file/schema.ts'
import { missingModels, namesIn } from './model-lists.ts'
import type { Upstream } from './upstream.ts'

export interface CheckedKey {
  /** From 1, in the order of the file. */
  key: number
  result: 'accepted' | 'refused' | 'unknown'
  detail: string
}

export interface Checked {
  name: string
  title: string
  works: boolean
  reachable: boolean
  detail: string
  keys: CheckedKey[]
  /** The number of models in its list. */
  models: number | null
  missing: string[]
}

export interface CheckOptions {
  routes: readonly RouteEntry[]
  /** Removes keys from an upstream's text. */
  redact(text: string): string
  timeoutMs?: number
}

/** Time limit of each request, ms. */
const TIMEOUT = 10_000
/** The version of Anthropic's API that all its servers know. */
const ANTHROPIC_VERSION = '2023-06-01'
/** The longest part of an upstream's error that is shown. */
const LONGEST = 200
/** The upstream refuses the key. */
const REFUSED = [401, 403]
/** The upstream has no such path. */
const NOT_THERE = [404, 405, 501]

export async function checkUpstream(
  upstream: Upstream,
  { routes, redact, timeoutMs = TIMEOUT }: CheckOptions,
): Promise<Checked> {
  const { modelsPath } = upstream.type
  const named = { name: upstream.name, title: upstream.type.title }
  if (modelsPath === undefined) return { ...named, ...(await checkConnection(upstream, timeoutMs)) }
  const lists = await Promise.all(
    upstream.keys.map(key => listModels(upstream, modelsPath, key.secret(), timeoutMs)),
  )
  const keys = lists.map((list, i) => ({ key: i + 1, ...resultOf(list, redact) }))
  const names = lists.map(list => (list.status === 200 ? namesIn(list.body) : undefined)).find(Boolean)
  const reachable = lists.some(({ status }) => status !== undefined)
  const hasList = !lists.every(({ status = 0 }) => NOT_THERE.includes(status))
  const works = hasList ? keys.every(({ result }) => result === 'accepted') : true
  return {
    ...named,
    works,
    reachable,
    detail: hasList ? detailOf(keys, names) : 'has no model list; the connection works',
    keys: hasList && upstream.settings.secrets.length > 0 ? keys : [],
    models: names?.length ?? null,
    missing: names && names.length > 0 ? missingModels(upstream, routes, names) : [],
  }
}

/** Any response shows that the connection works. The request carries no key. */
async function checkConnection(
  upstream: Upstream,
  timeoutMs: number,
): Promise<Omit<Checked, 'name' | 'title'>> {
  const { status, failure } = await collected(
    upstream.pool,
    { path: upstream.basePath || '/', headers: {} },
    timeoutMs,
  )
  const works = status !== undefined
  const words = works ? 'the connection works' : `the connection does not work: ${failure}`
  return {
    works,
    reachable: works,
    detail: `has no model list; ${words}`,
    keys: [],
    models: null,
    missing: [],
  }
}

async function listModels(
  upstream: Upstream,
  path: string,
  secret: string,
  timeoutMs: number,
): Promise<Listed> {
  const { authorize, origin, pool, settings, type } = upstream
  const format = dialects.find(({ name }) => type.paths[name] !== undefined)?.format ?? dialects[0]!.format
  const version: Record<string, string> =
    format.name === 'anthropic' ? { 'anthropic-version': ANTHROPIC_VERSION } : {}
  const known = { 'accept-encoding': 'identity', 'user-agent': 'tollgate', ...version, ...settings.headers }
  const request = { format, headers: version, method: 'GET', url: new URL(path, origin), body: null }
  try {
    const headers = { ...known, ...(await authorize(secret, request)) }
    return await collected(pool, { path, headers }, timeoutMs)
  } catch {
    return {
      status: undefined,
      body: '',
      failure: 'the key cannot be used: it signs nothing, or gets no access token',
    }
  }
}

function resultOf(
  { status, body, failure }: Listed,
  redact: CheckOptions['redact'],
): Omit<CheckedKey, 'key'> {
  if (status === undefined) return { result: 'unknown', detail: failure }
  const words = `answered ${status}${status < 300 ? '' : quoted(redact(body))}`
  if (REFUSED.includes(status)) return { result: 'refused', detail: words }
  if (status === 429) return { result: 'accepted', detail: words }
  if (status >= 300) return { result: 'unknown', detail: words }
  return namesIn(body)
    ? { result: 'accepted', detail: words }
    : { result: 'unknown', detail: `${words}, but not with a model list` }
}

function quoted(text: string): string {
  const words = text.replace(/\s+/g, ' ').trim()
  if (words === '') return ''
  return `: ${words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words}`
}

function detailOf(keys: readonly CheckedKey[], names: readonly string[] | undefined): string {
  const faulty = keys.find(({ result }) => result !== 'accepted')
  if (faulty) return faulty.detail
  return names ? `lists ${names.length} models` : (keys[0]?.detail ?? '')
}
