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

export const failed = { status: { code: ERROR } } as const

/** Longer than any name of ours: a caller may choose some of these words. */
const LONGEST = 200

export function text(key: string, value: string | undefined): Attribute[] {
  return value ? [{ key, value: { stringValue: value.slice(0, LONGEST).toWellFormed() } }] : []
}

export function integer(key: string, value: number | undefined): Attribute[] {
  return value === undefined ? [] : [{ key, value: { intValue: String(value) } }]
}

export function double(key: string, value: number | undefined): Attribute[] {
  return value === undefined ? [] : [{ key, value: { doubleValue: value } }]
}

export function flag(key: string, value: boolean): Attribute[] {
  return value ? [{ key, value: { boolValue: value } }] : []
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
  const attributes = Object.entries(resource).flatMap(([key, value]) => text(key, value))
  const scopeSpans = [{ scope: { name: 'tollgate', version }, spans }]
  return JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans }] })
}
