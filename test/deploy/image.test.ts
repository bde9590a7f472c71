/**
 * The image with a Redis and a Postgres in containers. It needs a container engine. `docker build` makes the image from
 * the Dockerfile. The variable TOLLGATE_IMAGE names one that is already built.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { StartedTestContainer } from 'testcontainers'
import { ADMIN_TOKEN, message } from '../gateway.ts'
import { newClient } from '../processes.ts'
import { postgresContainer, redisContainer } from '../setup.ts'
import { until } from '../until.ts'
import { whenOver } from '../when-over.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const hasEngine = process.env.DOCKER_HOST !== undefined || existsSync('/var/run/docker.sock')
const skip = hasEngine ? false : 'there is no container engine: install one, or set DOCKER_HOST to its socket'

/** An upstream that sends the same response to each request, on the port of the image. */
const UPSTREAM = `
  const body = { type: 'message', role: 'assistant', model: 'claude-haiku-4-5', stop_reason: 'end_turn',
    content: [{ type: 'text', text: 'hello' }], usage: { input_tokens: 1000, output_tokens: 500 } }
  require('node:http').createServer((request, response) => {
    request.resume()
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  }).listen(4000, () => console.log('it listens'))`

test('the image serves a call and records it, with Redis and Postgres in containers', {
  skip,
  timeout: 600_000,
}, async t => {
  const { GenericContainer, Network, Wait } = await import('testcontainers')
  const network = await new Network().start()
  whenOver(t, () => network.stop())
  async function started<C extends StartedTestContainer>(start: () => Promise<C>): Promise<string> {
    const container = await start()
    whenOver(t, () => container.stop())
    return container.getIpAddress(network.getName())
  }
  const image = process.env.TOLLGATE_IMAGE ?? (await build('tollgate-test'))

  const [redis, postgres, upstream] = await Promise.all([
    started(async () => (await redisContainer()).withNetwork(network).start()),
    started(async () => (await postgresContainer()).withNetwork(network).start()),
    started(() =>
      new GenericContainer(image)
        .withNetwork(network)
        .withExposedPorts(4000)
        .withWaitStrategy(Wait.forLogMessage('it listens'))
        .withCommand(['node', '-e', UPSTREAM])
        .start(),
    ),
  ])
  const gateway = await new GenericContainer(image)
    .withNetwork(network)
    .withEnvironment({
      REDIS_URL: `redis://${redis}:6379`,
      DATABASE_URL: `postgresql://tollgate:tollgate@${postgres}:5432/postgres`,
      EZAI_API_KEY: 'none',
      EZAI_BASE_URL: `http://${upstream}:4000`,
      ADMIN_TOKEN,
      DRAIN_DELAY_SECONDS: '0',
    })
    .withExposedPorts(4000)
    .withWaitStrategy(Wait.forHttp('/readyz', 4000))
    .start()
  whenOver(t, () => gateway.stop())
  const url = `http://${gateway.getHost()}:${gateway.getMappedPort(4000)}`

  const key = await newClient(url)
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': key },
    body: JSON.stringify(message('hello')),
  })
  assert.equal(response.status, 200, await response.text())
  const asAdmin = { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }
  await until(async () => {
    const shown = await fetch(`${url}/admin/clients/frontend`, asAdmin)
    const { state } = (await shown.json()) as { state: { day?: { spentUsd: number } } }
    return state.day?.spentUsd === 0.0035
  })
})

/** By the command, because not every engine has the interface of BuildKit that testcontainers uses. */
async function build(tag: string): Promise<string> {
  await promisify(execFile)('docker', ['build', '--tag', tag, ROOT])
  return tag
}
