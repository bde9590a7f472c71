/** The members and events that distinguish output from an error in a response. Each format declares its own. */

export interface ResponseShape {
  /** Lists with the generated output of a JSON response. */
  output: readonly string[]
  /** Lists of other results. */
  results?: readonly string[]
  /** Members of a response that is only a count. */
  counts?: readonly string[]
  /** Lists that show a chunk of a stream whose events have no type. */
  chunks?: readonly string[]
  /** Members that may contain an error beside output. */
  nested?: readonly string[]
  /** Patterns of the beginning of the type of an event with output. */
  outputEvents: readonly string[]
  /** Beginnings of the type of an event that belongs to a response. */
  responseEvents: readonly string[]
}

/** The shapes of all formats in one, because an upstream may use another format than the route's. */
export interface ResponseShapes {
  output: readonly string[]
  /** Everything that only a response has. */
  whole: readonly string[]
  counts: readonly string[]
  chunks: readonly string[]
  /** Members that only a response or one of its events has. */
  ofResponse: ReadonlySet<string>
  nested: ReadonlySet<string>
  /** Matches a chunk with output, or the type of an event of output. */
  hasOutput: RegExp
  isResponseEvent: RegExp
  /** Events of a stream that come before its output and have none. */
  preliminary: ReadonlySet<string>
}

export function joinShapes(shapes: readonly ResponseShape[], preliminary: readonly string[]): ResponseShapes {
  const output = shapes.flatMap(shape => shape.output)
  const whole = [...output, ...shapes.flatMap(shape => shape.results ?? [])]
  const chunks = shapes.flatMap(shape => shape.chunks ?? [])
  const events = shapes.flatMap(shape => shape.outputEvents).join('|')
  const frames = [
    ...chunks.map(name => String.raw`"${name}"\s*:\s*\[\s*\{`),
    String.raw`"type"\s*:\s*"(?:${events})`,
  ]
  return {
    output,
    whole,
    chunks,
    counts: shapes.flatMap(shape => shape.counts ?? []),
    ofResponse: new Set([...whole, 'usage']),
    nested: new Set(shapes.flatMap(shape => shape.nested ?? [])),
    hasOutput: new RegExp(frames.join('|')),
    isResponseEvent: new RegExp(`^(?:${shapes.flatMap(shape => shape.responseEvents).join('|')})`),
    preliminary: new Set(preliminary),
  }
}
