/** Usage, calls, refusals, alerts and the reconciliation of the ledger in the CLI. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startReceiver } from '../alerts/fixture.ts'
import { message } from '../gateway.ts'
import { until } from '../until.ts'
import { type Shell, startShell } from './shell.ts'

const PAID = '[[scenario: usage 1000 in 500 out]]'

async function arrange(t: TestContext, calls = 1): Promise<Shell & { key: string; ids: string[] }> {
  const shell = await startShell(t)
  const { gateway } = shell
  const key = await gateway.client({
    name: 'frontend',
    team: 'web',
    budget: { day: 5 },
    cache: { enabled: false },
  })
  const ids: string[] = []
  for (let i = 0; i < calls; i++) {
    const response = await gateway.post('/v1/messages', key, message(PAID, { max_tokens: 1000 }))
    ids.push(String(response.headers.get('request-id')))
  }
  await until(async () => {
    const { body } = await gateway.admin('GET', '/calls')
    return Array.isArray(body.calls) && body.calls.length === calls
  })
  return { ...shell, key, ids }
}

test('usage sums by the requested groups, with a total', async t => {
  const { run } = await arrange(t, 2)

  const { code, out } = await run('usage --by client,model')
  const json = JSON.parse((await run('usage --by team --json')).out)
  const hours = await run('usage --by hour')
  const wrong = await run('usage --by colour')

  assert.equal(code, 0)
  assert.match(out, /^From \d{4}-\d\d-01 to before/)
  assert.match(out, /^CLIENT +MODEL +CALLS +INPUT .* COST +SAVED$/m)
  assert.match(out, /^frontend +claude-haiku-4-5 +2 +2,000 +0 +0 +1,000 +\$0\.007000 +\$0\.00$/m)
  assert.match(out, /^total +2 +2,000/m)
  assert.equal(json.rows[0].team, 'web')
  assert.match(hours.out, /^HOUR +CALLS[\s\S]*^\d{4}-\d\d-\d\d \d\d:00 +2 +2,000/m)
  assert.deepEqual([wrong.code, /^--by: found "colour", expected some of/.test(wrong.err)], [1, true])
})

test('calls are listed, filtered and paged, and calls show prints one in full', async t => {
  const { run, ids } = await arrange(t, 2)

  const listed = await run('calls --client frontend --outcome ok')
  const none = await run('calls --model gpt-6-luna')
  const paged = await run('calls --limit 1')
  const shown = await run(`calls show ${ids[0]}`)
  const unknown = await run('calls show req_none')

  assert.match(listed.out, /^ADMITTED +CLIENT +MODEL/)
  for (const id of ids)
    assert.match(listed.out, new RegExp(`frontend +claude-haiku-4-5 +200 +ok .* ${id}$`, 'm'))
  assert.equal(none.out, 'No calls match.')
  assert.match(paged.err, /--cursor \S+/)
  assert.match(shown.out, new RegExp(`^CALL +${ids[0]}`))
  assert.match(shown.out, /^inputTokens +1000$/m)
  assert.match(shown.out, /Cost: \$0\.003500\./)
  assert.deepEqual([unknown.code, /has no call "req_none"/.test(unknown.err)], [1, true])
})

test('calls show prints the estimate, the hold and the unbounded mark of a call', async t => {
  const { run, gateway, ids } = await arrange(t)
  const [id] = ids
  const plain = await run(`calls show ${id}`)
  await gateway.app.pg.query(
    'update calls set estimated = true, estimate = $2, unbounded = true, held_nanos = 5000000 where id = $1',
    [id, 'input: reported; output: 3.0 s x 240 tokens/s'],
  )

  const { out } = await run(`calls show ${id}`)

  assert.doesNotMatch(plain.out, /estimated:|estimated\.|Unbounded/)
  assert.match(out, /^Cost: \$0\.003500, estimated\. Held: \$0\.005000\.$/m)
  assert.match(out, /^Estimated from: input: reported; output: 3\.0 s x 240 tokens\/s\.$/m)
  assert.match(out, /^Unbounded: .* may cost more than was held\.$/m)
})

test('refusals prints counts and samples, and calls show prints the reason of a refusal', async t => {
  const { run, gateway } = await arrange(t)
  const poor = await gateway.client({ name: 'poor', budget: { day: 0.000001 } })
  const response = await gateway.post('/v1/messages', poor, message(PAID))
  await gateway.post('/v1/messages', 'tg_unknown', message(PAID))
  const id = String(response.headers.get('request-id'))
  await until(async () => JSON.parse((await run('refusals --json')).out).rows.length === 2)

  const { code, out } = await run('refusals')
  const filtered = await run('refusals --client poor --reason request_exceeds_budget --limit 1')
  const none = await run('refusals --client frontend')
  const wrong = await run('refusals --from yesterday')
  const shown = await run(`calls show ${id}`)

  assert.equal(code, 0)
  assert.match(out, /^poor +request_exceeds_budget +client:poor +1 /m)
  assert.match(out, /^no client +/m)
  assert.match(out, /^SAMPLE +CLIENT/m)
  assert.match(out, new RegExp(`poor +claude-haiku-4-5 +402 +${id} +This call may need`))
  assert.doesNotMatch(filtered.out, /no client/)
  assert.match(none.out, /No refused calls\.$/)
  assert.deepEqual([wrong.code, /^--from: found "yesterday", expected a day/.test(wrong.err)], [1, true])
  assert.match(
    shown.out,
    /^CALL +req_\w+\n[\s\S]*^reason +request_exceeds_budget$[\s\S]*^scope +client:poor$/m,
  )
  assert.match(
    shown.out,
    /\nThe gateway refused the call: .*\nThe call was not sent to an upstream and cost nothing\.$/,
  )
  assert.doesNotMatch(shown.out, /Cost:/)
})

test('calls --follow prints each call once as it ends', async t => {
  const { gateway, key, ids, start } = await arrange(t)
  const people = start('calls --follow')
  const machines = start('calls --follow --client frontend --json')
  await until(async () => people.printed.length === 1 && machines.printed.length === 1)

  const response = await gateway.post('/v1/messages', key, message(PAID, { max_tokens: 1000 }))

  const id = String(response.headers.get('request-id'))
  await until(async () => people.printed.length === 2 && machines.printed.length === 2)
  assert.match(people.printed[0] ?? '', new RegExp(String(ids[0])))
  assert.match(people.printed[1] ?? '', new RegExp(`frontend +claude-haiku-4-5 .*${id}`))
  assert.equal(JSON.parse(machines.printed[1] ?? '').id, id)
  assert.deepEqual(await Promise.all([people.stop(), machines.stop()]), [0, 0])
  assert.equal(people.printed.length, 2)
})

test('verify prints differences of counters and ledger, and the exit code is 1', async t => {
  const { run, gateway } = await arrange(t)

  const right = await run('verify')
  await gateway.app.pg.query('update calls set cost_nanos = cost_nanos + 1')
  await gateway.app.pg.query('update usage_daily set cost_nanos = cost_nanos + 1')
  const wrong = await run('verify')
  const json = await run('verify --json')

  assert.deepEqual(
    [right.code, right.out],
    [0, '3 scopes compared for day and month: counters and ledger agree.'],
  )
  assert.equal(wrong.code, 1)
  assert.match(wrong.out, /^gateway +day +\$0\.003500000 +\$0\.003500001 +\$0\.000000000 +\$-0\.000000001$/m)
  assert.match(wrong.err, /6 differ/)
  assert.deepEqual([json.code, JSON.parse(json.out).ok], [1, false])
})

test('verify prints no numbers while counters are being restored', async t => {
  const { run, gateway } = await arrange(t)
  // The lock of another replica, which never finishes.
  await gateway.app.redis.multi().flushdb().set('{tollgate}:rebuild', 'another replica').exec()

  const { code, out, err } = await run('verify')

  assert.deepEqual([code, out], [1, ''])
  assert.match(err, /counters are being restored from the ledger/)
})

test('explain prints the rules, the price and the current usage of each limit', async t => {
  const { run } = await arrange(t)

  await run('clients update frontend --hold ceiling --max-wait 2s')
  const { code, out } = await run('explain frontend claude-haiku-4-5')
  const unknown = await run('explain frontend claude-none')
  const json = await run('explain frontend gpt-6-luna --json')

  assert.equal(code, 0)
  assert.match(out, /^EXPLAIN +frontend, claude-haiku-4-5/)
  assert.match(out, /^allowed +yes, every model is allowed$/m)
  assert.match(out, /^goes to +ezai \(anthropic\), ezai \(openai\)$/m)
  assert.match(out, /^price +claude-haiku-4-5, US dollars a million tokens: in 1, out 5, /m)
  assert.match(out, /^hold +ceiling: a running call holds its input and its whole output limit$/m)
  assert.match(out, /^max wait +2 s$/m)
  assert.match(out, /^LIMIT OF +client:frontend\n(.*\n)*budget a day +\$5\.00 +\$0\.003500 spent/m)
  assert.match(out, /^LIMIT OF +team:web/m)
  assert.match(out, /^LIMIT OF +gateway/m)
  assert.deepEqual([unknown.code, /no model "claude-none"/.test(unknown.err)], [1, true])
  assert.equal(JSON.parse(json.out).allowed, true)
})

test('alerts test sends one alert and prints the response of the webhook', async t => {
  const receiver = await startReceiver(t, [200, 404, 'cut'])
  const env = {
    ALERT_WEBHOOK_URL: receiver.url,
    ALERT_WEBHOOK_SECRET: 'webhook-secret',
    PUBLIC_URL: 'https://ai.example.com/',
  }
  const { run, gateway } = await startShell(t, { env })

  const taken = await run('alerts test')
  const refused = await run('alerts test --json')
  const cut = await run('alerts test')

  assert.deepEqual(taken, {
    code: 0,
    out: 'The webhook accepted the test alert and responded with 200.',
    err: '',
  })
  assert.equal(refused.code, 1)
  const reported = { delivered: false, status: 404, error: 'the webhook answered 404' }
  assert.deepEqual(JSON.parse(refused.out), reported)
  assert.equal(cut.code, 1)
  assert.match(cut.out, /^The test alert was not delivered: the webhook cannot be reached: UND_ERR_SOCKET\. /)
  assert.equal(receiver.posts.length, 3)
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.posts
  assert.match(
    JSON.parse(body).text,
    /^ai\.example\.com: \[info\] This is a test alert\. .*\n<https:.*\/dashboard\/alerts\|/,
  )
  assert.match(String(headers['x-tollgate-signature']), /^sha256=/)
  const { body: listed } = await gateway.admin('GET', '/alerts')
  const { body: audited } = await gateway.admin('GET', '/audit?action=alert.test&target=gateway')
  assert.match(
    JSON.stringify(listed),
    /^\{"alerts":\[\{[^[\]]*"kind":"test"[^[\]]*"delivery":"delivered"[^[\]]*\}\]\}$/,
  )
  assert.equal(JSON.stringify(audited).match(/"who":"ADMIN_TOKEN"/g)?.length, 3)
  assert.doesNotMatch(
    JSON.stringify([gateway.lines, taken, refused, cut, listed, audited]),
    /secret-path|webhook-secret/,
  )
})

test('alerts are listed with their delivery', async t => {
  const { run, gateway } = await arrange(t)
  const none = await run('alerts')
  const tried = await run('alerts test')
  await gateway.app.pg.query(
    `insert into alerts (kind, dedupe, severity, scope, title, details, raised_at)
     values ('budget_spent', 'x', 'warning', 'client:frontend', 'Half of it is spent', '{}', '2026-11-23T10:00:00Z'),
       ('output_rate_exceeded', 'y', 'critical', 'upstream:ezai', 'It was fast', '{}', '2026-11-23T11:00:00Z')`,
  )

  assert.deepEqual([tried.code, tried.out], [1, ''])
  assert.match(
    tried.err,
    /^ALERT_WEBHOOK_URL: found nothing, expected the URL of a webhook .* Set it where the gateway runs/,
  )
  const { code, out } = await run('alerts')

  assert.equal(none.out, 'No alerts match.')
  assert.equal(code, 0)
  assert.match(
    out,
    /2026-11-23 10:00 +warning +budget_spent +client:frontend +no_webhook +Half of it is spent/,
  )
  assert.match(
    out,
    /^output_rate_exceeded: an upstream generates faster than the price table states; raise /m,
  )
})

test('commands of the ledger refuse wrong arguments, and each has help', async t => {
  const { run } = await startShell(t)
  for (const [line, words] of [
    ['explain frontend', /^explain: found frontend, expected <client> <model>\./],
    ['calls --follow --limit 3', /^--follow does not accept --limit: /],
    ['calls show', /^calls show: found nothing, expected <id>\./],
    ['verify now', /^verify: found now, expected nothing more\./],
    ['apply', /^apply: found nothing, expected <file>\./],
  ] as const) {
    const { code, err } = await run(line)
    assert.deepEqual([code, words.test(err)], [2, true], `${line}: ${err}`)
  }
  for (const name of ['usage', 'calls', 'calls show', 'verify', 'explain', 'alerts', 'apply']) {
    const { code, out } = await run(`${name} --help`)
    assert.deepEqual([code, out.includes(`Usage: tollgate ${name}`)], [0, true], name)
  }
})
