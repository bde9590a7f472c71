import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import Fastify from 'fastify'
import jobs from '../../src/plugins/jobs.ts'
import lifecycle from '../../src/plugins/lifecycle.ts'
import { createLogger } from '../../src/telemetry/logger.ts'

async function appWith(t: TestContext, job: () => Promise<void>) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const lines: Record<string, unknown>[] = []
  const app = Fastify({
    loggerInstance: createLogger('debug', { write: text => void lines.push(JSON.parse(text)) }),
  })
  t.after(() => app.close())
  await app.register(lifecycle)
  await app.register(jobs)
  app.every(1000, job)
  return { app, lines }
}

test('a job runs once in each interval', async t => {
  let runs = 0
  await appWith(t, async () => {
    runs++
  })

  for (let i = 0; i < 3; i++) {
    t.mock.timers.tick(1000)
    await setImmediate()
  }

  assert.equal(runs, 3)
})

test('a job does not start while its last run continues', async t => {
  const over = Promise.withResolvers<void>()
  let runs = 0
  await appWith(t, async () => {
    runs++
    await over.promise
  })

  t.mock.timers.tick(3000)
  over.resolve()
  await setImmediate()
  t.mock.timers.tick(1000)

  assert.equal(runs, 2)
})

test('a run that fails is logged with the name of its job, and the next run tries again', async t => {
  let runs = 0
  const { lines } = await appWith(t, async function readSomething() {
    runs++
    throw new Error('away')
  })

  t.mock.timers.tick(1000)
  await setImmediate()
  t.mock.timers.tick(1000)

  assert.equal(runs, 2)
  assert.equal(lines.find(({ job }) => job === 'readSomething')?.level, 'debug')
})

test('close waits for the current run, and no further run begins', async t => {
  const over = Promise.withResolvers<void>()
  const events: string[] = []
  const { app } = await appWith(t, async () => {
    events.push('begins')
    await over.promise
    events.push('ends')
  })

  t.mock.timers.tick(1000)
  const closed = app.close().then(() => events.push('closed'))
  await setImmediate()
  over.resolve()
  await closed
  t.mock.timers.tick(1000)

  assert.deepEqual(events, ['begins', 'ends', 'closed'])
})

test('without requests a job runs in its longer interval, and after a request at the next second', async t => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const runs: number[] = []
  const { app } = await appWith(t, async () => {})
  app.get('/', () => 'here')
  app.every(
    1000,
    async () => {
      runs.push(now)
    },
    { quietMs: 5000 },
  )
  async function pass(seconds: number) {
    for (let i = 0; i < seconds; i++) {
      now += 1000
      t.mock.timers.tick(1000)
      await setImmediate()
    }
  }

  await pass(13)
  await app.inject('/')
  await pass(2)

  assert.deepEqual(runs, [1000, 2000, 7000, 12_000, 14_000, 15_000])
})
