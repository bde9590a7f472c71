/** Checks the address of an upstream, and the region and the project that its address needs. */

import { fault, faultText } from '../../pricing/schema-faults.ts'
import { typeOf, type UpstreamType } from '../types.ts'
import type { FileFault } from './faults.ts'
import type { UpstreamEntry } from './schema.ts'

/** The fields that `{region}` and `{project}` stand for. */
const OPTIONS = ['region', 'project'] as const

export function addressFaults(upstream: UpstreamEntry, path: string): FileFault[] {
  const type = typeOf(upstream.type)
  const address = upstream.baseUrl ?? type.baseUrl
  if (address === undefined)
    return [
      fault(
        `${path}/baseUrl`,
        undefined,
        `the address of the API, because ${upstream.type} has no address of its own`,
      ),
    ]
  const faults = OPTIONS.filter(
    option => upstream[option] === undefined && needs(upstream, type, option),
  ).map(option => fault(`${path}/${option}`, undefined, `a ${option}, which ${upstream.type} needs`))
  const wrong = upstream.baseUrl === undefined ? undefined : urlFault(upstream.baseUrl, type)
  return wrong === undefined
    ? faults
    : [faultText(`${path}/baseUrl`, shown(upstream.baseUrl ?? ''), wrong), ...faults]
}

function needs(
  { baseUrl, keys = [] }: UpstreamEntry,
  type: UpstreamType,
  option: (typeof OPTIONS)[number],
): boolean {
  // A signature of AWS contains the region.
  if (option === 'region' && type.auth === 'aws' && keys.length === 0) return true
  const address = baseUrl === undefined ? type.baseUrl : undefined
  return [address ?? '', ...Object.values(type.paths)].some(text => text.includes(`{${option}}`))
}

/** What is expected instead of this URL; undefined if it is right. */
function urlFault(text: string, { paths }: UpstreamType): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text) || /[\s{}\\]/.test(text))
    return 'an http:// or https:// URL'
  const { hash, password, pathname, search, username } = new URL(text)
  if (username !== '' || password !== '') return 'a URL without user and password; a key belongs to keys'
  if (search !== '' || hash !== '' || /[?#]/.test(text)) return 'a URL without query and fragment'
  const end = pathname.replace(/\/+$/, '')
  return Object.values(paths).some(path => end.endsWith(path))
    ? 'the address without the path of a call, which the gateway adds'
    : undefined
}

/** A URL without what may be a secret. */
function shown(url: string): string {
  return JSON.stringify(url.replace(/^(\w+:\/\/)?[^/]*@/, '$1***@').replace(/\?.*/s, '?***'))
}
