/** Both spellings of a base URL work, with `/v1` and without: some clients add it to a path, others add it once more. */

import { dialects } from './dialects/index.ts'

export const MODELS_PATH = '/v1/models'

const paths: ReadonlySet<string> = new Set([...dialects.map(({ path }) => path), MODELS_PATH])
const aModel = new RegExp(`^${MODELS_PATH}/[^/]+$`)
const prefixes = /^(\/v1){0,2}(?=\/)/

/** Is it a route of callers, written with one `/v1`? The query does not matter. */
export function isCallersPath(url: string): boolean {
  const [path = ''] = url.split('?', 1)
  return paths.has(path) || aModel.test(path)
}

/** The URL with exactly one `/v1`, where it names a route of callers; any other stays as it is. */
export function canonicalUrl(url: string): string {
  if (url.startsWith('/v1/') && !url.startsWith('/v1/v1/')) return url
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  const canonical = path.replace(prefixes, '/v1')
  return isCallersPath(canonical) ? canonical + url.slice(path.length) : url
}
