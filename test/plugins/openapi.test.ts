/** The OpenAPI document is valid, complete and true to the routes, and its reference page works. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { faultFinder } from '../../src/admin/faults.ts'
import { startReceiver } from '../alerts/fixture.ts'
import { testBrowser } from '../browser.ts'
import { ADMIN_TOKEN, type Gateway, message, startGateway } from '../gateway.ts'
import { until } from '../until.ts'
import { whenOver } from '../when-over.ts'
import { startReplica } from './replica.ts'

interface OpenApi {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Part> }
}

interface Operation {
  operationId: string
  summary: string
  parameters?: { name: string; in: string; required: boolean; schema: Part }[]
  requestBody?: { required: boolean }
  responses: Record<string, { description: string; content?: Record<string, { schema: Part }> }>
}

/** A JSON schema, or a reference to one. */
type Part = { [keyword: string]: unknown }

async function arrange(t: TestContext, env: Record<string, string> = {}) {
  const gateway = await startGateway(t, { env })
  const response = await fetch(`${gateway.url}/admin/openapi.json`)
  assert.equal(response.status, 200)
  const document: OpenApi = JSON.parse(await response.text())
  return { gateway, document }
}

/** `GET /admin/clients/{name}` of every registered route, from the router's own picture. */
function registered({ app }: Gateway): string[] {
  const parents: string[] = []
  return (
    app
      .printRoutes({ commonPrefix: false })
      .split('\n')
      .flatMap(line => {
        const {
          indent = '',
          path = '',
          methods = '',
        } = /^(?<indent>[\s│├└─]*)(?<path>\/\S*)(?: \((?<methods>[A-Z, ]+)\))?/.exec(line)?.groups ?? {}
        const depth = Math.max(0, indent.length / 4 - 1)
        parents.splice(depth)
        parents.push(path)
        const url = parents.join('').replaceAll(/:(\w+)/g, '{$1}')
        return methods === '' ? [] : methods.split(', ').map(method => `${method} ${url}`)
      })
      // Every GET route serves HEAD as well.
      .filter(route => /^(?!HEAD) ?\w+ \/admin\//.test(route))
  )
}

/** The reference page is in the document; its scripts and styles are not. */
function isNoFileOfThePage(route: string): boolean {
  return !route.startsWith('GET /admin/docs/')
}

function operationsOf({ paths }: OpenApi) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  )
}

test('the document is valid OpenAPI 3.1', async t => {
  const { document } = await arrange(t)
  const validator = new Validator()

  const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(document)))

  assert.deepEqual([valid, errors, validator.version], [true, undefined, '3.1'])
})

test('the document lists every route, each with a summary, a response and a unique name', async t => {
  const { gateway, document } = await arrange(t)

  const operations = operationsOf(document)

  const routes = operations.map(({ route }) => route)
  assert.deepEqual(routes.sort(), registered(gateway).filter(isNoFileOfThePage).sort())
  assert.ok(routes.length > 25, routes.join('\n'))
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length)
  for (const { route, operation } of operations) {
    assert.ok(operation.summary, `${route} has no summary`)
    assert.ok(
      Object.keys(operation.responses).some(status => status.startsWith('2')),
      `${route} has no response`,
    )
  }
})

test('every response matches its schema, and has no other field', async t => {
  const { url: ALERT_WEBHOOK_URL } = await startReceiver(t, [200, 500])
  const { gateway, document } = await arrange(t, { ALERT_WEBHOOK_URL })
  const seen = new Set<string>()
  const ask = async (route: string, path: string, body?: object) => {
    const [method = ''] = route.split(' ')
    const response = await gateway.admin(method, path, body)
    const operation = operationsOf(document).find(one => one.route === route)?.operation
    const declared = operation?.responses[String(response.status)]
    assert.ok(declared, `${route}: ${response.status} ${JSON.stringify(response.body)}`)
    const [content] = Object.values(declared.content ?? {})
    const schema = content && closed(content.schema, document)
    if (schema) assert.deepEqual(faultFinder(schema)(response.body), [], route)
    seen.add(route)
    return response.body
  }
  const settings = {
    limits: { requests: { capacity: 9, per: '1h' }, tokens: { capacity: 90000, per: '1m' }, concurrency: 3 },
    budget: { day: 5, month: 50 },
  }

  await ask('GET /admin/whoami', '/whoami')
  await ask('PUT /admin/gateway', '/gateway', settings)
  await ask('GET /admin/gateway', '/gateway')
  await ask('PUT /admin/teams/{name}', '/teams/web', settings)
  await ask('PATCH /admin/teams/{name}', '/teams/web', { budget: { day: 6 } })
  await ask('PATCH /admin/gateway', '/gateway', { budget: { day: 6 } })
  await ask('GET /admin/teams/{name}', '/teams/web')
  await ask('GET /admin/teams', '/teams')
  const more = {
    team: 'web',
    models: ['claude-*'],
    loop: { identical: 3, per: '1s' },
    allow: ['store'],
    hold: 'ceiling',
  }
  await ask('POST /admin/clients', '/clients', { name: 'frontend', ...settings, ...more })
  await ask('PATCH /admin/clients/{name}', '/clients/frontend', {
    cache: { share: 'team', ttlSeconds: 60 },
    limits: { maxWaitMs: 2000 },
  })
  const { id, key } = await ask('POST /admin/clients/{name}/keys', '/clients/frontend/keys', {})
  await gateway.post('/v1/messages', String(key), message('hello'))
  await gateway.post('/v1/messages', String(key), message('hello', { model: 'gpt-6-luna' }))
  const call = await until(async () => {
    const { body } = await gateway.admin('GET', '/calls')
    return (body.calls as { id: string }[])[0]
  })
  await gateway.app.pg.query(
    "update calls set estimated = true, estimate = 'input: reported', unbounded = true",
  )
  const { calls: listed } = await ask('GET /admin/calls', '/calls')
  assert.match(JSON.stringify(listed), /"estimate":"input: reported","unbounded":true/)
  await ask('GET /admin/calls/{id}', `/calls/${call.id}`)
  await ask('GET /admin/usage', '/usage?by=client,model,day,team')
  await ask('GET /admin/usage', '/usage?by=hour')
  await ask('GET /admin/usage', '/usage?by=day,model&top=1&rank=calls')
  await ask('GET /admin/performance', '/performance?by=model,upstream')
  const { latest } = await until(async () => {
    const found = JSON.parse(JSON.stringify(await ask('GET /admin/refusals', '/refusals')))
    return found.latest.length > 0 && found
  })
  await ask('GET /admin/calls/{id}', `/calls/${latest[0].sample.reqId}`)
  await ask('GET /admin/verify', '/verify')
  await ask('GET /admin/explain', '/explain?client=frontend&model=claude-haiku-4-5')
  await ask('GET /admin/explain', '/explain?client=frontend&model=gpt-6-luna')
  gateway.provider.next('status 401')
  await gateway.post('/v1/messages', String(key), message('refused'))
  await ask('GET /admin/upstreams', '/upstreams')
  await ask('POST /admin/upstreams/check', '/upstreams/check')
  await ask('GET /admin/explain', '/explain?client=frontend&model=claude-haiku-4-5')
  await ask('GET /admin/clients/{name}', '/clients/frontend')
  await ask('GET /admin/clients', '/clients?limit=1')
  await ask('GET /admin/clients', '/clients?state=true')
  await ask('GET /admin/clients', '/clients?sort=budget&total=true&search=front&team=web')
  await ask('GET /admin/budgets', '/budgets?limit=1')
  await ask('GET /admin/teams', '/teams?state=true&total=true')
  const { id: second } = await ask('POST /admin/keys/{id}/rotate', `/keys/${id}/rotate`, { graceSeconds: 60 })
  await ask('GET /admin/clients/{name}/keys', '/clients/frontend/keys?limit=1')
  await ask('DELETE /admin/keys/{id}', `/keys/${second}`)
  await ask('POST /admin/tokens', '/tokens', {
    name: 'ci',
    role: 'viewer',
    expiresAt: '2999-01-31T12:00:00Z',
  })
  await ask('GET /admin/tokens', '/tokens')
  await ask('DELETE /admin/tokens/{name}', '/tokens/ci')
  await ask('DELETE /admin/clients/{name}', '/clients/frontend')
  await ask('DELETE /admin/teams/{name}', '/teams/web')
  await ask('GET /admin/audit', '/audit')
  gateway.app.alerts.raise({
    kind: 'test',
    dedupe: 'test',
    severity: 'info',
    scope: 'gateway',
    title: 'A test.',
    details: { number: 1, word: 'x', flag: true },
  })
  await until(async () => JSON.stringify(await ask('GET /admin/alerts', '/alerts')).includes('A test.'))
  for (let sent = 0; sent < 2; sent++) await ask('POST /admin/alerts/test', '/alerts/test')
  await ask('GET /admin/openapi.json', '/openapi.json')

  const unseen = operationsOf(document)
    .filter(({ operation }) => '200' in operation.responses || '201' in operation.responses)
    .filter(({ operation }) => operation.responses['200']?.content?.['application/json'] !== undefined)
    .map(({ route }) => route)
    .filter(route => !seen.has(route))
  assert.deepEqual(unseen, [])
})

/** A schema with its references resolved, and closed: an undeclared field is an error. */
function closed(part: Part, document: OpenApi): Part {
  const inside = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inside)
    if (typeof value !== 'object' || value === null) return value
    const found: Part = { ...value }
    if (typeof found.$ref === 'string') {
      return inside(document.components.schemas[found.$ref.split('/').at(-1) ?? ''])
    }
    const entries = Object.entries(found).map(([name, one]) => [name, inside(one)])
    const whole = Object.fromEntries(entries)
    const isOpen = found.type === 'object' && found.properties && Object.keys(found.properties).length > 0
    return isOpen ? { ...whole, additionalProperties: false } : whole
  }
  return { ...Object(inside(part)) }
}

test('the documents need no token, contain no secret, and are off without ADMIN_TOKEN', async t => {
  const { app } = await startReplica(t)
  const closedApp = await startReplica(t, { token: undefined })

  for (const url of ['/admin/openapi.json', '/admin/docs']) {
    const open = await app.inject(url)
    assert.equal(open.statusCode, 200)
    assert.ok(!open.body.includes(ADMIN_TOKEN))
    assert.equal((await closedApp.app.inject(url)).statusCode, 404)
  }
})

test('the reference page has no inline script, asks no other host, and neither it nor its files are cached', async t => {
  const { app } = await startReplica(t)

  const page = await app.inject('/admin/docs')

  assert.match(String(page.headers['content-type']), /^text\/html/)
  const policy = String(page.headers['content-security-policy'])
  assert.match(
    policy,
    /default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self'/,
  )
  assert.doesNotMatch(policy, /unsafe|https?:|validator/)
  assert.doesNotMatch(page.body, /<script(?! src=)|style=|https?:/)
  const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file)
  assert.ok(files.length >= 5, page.body)
  for (const file of ['/admin/docs', ...files]) {
    const { statusCode, headers } = await app.inject(file)
    assert.equal(statusCode, 200, file)
    assert.deepEqual(
      [
        headers['cache-control'],
        headers['content-security-policy'],
        headers['x-content-type-options'],
        headers['x-frame-options'],
      ],
      ['no-store', policy, 'nosniff', 'DENY'],
      file,
    )
  }
})

const browser = await testBrowser()

if (browser)
  test('the reference page lists every operation, calls them with a token, and logs no error', async t => {
    const { gateway, document } = await arrange(t)
    const context = await browser.newContext()
    whenOver(t, () => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    const hosts = new Set<string>()
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', error => complaints.push(String(error)))
    page.on('request', request => hosts.add(new URL(request.url()).host))

    await page.goto(`${gateway.url}/admin/docs`)
    await page.locator('.opblock').first().waitFor()
    const shown = await page.locator('.opblock .opblock-summary-path').allInnerTexts()
    const paths = shown.map(path => path.replaceAll('\u200b', ''))
    assert.deepEqual(
      paths.toSorted(),
      operationsOf(document)
        .map(({ route }) => route.split(' ')[1])
        .toSorted(),
    )

    await page.getByRole('button', { name: 'Authorize' }).first().click()
    await page.locator('.auth-container input').fill(ADMIN_TOKEN)
    await page.locator('.auth-container').getByRole('button', { name: 'Apply credentials' }).click()
    await page.locator('.auth-container').getByRole('button', { name: 'Close' }).click()
    await page.locator('#operations-tokens-getWhoami .opblock-summary-control').click()
    await page.getByRole('button', { name: 'Try it out' }).click()
    await page.getByRole('button', { name: 'Execute' }).click()
    await page.locator('.live-responses-table .response-col_description').getByText('ADMIN_TOKEN').waitFor()

    assert.deepEqual(complaints, [])
    assert.deepEqual([...hosts], [new URL(gateway.url).host])
  })
