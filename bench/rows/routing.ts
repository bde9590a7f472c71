/** The CPU of choosing a target: a real call is reserved, gets a target and reports its success, again and again. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyRequest } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { environment } from '../../src/config/config.ts'
import { scanObject } from '../../src/dialects/wire/json-scan.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { startProvider } from '../../test/provider.ts'
import { fillClients } from '../fill-clients.ts'
import { bodyOf } from '../prompts.ts'
import { cpuMicros } from '../repeated.ts'
import { openPostgres, openRedis } from '../stores.ts'
import type { Studied, Study } from '../study.ts'

const MODEL = 'claude-haiku-4-5'
const NAMES = ['first', 'second', 'third']
/** The models that are asked for. Those with a route are aliases of the same model. */
const CASES = {
  [MODEL]: 'no route',
  'claude-haiku-balanced': 'three targets by load',
  'claude-haiku-sticky': 'three targets, sticky',
}

export const row: Study = {
  name: 'routing',
  title: 'CPU of a route',
  figures: [{ key: 'choose', title: 'reserve, choose a target, count its success', unit: 'us', digits: 2 }],
  async study(folder, quick): Promise<Studied[]> {
    const requests = await callsOf(folder)
    const studied: Studied[] = []
    for (const [name, title] of Object.entries(CASES)) {
      const request = requests.get(name)
      if (!request) throw new Error(`found no call of ${name}`)
      const choose = await cpuMicros(() => chooseTarget(request), quick ? 10_000 : 100_000)
      studied.push({ name, title, values: { choose } })
    }
    return studied
  },
}

/** What a call does from its reservation to its success, without I/O. */
function chooseTarget(request: FastifyRequest): number {
  const { server } = request
  server.reserve(request)
  const entered = server.enterTarget(request, request.targets)
  if ('refused' in entered) throw entered.refused
  request.ticket = entered
  request.route = entered.target
  server.headersTimeoutOf(request)
  server.learnFromUpstream(request, undefined)
  return request.reservation.nanos
}

/** One call of each case, by its model. */
async function callsOf(folder: string): Promise<Map<string, FastifyRequest>> {
  const [redis, postgres, provider] = await Promise.all([
    openRedis(folder),
    openPostgres(folder),
    startProvider(),
  ])
  const [key = ''] = await fillClients(postgres.pool, 1, 1)
  const file = join(folder, 'upstreams.json')
  const targets = NAMES.map(upstream => ({ upstream, model: MODEL }))
  const upstreams = NAMES.map(name => ({
    ...{ name, type: 'ezai', baseUrl: provider.url },
    keys: [{ env: 'EZAI_API_KEY' }],
  }))
  const routes = [
    { models: ['claude-haiku-balanced'], targets },
    { models: ['claude-haiku-sticky'], targets, sticky: 'client+prefix' },
  ]
  await writeFile(file, JSON.stringify({ upstreams, routes }))
  const variables = environment({ PORT: '0', EZAI_API_KEY: 'upstream-key', UPSTREAMS_FILE: file })
  const stores = { redisUrl: redis.url, databaseUrl: postgres.url }
  const app = await buildApp(variables, stores, createLogger('silent'))
  const calls = new Map<string, FastifyRequest>()
  app.onCallEnd('observe', request => {
    if (request.entry?.outcome !== 'ok') return
    // The scan of the body is released when the call is sent.
    request.bodyScan = { members: scanObject(request.rawBody).members, texts: [] }
    calls.set(request.call.parsed.model, request)
  })
  try {
    const url = await app.listen({ port: 0 })
    while (!(await fetch(`${url}/readyz`)).ok);
    for (const model of Object.keys(CASES)) await (await send(url, key, model)).text()
    while (calls.size < Object.keys(CASES).length) await new Promise(setImmediate)
    return calls
  } finally {
    await app.close()
    await Promise.all([provider.close(), redis.stop(), postgres.stop()])
  }
}

function send(url: string, key: string, model: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-api-key': key, 'anthropic-version': '2023-06-01' }
  return fetch(`${url}/v1/messages`, { method: 'POST', headers, body: bodyOf(model, { bytes: 1000 }).body })
}
