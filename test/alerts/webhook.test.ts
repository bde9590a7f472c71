import assert from 'node:assert/strict'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { messageOf } from '../../src/alerts/message.ts'
import { senderOf } from '../../src/alerts/sender.ts'
import { openWebhook, type WebhookOptions } from '../../src/alerts/webhook.ts'
import { configOf } from '../config-of.ts'
import { freePort } from '../servers.ts'
import { alertOf, startReceiver } from './fixture.ts'

const SECRET = 'whsec-never-to-be-seen'
const raised = { ...alertOf(), raisedAt: new Date('2026-11-23T12:00:00Z') }

function open(t: TestContext, options: Partial<WebhookOptions> & { url: string }) {
  const webhook = openWebhook({ timeoutMs: 2000, sender: { name: 'tollgate' }, ...options })
  t.after(() => webhook.close())
  return webhook
}

test('the payload has a text and blocks for Slack, and the same as metadata for programs', async t => {
  const receiver = await startReceiver(t)

  await open(t, receiver).send(raised)

  const body = JSON.parse(receiver.posts[0]?.body ?? '')
  const head = '[warning] client:frontend has spent 80 % of its budget for this day: $4.00 of $5.00 spent.'
  assert.deepEqual(Object.keys(body), ['text', 'blocks', 'metadata'])
  assert.equal(body.text, `tollgate: ${head}`)
  assert.deepEqual(body.blocks, [
    { type: 'section', text: { type: 'mrkdwn', text: head } },
    {
      type: 'section',
      fields: [
        { type: 'mrkdwn', text: '*Percent*\n80 %' },
        { type: 'mrkdwn', text: '*Limit*\n$5.00' },
        { type: 'mrkdwn', text: '*Spent*\n$4.00' },
      ],
    },
    { type: 'context', elements: [{ type: 'mrkdwn', text: 'tollgate · raised 2026-11-23 12:00 UTC' }] },
  ])
  const { event_type, event_payload } = body.metadata
  assert.equal(event_type, 'tollgate_alert')
  assert.match(event_payload.sentAt, /^\d{4}-\d\d-\d\dT/)
  assert.deepEqual(
    { ...event_payload, sentAt: undefined },
    { ...alertOf(), raisedAt: '2026-11-23T12:00:00.000Z', sentAt: undefined, gateway: 'tollgate' },
  )
})

test('details are readable: amounts in dollars, times in UTC, numbers with commas', () => {
  const details = {
    limitUsd: 1234.5,
    costUsd: 0.0000123,
    resetsAt: '2026-12-01T00:00:00.000Z',
    pending: 1234567,
    reqId: 'req_1',
    maxOutputTokensPerSecond: 0.5,
    fault: 'x'.repeat(5000),
  }

  const { blocks } = JSON.parse(messageOf({ ...raised, details }, new Date(), { name: 'tollgate' }))

  assert.deepEqual(
    blocks[1].fields.map(({ text }: { text: string }) => text),
    [
      '*Limit*\n$1,234.50',
      '*Cost*\n$0.000012',
      '*Resets at*\n2026-12-01 00:00 UTC',
      '*Pending*\n1,234,567',
      '*Req id*\nreq_1',
      '*Max output tokens per second*\n0.5',
      `*Fault*\n${'x'.repeat(300)}…`,
    ],
  )
})

test('an alert names its gateway and links to the client or the alerts that it is about', () => {
  const textOf = (scope: string, env: Record<string, string>) => {
    const sender = senderOf(
      configOf({ EZAI_API_KEY: 'key', ADMIN_TOKEN: 'a-token-of-enough-characters', ...env }),
    )
    return JSON.parse(messageOf({ ...raised, scope, title: 'A title.', details: {} }, new Date(), sender))
      .text
  }
  const linked = 'ai.example.com: [warning] A title.\n'

  for (const [PUBLIC_URL, base] of [
    ['https://ai.example.com', 'https://ai.example.com'],
    ['https://ai.example.com/', 'https://ai.example.com'],
    ['https://ai.example.com/gate/way//', 'https://ai.example.com/gate/way'],
  ] as const) {
    const client = textOf('client:front@end', { PUBLIC_URL })
    assert.equal(client, `${linked}<${base}/dashboard/clients/front%40end|Open client front@end>`)
    const team = textOf('team:web', { PUBLIC_URL })
    assert.equal(team, `${linked}<${base}/dashboard/teams/web|Open team web>`)
    for (const scope of ['gateway', 'upstream:ezai'])
      assert.equal(textOf(scope, { PUBLIC_URL }), `${linked}<${base}/dashboard/alerts|Open the alerts>`)
  }
  assert.equal(
    textOf('gateway', { PUBLIC_URL: 'http://10.0.0.1:8080', ADMIN_TOKEN: '' }),
    '10.0.0.1:8080: [warning] A title.',
  )
  assert.equal(textOf('gateway', { OTEL_SERVICE_NAME: 'staging' }), 'staging: [warning] A title.')
})

test('a name cannot cause a Slack mention', async t => {
  const receiver = await startReceiver(t)

  await open(t, receiver).send({ ...raised, title: 'team <!channel> & <https://evil.example|co>' })

  const { text } = JSON.parse(receiver.posts[0]?.body ?? '')
  assert.equal(text, 'tollgate: [warning] team &lt;!channel&gt; &amp; &lt;https://evil.example|co&gt;')
})

test('a secret adds a signature that proves the sender and the time of the body', async t => {
  const receiver = await startReceiver(t)

  await open(t, { ...receiver, secret: SECRET }).send(raised)

  const { headers, body } = receiver.posts[0]!
  const expected = createHmac('sha256', SECRET).update(body).digest()
  const given = Buffer.from(String(headers['x-tollgate-signature']).replace(/^sha256=/, ''), 'hex')
  assert.ok(timingSafeEqual(given, expected))
  assert.equal(headers['x-tollgate-timestamp'], JSON.parse(body).metadata.event_payload.sentAt)
  assert.ok(!JSON.stringify(receiver.posts).includes(SECRET))
})

test('a request without a secret has no signature', async t => {
  const receiver = await startReceiver(t)
  await open(t, receiver).send(raised)
  assert.deepEqual(
    Object.keys(receiver.posts[0]?.headers ?? {}).filter(name => name.startsWith('x-tollgate')),
    [],
  )
})

test('each failure is reported as an error without the URL', async t => {
  const receiver = await startReceiver(t, [
    500,
    response => response.writeHead(302, { location: receiver.url }).end(),
    'cut',
    'silence',
    response => response.writeHead(429, { 'retry-after': '7' }).end(),
  ])
  const unreachable = `http://127.0.0.1:${await freePort()}/services/T0/B0/secret-path`
  const attempts = [
    [receiver.url, 'the webhook answered 500', 0],
    [receiver.url, 'the webhook answered 302', 0],
    [receiver.url, 'the webhook cannot be reached: UND_ERR_SOCKET', 0],
    [receiver.url, 'the webhook did not answer within 300 ms', 0],
    [receiver.url, 'the webhook answered 429', 7000],
    [unreachable, 'the webhook cannot be reached: ECONNREFUSED', 0],
    ['http://secret-host.invalid/secret-path', 'the webhook cannot be reached: ENOTFOUND', 0],
  ] as const
  for (const [url, message, retryAfterMs] of attempts) {
    const webhook = open(t, { url, timeoutMs: 300 })
    await assert.rejects(webhook.send(raised), { message, retryAfterMs })
  }
  assert.equal(receiver.posts.length, 5, 'the redirect was not followed')
})

test('a 2xx status counts as delivered, however long the body takes', async t => {
  const receiver = await startReceiver(t, [response => response.writeHead(200).write('and then nothing')])
  await open(t, { url: receiver.url, timeoutMs: 300 }).send(raised)
})
