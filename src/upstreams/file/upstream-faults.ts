/** Checks each upstream of UPSTREAMS_FILE against its type, and reads its keys. */

import { fault, faultText } from '../../pricing/schema-faults.ts'
import { isPattern } from '../model-names.ts'
import { type Auth, typeOf } from '../types.ts'
import { addressFaults } from './address-faults.ts'
import { escaped, type FileFault, repeated } from './faults.ts'
import { headerFaults } from './header-faults.ts'
import type { KeySource, UpstreamEntry } from './schema.ts'

export type ReadKey = (source: KeySource) => string | undefined | Error

/** Highest multiplier of prices. A higher one is a mistake. */
const MOST_TIMES = 1000

/** The kinds of authorization that need no key. */
const keyless: ReadonlySet<Auth> = new Set<Auth>(['optional', 'google', 'aws'])

/** The kinds whose key may be a JSON object. Other keys are sent in a header, unchanged. */
const inJson: ReadonlySet<Auth> = new Set<Auth>(['google', 'aws'])

export function upstreamFaults(upstreams: readonly UpstreamEntry[], readKey: ReadKey): FileFault[] {
  const twice = repeated(upstreams, ({ name }) => name).map(([{ name }, i]) =>
    fault(`/upstreams/${i}/name`, name, 'another name, because an upstream above has this one'),
  )
  const own = upstreams.flatMap((upstream, i) => {
    const path = `/upstreams/${i}`
    return [
      ...addressFaults(upstream, path),
      ...keyFaults(upstream, path, readKey),
      ...modelFaults(upstream, path),
      ...multiplierFaults(upstream, path),
      ...headerFaults(upstream.headers ?? {}, `${path}/headers`),
    ]
  })
  return [...twice, ...own]
}

function keyFaults({ keys = [], type }: UpstreamEntry, path: string, readKey: ReadKey): FileFault[] {
  if (keys.length === 0 && !keyless.has(typeOf(type).auth))
    return [
      fault(
        `${path}/keys`,
        undefined,
        `a key, which ${type} needs, such as keys: [{ env: PROVIDER_API_KEY }]`,
      ),
    ]
  const place = (source: KeySource, i: number) => `${path}/keys/${i}/${'env' in source ? 'env' : 'file'}`
  const twice = repeated(keys, source => JSON.stringify(source))
  return [
    ...twice.map(([source, i]) => fault(place(source, i), named(source), 'each key once')),
    ...keys.flatMap((source, i) => {
      if (twice.some(([, other]) => other === i)) return []
      const reason = reasonAgainst(readKey(source), typeOf(type).auth)
      return reason === undefined ? [] : [unreadable(place(source, i), source, reason)]
    }),
  ]
}

/** What is wrong with a key; undefined: nothing. The text never contains the key. */
function reasonAgainst(key: ReturnType<ReadKey>, auth: Auth): string | undefined {
  if (key instanceof Error) return key.message
  if (!key) return 'which is not set'
  const isObject = inJson.has(auth) && key.trimStart().startsWith('{')
  return isObject || /^[\x21-\x7e]+$/.test(key) ? undefined : 'which has characters that no key has'
}

function unreadable(path: string, source: KeySource, reason: string): FileFault {
  const [kind, fix] = 'env' in source ? ['variable', 'Set it'] : ['file', 'Write it']
  return {
    ...faultText(path, `${JSON.stringify(named(source))}, ${reason}`, `a ${kind} with a key`),
    fix: `${fix}, or name another one.`,
  }
}

function named(source: KeySource): string {
  return 'env' in source ? source.env : source.file
}

function modelFaults({ models = {} }: UpstreamEntry, path: string): FileFault[] {
  return Object.entries(models).flatMap(([ours, theirs]) =>
    stars(theirs) > stars(ours) ? [fault(`${path}/models/${escaped(ours)}`, theirs, starsOf(ours))] : [],
  )
}

function starsOf(ours: string): string {
  return isPattern(ours) ? `at most as many * as ${ours} has` : `a name without *, because ${ours} has none`
}

function stars(name: string): number {
  return name.split('*').length - 1
}

function multiplierFaults({ prices }: UpstreamEntry, path: string): FileFault[] {
  if (prices?.multiplier === undefined) return []
  const [times = 0, by = 1] = prices.multiplier.split('/').map(Number)
  return times / by <= MOST_TIMES
    ? []
    : [fault(`${path}/prices/multiplier`, prices.multiplier, `a multiplier of at most ${MOST_TIMES}`)]
}
