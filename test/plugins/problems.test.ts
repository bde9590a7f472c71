/** Invalid requests to the administration: problem details that say how to fix them. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ADMIN_TOKEN, message, startGateway } from '../gateway.ts'
import { until } from '../until.ts'

async function arrange(t: TestContext) {
  const { url, admin, client } = await startGateway(t)
  await client({ name: 'frontend' })
  const ask = async (method: string, path: string, body?: string, type = 'application/json') => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body !== undefined && { 'content-type': type }),
      },
      ...(body !== undefined && { body }),
    })
    const problem: Record<string, unknown> = JSON.parse(await response.text())
    return { response, problem }
  }
  return { ask, admin }
}

type Wrong = [
  title: string,
  method: string,
  path: string,
  status: number,
  detail: RegExp,
  body?: string,
  type?: string,
]

const wrongs: Wrong[] = [
  ['a body that is no JSON', 'POST', '/admin/clients', 400, /no JSON; send one JSON object/, '{"name":'],
  [
    'a body of another type',
    'POST',
    '/admin/clients',
    415,
    /"text\/csv", expected application\/json/,
    'a',
    'text/csv',
  ],
  ['a body too large', 'PUT', '/admin/gateway', 413, /larger than \d+ bytes/, `"${'x'.repeat(2e6)}"`],
  [
    'a body too deep',
    'PATCH',
    '/admin/clients/frontend',
    400,
    /nested more than 512 levels deep/,
    `{"limits":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
  ],
  ['a body that is missing', 'POST', '/admin/clients', 400, /name is missing; expected up to 64/],
  ['a body that is null', 'PUT', '/admin/gateway', 400, /The body is null; send one JSON object/, 'null'],
  ['a PUT of nothing', 'PUT', '/admin/gateway', 400, /No body came .* \{\} to take all of them away/],
  ['a limit in words', 'GET', '/admin/teams?limit=true', 400, /limit found "true", expected a whole number/],
  [
    'a usage that ends before it begins',
    'GET',
    '/admin/usage?from=2026-11-30&to=2026-11-01',
    400,
    /found "from" 2026-11-30, expected a time before "to", 2026-11-01/,
  ],
  ['another method', 'PUT', '/admin/clients', 405, /\/admin\/clients takes GET, POST, not PUT|POST, GET/],
  ['another method of one thing', 'POST', '/admin/clients/frontend', 405, /GET, HEAD, PATCH, DELETE/],
  ['another method of a page', 'DELETE', '/admin/usage', 405, /takes GET, HEAD, not DELETE/],
  ['no such path', 'GET', '/admin/nothing', 404, /no GET \/admin\/nothing here; GET \/admin\/docs/],
  ['a path that cannot be decoded', 'GET', '/admin/clients/%zz', 400, /cannot be decoded; percent-encode/],
  [
    'an unknown parameter',
    'GET',
    '/admin/clients?colour=red',
    400,
    /colour is unknown here; expected one of limit/,
  ],
  ['a parameter where there is none', 'GET', '/admin/verify?x=1', 400, /x is unknown here; expected nothing/],
  ['a parameter of one thing', 'GET', '/admin/clients/frontend?state=1', 400, /state is unknown here/],
  [
    'a limit of none',
    'GET',
    '/admin/teams?limit=0',
    400,
    /limit found 0, expected a whole number from 1 to 1000/,
  ],
  ['a limit twice', 'GET', '/admin/teams?limit=1&limit=2', 400, /limit found/],
  [
    'a cursor of clients',
    'GET',
    '/admin/clients?cursor=%20',
    400,
    /cursor found " ", expected the value of "next"/,
  ],
  ['a cursor of keys', 'GET', '/admin/clients/frontend/keys?cursor=zzz', 400, /cursor found "zzz", expected/],
  ['a cursor of calls', 'GET', '/admin/calls?cursor=bm8', 400, /cursor found "bm8", expected/],
  ['a cursor of alerts', 'GET', '/admin/alerts?cursor=-1', 400, /cursor found "-1", expected/],
  ['a cursor of the audit', 'GET', '/admin/audit?cursor=99999999999999999999', 400, /cursor found/],
  [
    'a day that is none',
    'GET',
    '/admin/calls?from=2026-02-30',
    400,
    /from found "2026-02-30", expected a day that is/,
  ],
  [
    'a model unknown',
    'GET',
    '/admin/explain?client=frontend&model=x',
    404,
    /no model "x"\. GET \/v1\/models/,
  ],
  [
    'a model with the prefix of its vendor',
    'GET',
    '/admin/explain?client=frontend&model=anthropic/claude-haiku-4-5',
    404,
    /Did you mean claude-haiku-4-5\?/,
  ],
  [
    'a client unknown',
    'GET',
    '/admin/explain?client=missing&model=claude-haiku-4-5',
    404,
    /no client "missing"/,
  ],
  ['a call unknown', 'GET', '/admin/calls/req_nothing', 404, /no call "req_nothing"/],
]

test('an invalid request gets a problem with the found value and how to fix it', async t => {
  const { ask } = await arrange(t)
  for (const [title, method, path, status, detail, body, type] of wrongs) {
    await t.test(title, async () => {
      const { response, problem } = await ask(method, path, body, type)

      assert.equal(response.status, status, JSON.stringify(problem))
      assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
      assert.match(String(problem.detail), detail)
      assert.deepEqual([problem.status, problem.type], [status, 'about:blank'])
      assert.equal(problem.requestId, response.headers.get('request-id'))
      if (status === 405) assert.match(response.headers.get('allow') ?? '', /^[A-Z]+(, [A-Z]+)*$/)
    })
  }
})

test('a list refuses a cursor of another list', async t => {
  const gateway = await startGateway(t)
  const { admin } = gateway
  for (const name of ['a', 'b']) {
    await admin('POST', '/clients', { name, team: name, createTeam: true })
    await admin('POST', '/tokens', { name, role: 'viewer' })
    for (const _ of [1, 2]) await admin('POST', `/clients/${name}/keys`, {})
    const { key } = (await admin('POST', `/clients/${name}/keys`, {})).body
    await (await gateway.post('/v1/messages', String(key), message(name))).text()
    await gateway.app.alerts.raise({
      kind: 'a_test',
      dedupe: name,
      severity: 'info',
      scope: 'gateway',
      title: 'A test.',
      details: {},
    })
  }
  const lists = [
    '/clients',
    '/teams',
    '/tokens',
    '/audit',
    '/alerts',
    '/calls',
    '/clients/a/keys',
    '/clients/b/keys',
  ]
  const cursorIn = async (list: string) => (await admin('GET', `${list}?limit=1`)).body.next
  const own = new Map<string, string>()
  for (const list of lists) own.set(list, String(await until(async () => cursorIn(list) as Promise<string>)))

  for (const list of lists) {
    const others = lists.filter(other => other !== list).map(other => own.get(other))
    const forged = Buffer.from(JSON.stringify([list.slice(1), "'"])).toString('base64url')
    for (const cursor of [...others, '', 'AAAA', '1', 'a', '%00', `${own.get(list)}=`, forged]) {
      const { status, body } = await admin('GET', `${list}?cursor=${cursor}`)
      const { errors } = body as { errors?: { field: string }[] }
      assert.deepEqual([status, errors?.[0]?.field], [400, 'cursor'], `${list} ${cursor}`)
    }
    assert.equal((await admin('GET', `${list}?cursor=${own.get(list)}`)).status, 200, list)
  }
})
