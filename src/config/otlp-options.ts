/** The standard OTEL_ variables, read: what they say of the sampler, of headers, of the resource. */

/** Decides for a trace; `parent` is what the caller decided, undefined where the trace begins here. */
export type Sampler = (traceId: string, parent: boolean | undefined) => boolean

export const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

/** `ratio` from 0 to 1 is for those that go by it. */
export function samplerOf(name: string, ratio: number): Sampler {
  const [, parentBased, kind] = /^(parentbased_)?(.*)$/.exec(name) ?? []
  const root = kind === 'traceidratio' ? byRatio(ratio) : () => kind === 'always_on'
  return parentBased ? (traceId, parent) => parent ?? root(traceId) : root
}

/** Uses the last 7 bytes of the id, which are random: each service with the same ratio takes the same traces. */
function byRatio(ratio: number): (traceId: string) => boolean {
  const threshold = (1 - ratio) * 2 ** 56
  return traceId => ratio > 0 && Number.parseInt(traceId.slice(-14), 16) >= threshold
}

/** `key=value,key=value`, values percent-encoded. */
export function readPairs(text = ''): Record<string, string> {
  const pairs = text.split(',').flatMap(pair => {
    const at = pair.indexOf('=')
    return at > 0 ? [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]] : []
  })
  return Object.fromEntries(pairs)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The traces' own path, below the collector's address. */
export function tracesUrl(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, '')}/v1/traces`
}
