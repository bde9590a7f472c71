/** Values of the OTEL_ variables, and how they are read. */

export const protocols = ['http/protobuf', 'http/json'] as const
export const compressions = ['none', 'gzip'] as const

/** Decides whether a trace is sampled. `parent`: the client's decision, undefined if the trace begins here. */
export type Sampler = (traceId: string, parent: boolean | undefined) => boolean

export const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

/** `ratio`, from 0 to 1, is for the samplers by ratio. */
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
