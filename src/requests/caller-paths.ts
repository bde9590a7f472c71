/** A base URL works with and without `/v1`: some clients add `/v1` to it, so a path may have it twice or not at all. */

import { dialects } from '../dialects/index.ts'

export const MODELS_PATH = '/v1/models'

const paths: ReadonlySet<string> = new Set([...dialects.map(({ path }) => path), MODELS_PATH])
const aModel = new RegExp(`^${MODELS_PATH}/[^/]+$`)
const prefixes = /^(\/v1){0,2}(?=\/)/

/** Is it a caller's route, written with one `/v1`? The query is ignored. */
export function isCallersPath(url: string): boolean {
  const [path = ''] = url.split('?', 1)
  return paths.has(path) || aModel.test(path)
}

/** A caller's route gets exactly one `/v1`; any other URL is not changed. */
export function canonicalUrl(url: string): string {
  if (url.startsWith('/v1/') && !url.startsWith('/v1/v1/')) return url
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  const canonical = path.replace(prefixes, '/v1')
  return isCallersPath(canonical) ? canonical + url.slice(path.length) : url
}
