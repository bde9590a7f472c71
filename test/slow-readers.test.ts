/** Callers who read slowly, or not at all, slow the provider: the gateway's buffers for them do not grow. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { residentBytes } from '../bench/memory.ts'
import { message } from './gateway.ts'
import { newClient, startProcess } from './processes.ts'
import { type RawCaller, rawCaller } from './raw.ts'
import { testDatabase, testRedis } from './servers.ts'
import { until } from './until.ts'
import { whenOver } from './when-over.ts'

/** SLOW_READERS measures with more of them; the kernel keeps some 9 MB each. */
const READERS = Number(process.env.SLOW_READERS ?? 40)
const MB = 2 ** 20
/** A new process grows by some of it anyway; the responses in memory would be a multiple. */
const NOISE = 150 * 2 ** 20
/** The size of each response. */
const RESPONSE_BYTES = 50 * MB
const FRAME = Buffer.from(
  `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${'x'.repeat(32_000)}"}}\n\n`,
)
/** A kernel's buffers on both sides of the gateway, at their largest, and some more. They are no memory of its process. */
const ON_THE_WAY = 16 * MB

/** Sends as fast as it is read, and counts the sent bytes. */
async function startTorrent(t: TestContext) {
  const sent = { streams: 0, bytes: 0 }
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      sent.streams += 1
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      // The caller left.
      pipeline(frames, response).catch(() => {})
    })
  })
  async function* frames() {
    for (let left = RESPONSE_BYTES; left > 0; left -= FRAME.length) {
      yield FRAME
      sent.bytes += FRAME.length
    }
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  whenOver(t, async () => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return { sent, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` }
}

/** Resolves once the provider has served so many, and could send nothing more for a while. */
async function heldBack({ sent }: Awaited<ReturnType<typeof startTorrent>>, streams: number) {
  await until(async () => {
    const { bytes } = sent
    await wait(500)
    return sent.streams === streams && sent.bytes === bytes
  })
}

test('callers who read none of fifty megabytes slow the provider, and take no memory of the gateway', async t => {
  const torrent = await startTorrent(t)
  const [{ url: REDIS_URL }, { url: DATABASE_URL }] = [await testRedis(t), await testDatabase(t)]
  const gateway = await startProcess(t, { REDIS_URL, DATABASE_URL, EZAI_BASE_URL: torrent.url })
  await gateway.ready()
  const key = await newClient(gateway.url)
  const body = JSON.stringify(message('a long response', { stream: true }))
  const memory = () => residentBytes(gateway.pid) ?? 0
  async function read(): Promise<RawCaller> {
    const caller = await rawCaller(gateway.url)
    caller.socket.pause()
    caller.send(
      `POST /v1/messages HTTP/1.1\r\nhost: gateway\r\nx-api-key: ${key}\r\nanthropic-version: 2023-06-01\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    return caller
  }
  // The first ones warm up the process: only the growth of the others counts.
  const callers = await Promise.all(Array.from({ length: 10 }, read))
  await heldBack(torrent, 10)
  const before = memory()

  callers.push(...(await Promise.all(Array.from({ length: READERS - 10 }, read))))
  await heldBack(torrent, READERS)

  const [grown, sent] = [memory() - before, torrent.sent.bytes]
  t.diagnostic(`memory grew by ${(grown / MB).toFixed(0)} MB, ${(sent / MB).toFixed(0)} MB were sent`)
  assert.ok(sent < READERS * ON_THE_WAY, 'the provider is held back')
  assert.ok(grown < Math.max(NOISE, READERS * MB), `memory grew by ${grown} bytes`)
  callers[0]?.socket.resume()
  await until(async () => torrent.sent.bytes > sent)
  for (const caller of callers) caller.close()
  await until(async () => gateway.lines.filter(({ msg }) => msg === 'call').length === READERS)
})
