import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { main } from '../../src/cli/main.ts'
import { startReplica, TOKEN } from '../plugins/replica.ts'
import { freePort } from '../servers.ts'

/** Runs command lines against a real gateway. */
async function shell(t: TestContext, token: string | undefined = TOKEN) {
  const replica = await startReplica(t)
  const url = `http://127.0.0.1:${await replica.listen()}`
  const run = async (line: string) => {
    const out: string[] = []
    const err: string[] = []
    const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text) }
    const words = line.split(' ').filter(word => word !== '')
    const code = await main(words, { url, token }, terminal)
    return { code, out: out.join('\n'), err: err.join('\n') }
  }
  return { ...replica, run }
}

test('clients create sets every setting', async t => {
  const { run, admin } = await shell(t)
  const { code, out, err } = await run(
    'clients create frontend --team web --create-team --requests 100/1h --tokens 200000/1m --concurrency 20 --max-wait 1500ms --budget 5/day ' +
      '--budget 100/month --models claude-haiku-*,gpt-6-luna --cache off --cache-ttl 1h --cache-share team ' +
      '--hold ceiling --loop 30/1m --allow server_tools,store',
  )
  assert.equal(code, 0, err)
  assert.match(out, /^NAME +frontend/)
  assert.match(err, /keys create frontend/)
  const { id, createdAt, updatedAt, state, ...settings } = (await admin('GET', '/clients/frontend')).body
  assert.deepEqual(settings, {
    name: 'frontend',
    team: 'web',
    models: ['claude-haiku-*', 'gpt-6-luna'],
    limits: {
      requests: { capacity: 100, per: '1h' },
      tokens: { capacity: 200000, per: '1m' },
      concurrency: 20,
      maxWaitMs: 1500,
    },
    budget: { day: 5, month: 100 },
    hold: 'ceiling',
    cache: { enabled: false, ttlSeconds: 3600, share: 'team' },
    loop: { identical: 30, per: '1m' },
    allow: ['server_tools', 'store'],
  })
})

test('clients update changes the named settings, and none removes one', async t => {
  const { run, admin } = await shell(t)
  await run(
    'clients create frontend --team web --create-team --requests 100/1h --concurrency 2 --budget 5/day,100/month --models gpt-6-luna',
  )
  const { code } = await run(
    'clients update frontend --name site --team none --requests none --budget none/day --models none --loop 3/1s --disable',
  )
  assert.equal(code, 0)
  const { id, createdAt, updatedAt, state, ...settings } = (await admin('GET', '/clients/site')).body
  assert.deepEqual(settings, {
    name: 'site',
    models: [],
    limits: { concurrency: 2 },
    budget: { month: 100 },
    loop: { identical: 3, per: '1s' },
    disabled: true,
  })
  await run('clients update site --enable --budget none')
  const { body } = await admin('GET', '/clients/site')
  assert.deepEqual([body.disabled, body.budget], [undefined, undefined])
})

test('the hold and the longest wait are set, shown and removed', async t => {
  const { run, admin } = await shell(t)
  const created = await run('clients create frontend --hold ceiling --max-wait 2s')
  assert.match(created.out, /^hold +ceiling +a running call holds its input and its whole output limit$/m)
  assert.match(created.out, /^max wait +2 s$/m)
  assert.match((await run('clients list')).out, /^frontend .* 2 s +- +ceiling$/m)

  const changed = await run('clients update frontend --hold none --max-wait none')

  assert.match(changed.out, /^hold +growing +a running call holds its input and the next seconds of output$/m)
  assert.match(changed.out, /^max wait +-$/m)
  const { body } = await admin('GET', '/clients/frontend')
  assert.deepEqual([body.hold, body.limits], [undefined, {}])
  await run('clients update frontend --max-wait 0')
  assert.deepEqual((await admin('GET', '/clients/frontend')).body.limits, { maxWaitMs: 0 })
})

test('commands print tables, and JSON with --json', async t => {
  const { run } = await shell(t)
  await run('clients create frontend --team web --create-team --requests 100/1h --budget 5/day')
  await run('clients create b')
  const { out } = await run('clients list')
  assert.deepEqual(out.split('\n'), [
    'NAME      TEAM  MODELS  REQUESTS  TOKENS  CONCURRENCY  MAX WAIT  BUDGET     HOLD',
    'b         -     *       -         -       -            -         -          growing',
    'frontend  web   *       100/1h    -       -            -         $5.00/day  growing',
  ])
  const listed = JSON.parse((await run('clients list --json --limit 1')).out)
  assert.equal(listed.clients[0].name, 'b')
  const [, cursor] = /--cursor (\S+)/.exec((await run('clients list --limit 1')).err) ?? []
  assert.equal(cursor, listed.next)
  assert.match((await run(`clients list --cursor ${cursor}`)).out, /frontend/)

  const shown = (await run('clients show frontend')).out
  assert.match(shown, /requests +100\/1h +100 available/)
  assert.match(shown, /budget a day +\$5\.00 +\$0\.00 spent, \$0\.00 held, \$5\.00 available, resets \d{4}-/)
  assert.equal(JSON.parse((await run('clients show frontend --json')).out).state.day.limitUsd, 5)
})

test('keys create prints only the key to standard output, and the key works', async t => {
  const { run, call } = await shell(t)
  await run('clients create frontend')
  const created = await run('keys create frontend --expires 90d')
  assert.equal(created.code, 0)
  assert.match(created.out, /^tg_\w{8}_[\w-]{43}$/)
  assert.match(created.err, /Key \w{8} of frontend, until \d{4}-.* not shown again/)
  assert.equal((await call({ 'x-api-key': created.out })).statusCode, 200)

  const id = created.out.slice(3, 11)
  const rotated = await run(`keys rotate ${id} --grace 1h`)
  assert.equal((await call({ 'x-api-key': rotated.out })).statusCode, 200)
  assert.match(rotated.err, new RegExp(`Key ${id} expires at`))
  await run(`keys revoke ${id}`)
  assert.equal((await call({ 'x-api-key': created.out })).statusCode, 403)

  const { out } = await run('keys list frontend')
  assert.match(out, new RegExp(`${rotated.out.slice(3, 11)} +active .* ${id}`))
  assert.match(out, new RegExp(`${id} +revoked`))
  assert.ok(!out.includes(rotated.out.slice(12)))
})

test('teams set and gateway set change single settings or replace all, and teams delete deletes an empty team', async t => {
  const { run, admin } = await shell(t)
  const created = await run('teams set web --budget 500/month --concurrency 3')
  assert.match(created.out, /budget a month +\$500\.00/)
  assert.match(created.err, /^Team web was created\. .*clients update <name> --team web$/)
  const changed = await run('teams set web --requests 9/1s --concurrency none')
  assert.equal(changed.err, '')
  assert.match(changed.out, /requests +9\/1s[\s\S]*concurrency +-\n[\s\S]*budget a month +\$500\.00/)
  assert.match((await run('teams set web --requests 9/1s --replace')).out, /budget a month +- *\n?/)
  await run('gateway set --budget 5/day')
  assert.match((await run('gateway set --concurrency 7')).out, /concurrency +7\b[\s\S]*budget a day +\$5\.00/)
  assert.match((await run('gateway set --concurrency 8 --replace')).out, /budget a day +-$/m)
  const nothing = await run('gateway set')
  assert.deepEqual([nothing.code, /Found no setting to change/.test(nothing.err)], [2, true])
  await run('clients create b --team web')
  const full = await run('teams delete web')
  assert.deepEqual([full.code, full.err.startsWith('1 client is in the team "web": b.')], [1, true])
  await run('clients update b --team none')
  assert.equal((await run('teams delete web')).out, 'Team web is deleted.')
  assert.equal((await admin('GET', '/teams/web')).status, 404)
  await run('teams set web --requests 9/1s')
  assert.match((await run('teams show web')).out, /requests +9\/1s +9 available/)
  assert.match((await run('teams list')).out, /^web +9\/1s/m)
  assert.match((await run('gateway set --budget 1000/month')).out, /budget a month +\$1000\.00/)
  assert.match((await run('gateway show')).out, /budget a month +\$1000\.00 +\$0\.00 spent/)
})

test('errors of the gateway name flags and commands, and the exit code is 1', async t => {
  const { run } = await shell(t)
  await run('clients create frontend')
  for (const [line, words] of [
    ['clients create frontend', /"frontend" already/],
    ['clients show unknown', /no client "unknown"/],
    ['clients create b --requests 100/1year', /^--requests: found "1year", expected a duration/],
    ['clients create b --requests 0/1h', /^--requests: found 0, expected a whole number of at least 1/],
    ['teams set web --tokens 1/1y --budget 1.1234567891/day', /^--tokens: found "1y".*\n--budget: /],
    ['clients create b --allow everything', /^--allow: found "everything"/],
    ['clients create b --hold loosely', /^--hold: found "loosely", expected "growing" or "ceiling"/],
    ['clients create b --max-wait 11s', /^--max-wait: found "11s", expected a time from 0 to 10s/],
    ['keys rotate AAAAAAAA', /no key/],
    ['clients show ../gateway', /^<name>: found "\.\.\/gateway"/],
    ['keys create ../gateway', /^<client>: found "\.\.\/gateway"/],
    ['clients update frontend --name ../x', /^--name: found "\.\.\/x"/],
    ['clients show frontnd', /"frontnd"\. Did you mean frontend\? "clients list" lists/],
    ['keys create frontnd', /Did you mean frontend\?/],
    ['keys create frontend --expires 2020-01-01T00:00:00Z', /^--expires: found "2020-01-01T00:00:00Z"/],
    ['keys rotate AAAAAAAA --grace 400d', /^--grace: found "400d", expected a time from 0 to 365d/],
    ['clients list --cursor x', /^--cursor: found "x", expected the cursor that the previous page printed/],
    ['clients list --limit many', /^--limit: found "many", expected a whole number/],
    [
      'clients create b --team wbe',
      /^--team: found "wbe", expected a team that exists\. "teams set wbe" makes this one, and so does --create-team/,
    ],
    ['teams show wbe', /no team "wbe"\. "teams list" lists those there are; "teams set wbe" makes this one/],
    ['tokens revoke ci', /no token "ci"; "tokens list" lists/],
  ] as const) {
    const { code, out, err } = await run(line)
    assert.deepEqual([code, out], [1, ''], line)
    assert.match(err, words)
    assert.doesNotMatch(err, /\b(GET|POST|PUT|PATCH|DELETE)\b|graceSeconds|createTeam|limits\./, line)
  }
})

test('a wrong command line ends with exit code 2 before a request is sent', async t => {
  const { run } = await shell(t)
  for (const [line, words] of [
    ['', /Commands:/],
    ['clients', /clients create <name>/],
    ['clients destroy', /^There is no command "clients destroy"\./],
    ['nonsense', /^There is no command "nonsense"\.\n[\s\S]*Commands:/],
    ['clients creat a', /no command "clients creat"\. Did you mean clients create\?/],
    ['client list', /Did you mean clients list\?/],
    ['calls shwo x', /^calls: found shwo x, expected nothing more\. Did you mean calls show\?/],
    ['usgae --by client', /Did you mean usage\?/],
    [
      'clients create a --modles x',
      /found --modles, expected one of its options\. Did you mean --models\? See tollgate clients create --help/,
    ],
    [
      'clients create',
      /^clients create: found nothing, expected <name>\. See tollgate clients create --help\.$/,
    ],
    ['clients list extra', /^clients list: found extra, expected nothing more\./],
    ['keys create a b', /^keys create: found a b, expected <client>\./],
    ['completion tcsh', /^completion: found "tcsh", expected bash, zsh, fish\./],
    ['clients create a --colour red', /--colour/],
    ['clients create a --requests', /^--requests: found nothing, expected a value such as 100\/1h\./],
    [
      'clients create a --requests 100',
      /--requests: found "100", expected a number and a time such as 100\/1h/,
    ],
    ['clients create a --budget 5', /--budget: found "5", expected 5\/day/],
    ['clients create a --budget 5/year', /--budget/],
    ['clients create a --concurrency many', /--concurrency/],
    [
      'clients create a --max-wait 2',
      /--max-wait: found "2", expected a time such as 500ms or 2s, 0, or none/,
    ],
    ['clients create a --cache maybe', /--cache: found "maybe", expected on or off/],
    ['clients create a --team x --team y', /^--team is given twice, expected once\./],
    ['clients update a', /Found no setting to change/],
    ['clients update a --enable --disable', /expected only one of them/],
    ['keys rotate AAAAAAAA --grace soon', /--grace/],
  ] as const) {
    const { code, out, err } = await run(line)
    assert.deepEqual([code, out], [2, ''], line)
    assert.match(err, words, line)
  }
})

test('the program, groups and commands have help', async t => {
  const { run } = await shell(t)
  for (const [line, words] of [
    ['--help', /clients create <name> +Create a client/],
    ['--version', /^tollgate \d+\.\d+\.\d+$/],
    ['help', /Exit codes: 0 success/],
    ['keys --help', /keys rotate <id>/],
    ['keys rotate --help', /Usage: tollgate keys rotate \[options\] <id>/],
    ['keys rotate -h', /--grace <1h>/],
    ['clients create --help', /For example:/],
    ['clients create --help', /--hold <growing\|ceiling> +the budget a running call holds/],
    ['clients update --help', /--max-wait <2s> +the longest wait/],
  ] as const) {
    const { code, out, err } = await run(line)
    assert.deepEqual([code, err], [0, ''], line)
    assert.match(out, words, line)
  }
})

test('an unknown model is a warning on standard error, and the client is created', async t => {
  const { run } = await shell(t)
  const created = await run('clients create frontend --models gpt-6-lunna,claude-haiku-*')
  assert.equal(created.code, 0)
  assert.match(
    created.err,
    /^Warning: models: "gpt-6-lunna" matches no known model.* Did you mean gpt-6-luna\?/,
  )
  assert.match(
    (await run('clients update frontend --models nothing-like-it')).err,
    /^Warning: .*"nothing-like-it"/,
  )
  assert.equal((await run('clients update frontend --budget 5/day')).err, '')
})

test('a wrong token, a missing token and an unreachable gateway have errors of their own', async t => {
  const wrong = await (await shell(t, 'wrong')).run('clients list')
  assert.deepEqual([wrong.code, /ADMIN_TOKEN/.test(wrong.err)], [1, true])
  const url = `http://127.0.0.1:${await freePort()}`
  const err: string[] = []
  const terminal = { out: () => {}, err: (text: string) => void err.push(text) }
  assert.equal(await main(['clients', 'list'], { url, token: undefined }, terminal), 2)
  assert.equal(await main(['clients', 'list'], { url, token: 'x' }, terminal), 1)
  assert.match(err[0] ?? '', /ADMIN_TOKEN is not set/)
  assert.match(err[1] ?? '', /No gateway responds at http:.*\(ECONNREFUSED\)/)
})

test('a server that is no gateway, and an address that is no URL, are one line without a stack', async t => {
  const bodies = ['<html>login</html>', '', '{"clients":']
  const server = createServer((_request, response) => void response.end(bodies.shift()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const attempt = async (at: string) => {
    const err: string[] = []
    const terminal = { out: () => {}, err: (text: string) => void err.push(text) }
    return { code: await main(['clients', 'list'], { url: at, token: 'x' }, terminal), err: err.join('\n') }
  }

  for (const _ of [...bodies]) {
    const { code, err } = await attempt(url)
    assert.deepEqual([code, /^http:.* is no gateway\. Correct TOLLGATE_URL/.test(err)], [1, true], err)
  }
  for (const wrong of ['foo', 'ftp://example.com', 'http://127.0.0.1:port']) {
    const { code, err } = await attempt(wrong)
    assert.deepEqual(
      [code, err.includes(`is "${wrong}", expected an http:// or https:// URL`)],
      [2, true],
      err,
    )
  }
  const secret = await attempt('http://admin:hunter2@127.0.0.1:4000')
  assert.deepEqual([secret.code, secret.err.includes('hunter2')], [2, false])
})
