/** A collector for a test: a real HTTP server that takes OTLP as JSON, and can be told to refuse it. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import type { Span } from '../src/telemetry/traces/otlp.ts'
import { until } from './until.ts'

export interface TakenSpan extends Omit<Span, 'attributes'> {
  attributes: Record<string, string | number | boolean>
}

export interface Collector {
  url: string
  port: number
  spans: TakenSpan[]
  /** Of each export: path, headers, attributes of the resource. */
  exports: { path: string; headers: Record<string, unknown>; resource: Record<string, unknown> }[]
  /** The next exports are answered with this status; 200 again: with this body. */
  answer(status: number, body?: string): void
  /** Waits for spans of this name. */
  span(name: string): Promise<TakenSpan>
  close(): Promise<void>
}

export async function startCollector(t: TestContext, port = 0): Promise<Collector> {
  const spans: TakenSpan[] = []
  const exports: Collector['exports'] = []
  let [status, answer] = [200, '{}']
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString())
    const [{ resource, scopeSpans }] = resourceSpans
    exports.push({
      path: request.url ?? '',
      headers: request.headers,
      resource: plain(resource.attributes),
    })
    if (status === 200) {
      for (const span of scopeSpans[0].spans) spans.push({ ...span, attributes: plain(span.attributes) })
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(answer)
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
    answer(next, body = '{}') {
      status = next
      answer = body
    },
    span: name => until(async () => spans.find(span => span.name === name)),
    close,
  }
}

type Pair = { key: string; value: Record<string, string | number | boolean> }

function plain(attributes: Pair[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      'intValue' in value ? Number(value.intValue) : (Object.values(value)[0] ?? ''),
    ]),
  )
}
