/** The page's files: what is served, to whom, and under which policy. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import Fastify from 'fastify'
import dashboard from '../../src/plugins/dashboard.ts'

async function serve(t: TestContext, isOpen = true) {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(dashboard, { isOpen })
  return app
}

test('without an administration there is no dashboard', async t => {
  const app = await serve(t, false)
  assert.equal((await app.inject('/dashboard')).statusCode, 404)
})

test('every view is the same page, under a policy that lets nothing in but its own files', async t => {
  const app = await serve(t)
  const page = await app.inject('/dashboard')
  assert.equal((await app.inject('/dashboard/clients/frontend?x=1')).body, page.body)
  const policy = String(page.headers['content-security-policy'])
  for (const rule of [
    "default-src 'none'",
    "style-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
  ])
    assert.ok(policy.includes(rule), rule)
  assert.match(policy, /script-src 'self' 'sha256-[\w+/=]+'/)
  assert.doesNotMatch(policy, /unsafe|https?:|data:/)
  assert.equal(page.headers['x-content-type-options'], 'nosniff')
  assert.equal(page.headers['referrer-policy'], 'no-referrer')
})

test('the page is asked for again and says when it is the same; its files never change', async t => {
  const app = await serve(t)
  const { headers, body } = await app.inject('/dashboard')
  assert.equal(headers['cache-control'], 'no-cache')
  const again = await app.inject({ url: '/dashboard', headers: { 'if-none-match': String(headers.etag) } })
  assert.equal(again.statusCode, 304)
  const addresses = [...body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, address = '']) => address)
  assert.ok(addresses.length > 30)
  for (const address of addresses) {
    const file = await app.inject(address)
    assert.equal(file.statusCode, 200, address)
    assert.match(String(file.headers['cache-control']), /immutable/)
  }
})

test('a page of another version still gets its files, and keeps none of them', async t => {
  const app = await serve(t)
  const file = await app.inject('/dashboard/assets/another/main.js')
  assert.deepEqual([file.statusCode, file.headers['cache-control']], [200, 'no-store'])
  assert.equal((await app.inject('/dashboard/assets/another/../../../package.json')).statusCode, 404)
  assert.equal((await app.inject('/dashboard/assets/another/none.js')).statusCode, 404)
})
