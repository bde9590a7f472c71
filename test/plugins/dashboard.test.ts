/** The dashboard's files: content types, caching and security headers. */

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

test('without an admin API there is no dashboard', async t => {
  const app = await serve(t, false)
  assert.equal((await app.inject('/dashboard')).statusCode, 404)
})

test('every view is the same page, and its policy allows only its own files', async t => {
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
  const headers = {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    'strict-transport-security': undefined,
  }
  for (const [name, value] of Object.entries(headers)) assert.equal(page.headers[name], value, name)
})

test('files, and paths that name no file, have the same security headers; other routes have none', async t => {
  const app = await serve(t)
  app.get('/v1/models', async () => ({}))
  const { 'content-security-policy': policy } = (await app.inject('/dashboard')).headers
  for (const path of ['main.js', 'none.js'])
    assert.equal(
      (await app.inject(`/dashboard/assets/any/${path}`)).headers['content-security-policy'],
      policy,
    )
  const other = await app.inject('/v1/models')
  assert.deepEqual(
    [other.headers['content-security-policy'], other.headers['x-content-type-options']],
    [undefined, undefined],
  )
})

test('the page is revalidated with its ETag, and its files are cached for ever', async t => {
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

test('a page of another version gets its files, and may not cache them', async t => {
  const app = await serve(t)
  const file = await app.inject('/dashboard/assets/another/main.js')
  assert.deepEqual([file.statusCode, file.headers['cache-control']], [200, 'no-store'])
  assert.equal((await app.inject('/dashboard/assets/another/../../../package.json')).statusCode, 404)
  assert.equal((await app.inject('/dashboard/assets/another/none.js')).statusCode, 404)
})

test('each file has its content type, an ETag and a HEAD', async t => {
  const app = await serve(t)
  const types: Record<string, string> = {
    'main.js': 'text/javascript; charset=utf-8',
    'vendor/preact.js': 'text/javascript; charset=utf-8',
    'vendor/uplot.css': 'text/css; charset=utf-8',
    'icon.svg': 'image/svg+xml',
    'fonts/inter-latin-wght-normal.woff2': 'font/woff2',
  }
  for (const [name, type] of Object.entries(types)) {
    const url = `/dashboard/assets/any/${name}`
    const { statusCode, headers, rawPayload } = await app.inject(url)
    assert.deepEqual([statusCode, headers['content-type']], [200, type], name)
    assert.equal(Number(headers['content-length']), rawPayload.length)
    const again = await app.inject({ url, headers: { 'if-none-match': String(headers.etag) } })
    assert.equal(again.statusCode, 304, name)
    const head = await app.inject({ url, method: 'HEAD' })
    assert.deepEqual([head.statusCode, head.headers['content-length']], [200, headers['content-length']])
  }
})

test('a file that is not of the page is not sent, however its path is written', async t => {
  const app = await serve(t)
  for (const path of ['types.ts', 'tsconfig.json', 'index.html', '', '.', 'views', '..%2ferrors.ts'])
    assert.equal((await app.inject(`/dashboard/assets/any/${path}`)).statusCode, 404, path)
})
