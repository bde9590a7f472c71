/** Spans as OTLP's JSON spells them. */

export type Attribute =
  | { key: string; value: { stringValue: string } }
  | { key: string; value: { intValue: string } }
  | { key: string; value: { doubleValue: number } }
  | { key: string; value: { boolValue: boolean } }

export const SERVER = 2
export const CLIENT = 3
const ERROR = 2

export interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  traceState?: string
  name: string
  kind: typeof SERVER | typeof CLIENT
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Attribute[]
  status?: { code: typeof ERROR }
}

export const failed = { code: ERROR } as const

/** Longer than any name of ours: a caller may choose some of these words. */
const LONGEST = 200

/** What there is no value for is no attribute. */
export function text(to: Attribute[], key: string, value: string | undefined): void {
  if (value) to.push({ key, value: { stringValue: value.slice(0, LONGEST).toWellFormed() } })
}

export function integer(to: Attribute[], key: string, value: number | undefined): void {
  if (value !== undefined) to.push({ key, value: { intValue: String(value) } })
}

export function double(to: Attribute[], key: string, value: number | undefined): void {
  if (value !== undefined) to.push({ key, value: { doubleValue: value } })
}

export function flag(to: Attribute[], key: string, value: boolean): void {
  if (value) to.push({ key, value: { boolValue: value } })
}

/** Of milliseconds since 1970; microseconds are as far as a double goes. */
export function nanos(ms: number): string {
  return `${Math.round(ms * 1000)}000`
}

/** The body of one export. */
export function envelope(
  spans: Span[],
  { resource, version }: { resource: Record<string, string>; version: string },
): string {
  const attributes: Attribute[] = []
  for (const [key, value] of Object.entries(resource)) text(attributes, key, value)
  const scopeSpans = [{ scope: { name: 'tollgate', version }, spans }]
  return JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans }] })
}
