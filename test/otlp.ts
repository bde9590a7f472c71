/** Decodes an OTLP trace export, as JSON or as protobuf, for a test. */

export type Pair = { key: string; value: Record<string, string | number | boolean> }

export interface WireSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  traceState?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Pair[]
  status?: { code: number }
}

interface Export {
  resourceSpans: [{ resource: { attributes: Pair[] }; scopeSpans: [{ spans: WireSpan[] }] }]
}

type Read = (raw: Buffer, value: bigint) => unknown
/** Per field number: its name, how to read it, whether it repeats. */
type Message = Record<number, [name: string, read: Read, repeated?: true]>

const string: Read = raw => raw.toString()
const hex: Read = raw => raw.toString('hex')
const integer: Read = (_raw, value) => Number(value)
const decimal: Read = (_raw, value) => String(value)
const bool: Read = (_raw, value) => value === 1n
const double: Read = raw => raw.readDoubleLE()
const message =
  (fields: Message): Read =>
  raw =>
    decode(fields, raw)

const pair: Message = {
  1: ['key', string],
  2: [
    'value',
    message({
      1: ['stringValue', string],
      2: ['boolValue', bool],
      3: ['intValue', decimal],
      4: ['doubleValue', double],
    }),
  ],
}
const span: Message = {
  1: ['traceId', hex],
  2: ['spanId', hex],
  3: ['traceState', string],
  4: ['parentSpanId', hex],
  5: ['name', string],
  6: ['kind', integer],
  7: ['startTimeUnixNano', decimal],
  8: ['endTimeUnixNano', decimal],
  9: ['attributes', message(pair), true],
  15: ['status', message({ 3: ['code', integer] })],
}
const resourceSpans: Message = {
  1: ['resource', message({ 1: ['attributes', message(pair), true] })],
  2: ['scopeSpans', message({ 2: ['spans', message(span), true] }), true],
}
const exported: Message = { 1: ['resourceSpans', message(resourceSpans), true] }

export function decodeExport(contentType: string, body: Buffer): Export {
  const json = contentType === 'application/json'
  return (json ? JSON.parse(body.toString()) : decode(exported, body)) as Export
}

function decode(fields: Message, raw: Buffer): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [field, repeats] of Object.values(fields).map(([name, , many]) => [name, many] as const))
    if (repeats) out[field] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = raw[at++] ?? 0
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  while (at < raw.length) {
    const tag = Number(varint())
    const wire = tag & 7
    let value = 0n
    let bytes = Buffer.alloc(0)
    if (wire === 0) value = varint()
    else {
      const length = wire === 1 ? 8 : wire === 5 ? 4 : Number(varint())
      bytes = raw.subarray(at, at + length) as typeof bytes
      at += length
      if (wire === 1) value = bytes.readBigUInt64LE()
    }
    const [name, read, repeated] = fields[tag >> 3] ?? []
    if (!name || !read) continue
    const one = read(bytes, value)
    if (repeated) (out[name] as unknown[]).push(one)
    else out[name] = one
  }
  return out
}
