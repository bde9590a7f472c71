/**
 * A simulated AI provider on a loopback port: all the gateway's upstream APIs, JSON and streams, with every way to
 * fail, and its own records. As a module: `startProvider(t)`. As a process: `node test/provider.ts --port 0`, steered
 * and read through its control routes and by prompts that hold `[[scenario: …]]`.
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { parseArgs } from 'node:util'
import { control } from './provider/control.ts'
import { listener } from './provider/listener.ts'
import { isModelList, serveModelList } from './provider/model-list.ts'
import { type Call, type History, records, type Totals } from './provider/records.ts'
import { type ScenarioQueue, type ScenarioSpec, scenarioQueue } from './provider/scenario-queue.ts'

export { upstreamHeaders, upstreamSecrets } from './provider/headers.ts'
export { usedBy } from './provider/records.ts'
export type { Call, ScenarioSpec, Totals }

export interface Provider extends Pick<History, 'totals' | 'waitForCall' | 'waitForAbort' | 'waitForIdle'> {
  /** Without the /v1 at its end. */
  url: string
  port: number
  /** Oldest first. */
  calls: readonly Call[]
  readonly openConnections: number
  /** Scenarios for the next calls, one each, in order of arrival. They take precedence over prompts and `use`. */
  next: ScenarioQueue['next']
  /** The scenario of calls without one from `next` or their prompt; without an argument: the ordinary response again. */
  use: ScenarioQueue['use']
  /** Continues calls with the scenario `hold NAME`: those that wait, and later ones. */
  release: ScenarioQueue['release']
  /** Forgets calls, totals and scenarioQueue. */
  reset(): void
  close(): Promise<void>
}

/** `keep`: how many calls are remembered one by one. */
export async function startProvider(
  t?: Pick<TestContext, 'after'>,
  { port = 0, keep = Number.POSITIVE_INFINITY }: { port?: number; keep?: number } = {},
): Promise<Provider> {
  const history = records(keep)
  const queue = scenarioQueue()
  const sockets = new Set<Socket>()
  const serveCall = listener(history, queue)
  const serveControl = control(history, queue, () => sockets.size)
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    if (request.url?.startsWith('/__')) serveControl(request, response)
    else if (isModelList(request)) serveModelList(request, response)
    else serveCall(request, response)
  })
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const bound = typeof address === 'object' && address ? address.port : port

  async function close() {
    if (!server.listening) return
    const closed = [server, ...sockets].map(one => once(one, 'close'))
    server.close()
    for (const socket of sockets) socket.destroy()
    await Promise.all(closed)
  }
  t?.after(close)

  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    calls: history.calls,
    get openConnections() {
      return sockets.size
    },
    totals: history.totals,
    next: queue.next,
    use: queue.use,
    release: queue.release,
    waitForCall: history.waitForCall,
    waitForAbort: history.waitForAbort,
    waitForIdle: history.waitForIdle,
    reset() {
      queue.forget()
      history.forget()
    },
    close,
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '0' }, keep: { type: 'string', default: '10000' } },
  })
  const { url } = await startProvider(undefined, { port: Number(values.port), keep: Number(values.keep) })
  console.log(JSON.stringify({ url, pid: process.pid }))
  // A process that was started with a channel to its parent ends with the parent.
  if (process.connected) process.once('disconnect', () => process.exit())
}
