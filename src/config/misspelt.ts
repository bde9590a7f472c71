/** Finds misspelt variables at the start: without a warning, a misspelt variable would just be unset. */

import { difference } from '../pricing/nearest.ts'
import { documentation, type Names, secretNames } from './config.ts'

/** Variables of the gateway, and of the CLI, which may be in the same `.env`. */
const KNOWN = [
  ...documentation.map(({ name }) => name),
  ...secretNames.map(name => `${name}_FILE`),
  'TOLLGATE_URL',
]
/** Variables of other programs whose names are as close to one of ours as a typo. */
const OTHERS = new Set([
  ...['AI_API_KEY', 'EXA_API_KEY', 'XAI_API_KEY', 'ZAI_API_KEY'],
  ...['SCHEDULE_DELAY', 'EXPORT_TIMEOUT', 'MAX_QUEUE_SIZE', 'MAX_EXPORT_BATCH_SIZE'].map(
    name => `OTEL_BLRP_${name}`,
  ),
])
/** Not for HOST and PORT: Kubernetes sets `TOLLGATE_PORT=tcp://…` for a Service of that name. */
const PREFIX = /^TOLLGATE_(?!(HOST|PORT)$)/
/** Shorter names in the environment are close to too many others. */
const LONG_NAME = 9
const SHORT_NAME = 4
const MOST_WRONG = 2

/**
 * One line for each, with the nearest known name. In `.env` a name may differ more, since all its variables are for the gateway.
 * `keys`: the variables that UPSTREAMS_FILE names. The operator chose their names.
 */
export function misspelt({ inherited, written }: Names, keys: readonly string[] = []): string[] {
  const chosen = new Set(keys.flatMap(name => [name, `${name}_FILE`]))
  const inFile = written
    .filter(name => !chosen.has(name))
    .map(name => lineFor(name, '.env', meantBy(name, nearInFile)))
  const others = inherited.filter(name => !written.includes(name) && !chosen.has(name))
  return [...inFile, ...others.map(name => lineFor(name, 'the environment', meantBy(name, near)))].flat()
}

function lineFor(name: string, where: string, meant: string | undefined): string[] {
  if (meant === undefined) return []
  return [`${name}: found in ${where}, expected a variable of the gateway. Did you mean ${meant}? Rename it.`]
}

type Near = (name: string, known: string) => boolean

/** The nearest known name, if one is near enough. */
function meantBy(name: string, isNear: Near): string | undefined {
  if (KNOWN.includes(name) || OTHERS.has(name)) return undefined
  const plain = name.toUpperCase().replaceAll('-', '_')
  const bare = plain.replace(isNear === nearInFile ? /^TOLLGATE_/ : PREFIX, '')
  if (KNOWN.includes(bare) && bare !== plain) return bare
  for (const spelling of [plain, bare]) {
    const [nearest] = KNOWN.filter(known => isNear(spelling, known)).sort(
      (a, b) => difference(spelling, a) - difference(spelling, b),
    )
    if (nearest !== undefined) return nearest
  }
  return undefined
}

/** In the environment, where most variables are for other programs. */
function near(name: string, known: string): boolean {
  if (known.length <= SHORT_NAME) return name !== known && isSwapped(name, known)
  return isWithin(name, known, known.length >= LONG_NAME ? MOST_WRONG : 1) || isSwapped(name, known)
}

/** Also with a third of the letters wrong, or with words left out or in another order: `EZAI_KEY`, `URL_REDIS`. */
function nearInFile(name: string, known: string): boolean {
  const words = name.split('_')
  const hasAllWords = words.length > 1 && words.every(word => known.split('_').includes(word))
  return hasAllWords || isWithin(name, known, Math.floor(known.length / 3)) || isSwapped(name, known, 2)
}

/** Whether up to `pairs` pairs of neighbouring letters are swapped. */
function isSwapped(name: string, known: string, pairs = 1): boolean {
  const sorted = (text: string) => [...text].sort().join('')
  return isWithin(name, known, 2 * pairs) && sorted(name) === sorted(known)
}

function isWithin(name: string, known: string, most: number): boolean {
  return Math.abs(name.length - known.length) <= most && difference(name, known) <= most
}
