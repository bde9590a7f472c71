/** While an upstream refuses our key, calls to it fail fast: over real sockets, with Node's clock set by hand. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Gateway, message, startGateway } from '../gateway.ts'
import { scrape } from '../prometheus.ts'
import { until } from '../until.ts'

const SECOND = 1000

async function arrange(t: TestContext) {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 }, cache: { enabled: false } })
  // The clock does not advance, so that a slow machine does not miss the first second; whole milliseconds, so that sums are exact.
  let now = Math.ceil(performance.now())
  t.mock.method(performance, 'now', () => now)
  const call = async (more = {}) => {
    const response = await gateway.post('/v1/messages', key, message('hello', more))
    const retry = response.headers.get('x-should-retry')
    const after = response.headers.get('retry-after')
    return { status: response.status, retry, after, body: JSON.parse(await response.text()) }
  }
  return {
    gateway,
    key,
    call,
    calls: (count: number) => Promise.all(Array.from({ length: count }, () => call())),
    pass: (ms: number) => {
      now += ms
    },
    refuse: (status = 401) => gateway.provider.use(() => `status ${status}`),
    accept: () => gateway.provider.use(() => 'ok'),
    reached: () => gateway.provider.calls.length,
  }
}

const settled = (gateway: Gateway) =>
  until(async () => {
    const { concurrency, day } = await gateway.state('frontend')
    return concurrency?.running === 0 && day?.heldUsd === 0 && day
  })

/** The open circuits. */
const circuits = async (gateway: Gateway) => {
  const { body } = await gateway.admin('GET', '/upstreams')
  const [ezai] = body.upstreams as { circuits: Record<string, unknown>[] }[]
  return ezai?.circuits ?? []
}

for (const status of [401, 402]) {
  test(`after one ${status} of the provider, calls get the same refusal without an upstream request, and must not be retried`, async t => {
    const { gateway, call, calls, refuse, reached } = await arrange(t)
    refuse(status)

    const first = await call()
    const others = await calls(20)

    assert.equal(reached(), 1)
    assert.deepEqual([first.after, ...new Set(others.map(({ after }) => after))], [null, '1'])
    for (const other of [first, ...others]) {
      assert.deepEqual([other.status, other.retry], [502, 'false'])
      assert.equal(other.body.error.message, first.body.error.message)
      assert.equal(other.body.error.details.error_code, 'upstream_refused_us')
    }
    assert.equal((await settled(gateway)).spentUsd, 0)
  })
}

test('simultaneous refusals open the circuit once, and later results of these calls are ignored', async t => {
  const { gateway, call, calls, pass, accept, reached } = await arrange(t)
  gateway.provider.use(({ body }) =>
    body.includes('late')
      ? 'hold late, status 401'
      : body.includes('good')
        ? 'hold good'
        : 'hold, status 401',
  )
  const running = calls(30)
  const send = (prompt: string) => call({ messages: [{ role: 'user', content: prompt }] })
  const late = send('late')
  const good = send('good')
  await until(async () => reached() === 32)

  gateway.provider.release()
  await running
  const state = async () => (await circuits(gateway))[0]
  assert.partialDeepStrictEqual(await state(), { openings: 1, state: 'open', retryAfterMs: 1000 })
  gateway.provider.release('good')
  assert.equal((await good).status, 200)
  assert.equal(
    (await state())?.state,
    'open',
    'a success of a call that started before the refusal does not close the circuit',
  )

  pass(SECOND)
  accept()
  assert.equal((await call()).status, 200)
  gateway.provider.release('late')
  assert.equal((await late).status, 502)
  assert.equal(await state(), undefined, 'an earlier refusal does not open the circuit either')
})

test('a probe', async t => {
  const { gateway, call, key, pass, refuse, accept, reached } = await arrange(t)
  /** Opens the circuit, and waits until it lets a probe through. Returns how many calls have reached the provider. */
  const open = async () => {
    refuse()
    assert.equal((await call()).status, 502)
    pass(SECOND)
    return reached()
  }
  const send = (stream: boolean, init = {}) =>
    gateway.post('/v1/messages', key, message('hello', { stream }), init)

  await t.test('closes the circuit with the first event of its stream', async () => {
    await open()
    gateway.provider.next('stall')
    const leave = new AbortController()
    const probe = await send(true, { signal: leave.signal })
    assert.equal(probe.status, 200)
    accept()
    assert.equal((await call()).status, 200)
    leave.abort()
    await probe.text().catch(() => {})
  })

  for (const status of [400, 404, 429])
    await t.test(`closes the circuit with status ${status}, since the key was accepted`, async () => {
      await open()
      gateway.provider.next(`status ${status}`)
      assert.equal((await call()).status, status)
      accept()
      assert.deepEqual(
        (await Promise.all([call(), call()])).map(({ status }) => status),
        [200, 200],
      )
    })

  await t.test('is followed by another after two seconds without a response', async () => {
    const before = await open()
    gateway.provider.next('hold slow')
    const slow = call()
    await until(async () => reached() > before)
    accept()
    assert.equal((await call()).status, 502)
    pass(2 * SECOND)
    assert.equal((await call()).status, 200)
    gateway.provider.release('slow')
    assert.equal((await slow).status, 200)
  })

  for (const stream of [true, false])
    await t.test(`is followed by another if its caller leaves (stream: ${stream})`, async () => {
      const before = await open()
      gateway.provider.use(() => 'hold')
      const leave = new AbortController()
      const probe = send(stream, { signal: leave.signal }).catch(() => {})
      await until(async () => reached() === before + 1)
      assert.equal((await call()).after, '1')
      accept()
      leave.abort()
      await probe

      await until(async () => (await call()).status === 200)
      assert.equal(reached(), before + 2)
    })

  await t.test(
    'is not a call of the free token counter, which neither opens nor closes the circuit',
    async () => {
      const { max_tokens, ...question } = message('hello')
      const count = async () => (await gateway.post('/v1/messages/count_tokens', key, question)).status
      refuse(402)
      assert.equal(await count(), 502)
      assert.deepEqual(await circuits(gateway), [])
      await open()
      accept()
      assert.equal(await count(), 200)
      assert.equal((await circuits(gateway)).length, 1)
    },
  )
})

test('an open circuit is shown in readyz, metrics, upstreams and explain until it closes', async t => {
  const { gateway, call, pass, refuse, accept } = await arrange(t)
  const look = async () => {
    const ready = await fetch(`${gateway.url}/readyz`)
    const { degraded } = (await ready.json()) as { degraded: string[] }
    const { value } = await scrape(gateway.url)
    const labels = { upstream: 'ezai', model: 'claude-haiku-4-5' }
    const { body } = await gateway.admin('GET', '/explain?client=frontend&model=claude-haiku-4-5-20251001')
    const { obstacles, upstreams } = body as {
      obstacles: { code: string; detail: string }[]
      upstreams: { circuit?: { state: string } }[]
    }
    return {
      ready: [ready.status, degraded],
      metrics: ['closed', 'open', 'half_open'].map(state =>
        value('tollgate_upstream_circuit_state', { ...labels, state }),
      ),
      openings: value('tollgate_upstream_circuit_openings_total', labels),
      upstreams: (await circuits(gateway)).map(({ model, state, reason }) => [model, state, reason]),
      explain: [obstacles.map(({ code }) => code), upstreams.map(({ circuit }) => circuit?.state)],
      detail: obstacles[0]?.detail,
    }
  }
  refuse()
  await call()

  assert.deepEqual(await look(), {
    ready: [200, ['upstream:ezai']],
    metrics: [0, 1, 0],
    openings: 1,
    upstreams: [['claude-haiku-4-5', 'open', 'the provider answered 401']],
    explain: [['upstream_refused_us'], ['open', 'open']],
    detail:
      "ezai does not accept the gateway's key or account: the provider answered 401. This replica lets the next call through in 1 s.",
  })
  pass(2 * SECOND)
  assert.partialDeepStrictEqual(await look(), {
    ready: [200, ['upstream:ezai']],
    metrics: [0, 0, 1],
    explain: [[], ['half_open', 'half_open']],
  })
  accept()
  await call()
  assert.deepEqual(await look(), {
    ready: [200, []],
    metrics: [1, 0, 0],
    openings: 1,
    upstreams: [],
    explain: [[], [undefined, undefined]],
    detail: undefined,
  })
})

test('other calls fail fast during a probe', async t => {
  const { calls, call, pass, refuse, gateway, reached } = await arrange(t)
  refuse()
  await calls(1)
  pass(2 * SECOND)
  gateway.provider.use(() => 'hold')

  const probe = call()
  await until(async () => reached() === 2)
  const others = await calls(5)

  assert.ok(others.every(({ status }) => status === 502))
  gateway.provider.release()
  assert.equal((await probe).status, 200)
  assert.equal(reached(), 2)
})

test('a probe without a result leaves the probe to the next call', async t => {
  const { call, pass, refuse, gateway, reached } = await arrange(t)
  refuse()
  await call()
  pass(2 * SECOND)

  gateway.provider.next('status 500', 'die')
  assert.equal((await call()).status, 502)
  assert.equal((await call()).status, 502)
  gateway.provider.use(() => 'ok')
  assert.equal((await call()).status, 200)
  assert.equal(reached(), 4)
})

test('a permission error opens no circuit, since the caller’s request may cause it', async t => {
  const { call, gateway, reached } = await arrange(t)
  gateway.provider.next('status 403')

  const forbidden = await call()
  const next = await call()

  assert.equal(forbidden.body.error.details.error_code, 'upstream_forbidden')
  assert.deepEqual([forbidden.status, forbidden.retry], [502, 'false'])
  assert.equal(next.status, 200)
  assert.equal(reached(), 2)
  const alerts = await until(async () => {
    const { body } = await gateway.admin('GET', '/alerts')
    return Array.isArray(body.alerts) && body.alerts.length > 0 && body.alerts
  })
  assert.deepEqual(
    alerts.map(({ kind, severity }) => [kind, severity]),
    [['upstream_forbidden', 'warning']],
  )
})

test('other failures of the provider open no circuit', async t => {
  const { calls, gateway, reached } = await arrange(t)
  for (const status of [400, 404, 429, 500, 529]) {
    gateway.provider.use(() => `status ${status}`)
    await calls(3)
  }
  assert.equal(reached(), 15)
})

test('cached responses are served while the circuit is open', async t => {
  const { gateway, refuse } = await arrange(t)
  const key = await gateway.client({ name: 'keeper' })
  const ask = () => gateway.post('/v1/messages', key, message('keep this'))
  await (await ask()).arrayBuffer()
  await until(async () => (await ask()).headers.get('x-cache') === 'HIT')
  refuse()
  await gateway.post('/v1/messages', key, message('something else'))

  const response = await ask()

  assert.equal(response.status, 200)
  assert.equal(response.headers.get('x-cache'), 'HIT')
})

test('one alert reports the provider’s message', async t => {
  const { gateway, calls, refuse } = await arrange(t)
  refuse()
  await calls(1)
  await calls(10)

  const alerts = await until(async () => {
    const { body } = await gateway.admin('GET', '/alerts')
    return Array.isArray(body.alerts) && body.alerts.length > 0 && body.alerts
  })

  assert.deepEqual(
    alerts.map(({ kind, scope, severity }) => [kind, scope, severity]),
    [['upstream_refused_us', 'upstream:ezai', 'critical']],
  )
  assert.match(alerts[0].title, /the provider answered 401/)
  assert.doesNotMatch(JSON.stringify(alerts), /sk-/)
})
