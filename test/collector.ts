/** A collector for a test: a real HTTP server that takes OTLP as JSON or protobuf, and can refuse it. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { decodeExport, type Pair, type WireSpan } from './otlp.ts'
import { until } from './until.ts'

export interface TakenSpan extends Omit<WireSpan, 'attributes'> {
  attributes: Record<string, string | number | boolean>
}

export interface Collector {
  url: string
  port: number
  spans: TakenSpan[]
  /** Of each export: path, headers, attributes of the resource. */
  exports: { path: string; headers: Record<string, unknown>; resource: Record<string, unknown> }[]
  /** The next exports get this status and body. `reason`: the text after the status. */
  reply(status: number, body?: string | Buffer, reason?: string): void
  /** The next exports get no response. */
  hang(): void
  /** Waits for spans of this name. */
  span(name: string): Promise<TakenSpan>
  close(): Promise<void>
}

export async function startCollector(t: TestContext, port = 0): Promise<Collector> {
  const spans: TakenSpan[] = []
  const exports: Collector['exports'] = []
  let reply: { status: number; body: string | Buffer; reason: string | undefined } | undefined
  reply = { status: 200, body: '', reason: undefined }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const contentType = request.headers['content-type'] ?? ''
    const plainBody = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    const [{ resource, scopeSpans }] = decodeExport(contentType, plainBody).resourceSpans
    exports.push({
      path: request.url ?? '',
      headers: request.headers,
      resource: plain(resource.attributes),
    })
    if (!reply) return
    if (reply.status === 200) {
      for (const { status, ...span } of scopeSpans[0].spans) {
        // Code 0 is unset.
        spans.push({ ...span, ...(status?.code && { status }), attributes: plain(span.attributes) })
      }
    }
    response.writeHead(reply.status, reply.reason, { 'content-type': contentType }).end(reply.body)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const bound = typeof address === 'object' && address ? address.port : port
  const close = async () => {
    server.closeAllConnections()
    server.close()
  }
  t.after(close)
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    spans,
    exports,
    reply(status, body = '', reason) {
      reply = { status, body, reason }
    },
    hang() {
      reply = undefined
    },
    span: name => until(async () => spans.find(span => span.name === name)),
    close,
  }
}

function plain(attributes: Pair[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      'intValue' in value ? Number(value.intValue) : (Object.values(value)[0] ?? ''),
    ]),
  )
}
