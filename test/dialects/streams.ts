/** Bytes as the providers send them, and ways to cut them up. */

import type { Measured, ParsedRequest, UsagePart } from '../../src/dialects/dialect.ts'
import { dialects } from '../../src/dialects/index.ts'

export type Path =
  | '/v1/messages'
  | '/v1/messages/count_tokens'
  | '/v1/chat/completions'
  | '/v1/responses'
  | '/v1/embeddings'

export function dialect(path: Path) {
  const found = dialects.find(one => one.path === path)
  if (!found) throw new Error(`no dialect for ${path}`)
  return found
}

/** What a body asks for, by way of its bytes. */
export function parse(path: Path, body: unknown): ParsedRequest {
  const raw = typeof body === 'string' ? body : JSON.stringify(body)
  return dialect(path).parse(JSON.parse(raw), Buffer.from(raw))
}

/** A small request for each path. */
export function smallRequest(path: Path, more: Record<string, unknown> = {}): ParsedRequest {
  const messages = [{ role: 'user', content: 'hi' }]
  const body = path === '/v1/responses' || path === '/v1/embeddings' ? { input: 'hi' } : { messages }
  return parse(path, { model: 'asked-model', ...body, ...more })
}

/** A named event, as Anthropic and Responses send it. */
export function event(type: string, data: object = {}, padding = 0): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data }).slice(0, -1)}${' '.repeat(padding)}}\n\n`
}

/** A chunk of a chat stream. */
export function chunk(data: object): string {
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'gpt-6-luna', ...data })}\n\n`
}

export function delta(content: string): string {
  return chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null })
}

export const done = 'data: [DONE]\n\n'

/** Meters a response that comes in pieces of some size. */
export function measure(
  path: Path,
  bytes: string | Buffer,
  { stream = true, size = 65_536, requested = smallRequest(path) } = {},
): Measured {
  return measureChunks(path, cut(Buffer.from(bytes), size), stream, requested)
}

export function measureChunks(
  path: Path,
  chunks: Buffer[],
  stream = true,
  requested = smallRequest(path),
): Measured {
  const meter = dialect(path).meter(requested, stream)
  for (const one of chunks) meter.push(one)
  return meter.end()
}

export function cut(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return chunks
}

/** Cuts at the given places, in any order and number. */
export function cutAt(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...new Set(places.map(place => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...ends].map((from, i) => bytes.subarray(from, ends[i] ?? bytes.length))
}

/** A priced share of which only some counts matter. */
export function part(given: Partial<UsagePart> & Pick<UsagePart, 'model'>): UsagePart {
  return {
    tier: undefined,
    speed: undefined,
    geo: undefined,
    input: 0,
    cacheRead: 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    cacheWriteOther: 0,
    output: 0,
    reasoning: 0,
    tools: {},
    ...given,
  }
}
