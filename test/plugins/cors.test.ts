/** CORS_ORIGINS lists the origins from which browsers may call callers' routes. Unset: none. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { testBrowser } from '../browser.ts'
import { ADMIN_TOKEN, chat, type Gateway, message, startGateway } from '../gateway.ts'

const APP = 'https://app.example.com'
const browser = await testBrowser()

async function arrange(t: TestContext, origins?: string) {
  const gateway = await startGateway(t, { env: origins === undefined ? {} : { CORS_ORIGINS: origins } })
  return {
    gateway,
    key: await gateway.client({ name: 'frontend', models: ['claude-haiku-*', 'gpt-6-luna'] }),
  }
}

/** A preflight as a browser sends it. */
function preflight({ url }: Gateway, path: string, origin: string) {
  return fetch(url + path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'anthropic-version,authorization,content-type,x-stainless-lang',
    },
  })
}

const allowed = ({ headers }: Response) => headers.get('access-control-allow-origin')

test('without CORS_ORIGINS a preflight is 405, and no response names an origin', async t => {
  const { gateway, key } = await arrange(t)

  const asked = await preflight(gateway, '/v1/messages', APP)
  const called = await gateway.post('/v1/messages', key, message('hi'), { headers: { origin: APP } })

  assert.equal(asked.status, 405)
  assert.deepEqual([allowed(asked), allowed(called)], [null, null])
})

test('a preflight from a listed origin needs no key, for every spelling of the path', async t => {
  const { gateway } = await arrange(t, `http://localhost:3000, HTTPS://App.Example.com:443`)

  for (const path of ['/v1/messages', '/v1/chat/completions', '/v1/models/gpt-6-luna', '/responses']) {
    const asked = await preflight(gateway, path, APP)

    assert.equal(asked.status, 204, path)
    assert.equal(allowed(asked), APP)
    assert.match(
      asked.headers.get('access-control-allow-headers') ?? '',
      /anthropic-version.*x-stainless-lang/,
    )
    assert.match(asked.headers.get('access-control-allow-methods') ?? '', /POST/)
    assert.equal(asked.headers.get('access-control-allow-credentials'), null)
    assert.match(asked.headers.get('vary') ?? '', /origin/i)
  }
})

test('responses, streams and refusals allow the origin and expose the headers of the gateway', async t => {
  const { gateway, key } = await arrange(t, APP)
  const from = { headers: { origin: APP } }

  const replies = [
    await gateway.post('/v1/messages', key, message('hi'), from),
    await gateway.post('/v1/chat/completions', key, chat('hi', { stream: true }), from),
    await gateway.post('/v1/messages', key, message('hi', { model: 'claude-opus-5-5' }), from),
    await gateway.post('/v1/messages', undefined, message('hi'), from),
  ]

  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200, 404, 401],
  )
  for (const reply of replies) {
    assert.equal(allowed(reply), APP)
    const shown = reply.headers.get('access-control-expose-headers')?.split(', ') ?? []
    for (const name of [
      'request-id',
      'x-request-id',
      'x-cache',
      'x-tollgate-cost-usd',
      'retry-after',
      'retry-after-ms',
      'x-should-retry',
      'anthropic-ratelimit-requests-remaining',
      'x-ratelimit-reset-tokens',
      'ratelimit',
    ])
      assert.ok(shown.includes(name), name)
    await reply.text()
  }
})

test('an origin outside the list is not allowed', async t => {
  const { gateway, key } = await arrange(t, APP)

  const asked = await preflight(gateway, '/v1/messages', 'https://evil.example.com')
  const called = await gateway.post('/v1/messages', key, message('hi'), {
    headers: { origin: 'https://evil.example.com' },
  })

  assert.deepEqual([allowed(asked), allowed(called)], [null, null])
})

test('CORS does not change the administration, the dashboard or OPTIONS without a preflight', async t => {
  const { gateway } = await arrange(t, '*')

  for (const [path, status] of [
    ['/admin/clients', 405],
    ['/dashboard', 405],
    ['/livez', 405],
    ['/v1/nothing', 404],
  ] as const) {
    const asked = await preflight(gateway, path, APP)
    assert.deepEqual([asked.status, allowed(asked)], [status, null], path)
  }
  const admin = await fetch(`${gateway.url}/admin/clients`, {
    headers: { origin: APP, authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  assert.deepEqual([admin.status, allowed(admin)], [200, null])
  assert.equal((await fetch(`${gateway.url}/v1/messages`, { method: 'OPTIONS' })).status, 405)
})

test('a browser can read a stream and the text of a refusal', { skip: !browser }, async t => {
  const site = createServer((_request, response) => response.end('<!doctype html>')).listen(0, '127.0.0.1')
  await once(site, 'listening')
  t.after(() => void site.close())
  const address = site.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const { gateway, key } = await arrange(t, origin)
  const page = await browser!.newPage()
  t.after(() => page.close())
  await page.goto(origin)

  const seen = await page.evaluate(
    async ({ url, key, bodies }) => {
      const call = async (body: object) => {
        const reply = await fetch(`${url}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
        return { status: reply.status, id: reply.headers.get('x-request-id'), text: await reply.text() }
      }
      return [await call(bodies[0]), await call(bodies[1])]
    },
    {
      url: gateway.url,
      key,
      bodies: [chat('hi', { stream: true }), chat('hi', { model: 'gpt-6-sol' })] as const,
    },
  )

  assert.deepEqual(
    seen.map(({ status }) => status),
    [200, 404],
  )
  assert.match(seen[0]?.text ?? '', /data: \[DONE\]/)
  assert.match(seen[1]?.text ?? '', /model_not_found/)
  for (const { id } of seen) assert.match(String(id), /^req_/)
})
