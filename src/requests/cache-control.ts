/** Reads the cache headers of a request (RFC 9111, sections 5.2.1 and 5.4). */

import type { IncomingHttpHeaders } from 'node:http'

export interface CacheControl {
  noStore: boolean
  /** The request asks for a new response. */
  noCache: boolean
  onlyIfCached: boolean
  /** Seconds. */
  maxAge: number | undefined
}

const NONE: CacheControl = { noStore: false, noCache: false, onlyIfCached: false, maxAge: undefined }

export function cacheControlOf(headers: IncomingHttpHeaders): CacheControl {
  // Pragma applies only without cache-control.
  const header = headers['cache-control'] ?? headers.pragma
  if (header === undefined) return NONE
  const listed = header.toLowerCase().split(',').map(readDirective)
  const directives = new Set(listed.map(([name]) => name))
  // The smallest of several counts. A value that is no whole number of seconds is stale at once (RFC 9111, 4.2.1).
  const ages = listed
    .filter(([name]) => name === 'max-age')
    .map(([, age]) => (/^\d+$/.test(age) ? Number(age) : 0))
  const maxAge = ages.length > 0 ? Math.min(...ages) : undefined
  return {
    noStore: directives.has('no-store'),
    noCache: directives.has('no-cache') || maxAge === 0,
    onlyIfCached: directives.has('only-if-cached'),
    maxAge,
  }
}

function readDirective(text: string): [string, string] {
  const [name = '', value = ''] = text.split('=', 2)
  return [name.trim(), value.replaceAll('"', '').trim()]
}
