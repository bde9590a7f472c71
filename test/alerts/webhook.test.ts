import assert from 'node:assert/strict'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { openWebhook, type WebhookOptions } from '../../src/alerts/webhook.ts'
import { freePort } from '../servers.ts'
import { alertOf, startReceiver } from './bed.ts'

const SECRET = 'whsec-never-to-be-seen'
const raised = { ...alertOf(), raisedAt: new Date('2026-11-23T12:00:00Z') }

function open(t: TestContext, options: Partial<WebhookOptions> & { url: string }) {
  const webhook = openWebhook({ timeoutMs: 2000, ...options })
  t.after(() => webhook.close())
  return webhook
}

test('Slack gets a text and blocks, programs get the same as metadata', async t => {
  const receiver = await startReceiver(t)

  await open(t, receiver).send(raised)

  const body = JSON.parse(receiver.posts[0]?.body ?? '')
  assert.deepEqual(Object.keys(body), ['text', 'blocks', 'metadata'])
  assert.equal(
    body.text,
    '[warning] client:frontend has spent 80 % of its budget for this day: $4.00 of $5.00 spent.',
  )
  assert.deepEqual(body.blocks, [
    { type: 'section', text: { type: 'mrkdwn', text: body.text } },
    {
      type: 'section',
      fields: [
        { type: 'mrkdwn', text: '*percent*\n80' },
        { type: 'mrkdwn', text: '*limitUsd*\n5' },
        { type: 'mrkdwn', text: '*spentUsd*\n4' },
      ],
    },
  ])
  const { event_type, event_payload } = body.metadata
  assert.equal(event_type, 'tollgate_alert')
  assert.match(event_payload.sentAt, /^\d{4}-\d\d-\d\dT/)
  assert.deepEqual(
    { ...event_payload, sentAt: undefined },
    { ...alertOf(), raisedAt: '2026-11-23T12:00:00.000Z', sentAt: undefined },
  )
})

test('a name cannot make Slack call everybody', async t => {
  const receiver = await startReceiver(t)

  await open(t, receiver).send({ ...raised, title: 'team <!channel> & <https://evil.example|co>' })

  const { text } = JSON.parse(receiver.posts[0]?.body ?? '')
  assert.equal(text, '[warning] team &lt;!channel&gt; &amp; &lt;https://evil.example|co&gt;')
})

test('with a secret, the receiver can tell that the body is ours and when it was sent', async t => {
  const receiver = await startReceiver(t)

  await open(t, { ...receiver, secret: SECRET }).send(raised)

  const { headers, body } = receiver.posts[0]!
  const expected = createHmac('sha256', SECRET).update(body).digest()
  const given = Buffer.from(String(headers['x-tollgate-signature']).replace(/^sha256=/, ''), 'hex')
  assert.ok(timingSafeEqual(given, expected))
  assert.equal(headers['x-tollgate-timestamp'], JSON.parse(body).metadata.event_payload.sentAt)
  assert.ok(!JSON.stringify(receiver.posts).includes(SECRET))
})

test('without a secret, nothing is signed', async t => {
  const receiver = await startReceiver(t)
  await open(t, receiver).send(raised)
  assert.deepEqual(
    Object.keys(receiver.posts[0]?.headers ?? {}).filter(name => name.startsWith('x-tollgate')),
    [],
  )
})

test('no failure is an answer, and none of them quotes the URL', async t => {
  const receiver = await startReceiver(t, [
    500,
    response => response.writeHead(302, { location: receiver.url }).end(),
    'cut',
    'silence',
    response => response.writeHead(429, { 'retry-after': '7' }).end(),
  ])
  const nobody = `http://127.0.0.1:${await freePort()}/services/T0/B0/secret-path`
  const attempts = [
    [receiver.url, 'the webhook answered 500', 0],
    [receiver.url, 'the webhook answered 302', 0],
    [receiver.url, 'the webhook cannot be reached: UND_ERR_SOCKET', 0],
    [receiver.url, 'the webhook did not answer within 300 ms', 0],
    [receiver.url, 'the webhook answered 429', 7000],
    [nobody, 'the webhook cannot be reached: ECONNREFUSED', 0],
    ['http://secret-host.invalid/secret-path', 'the webhook cannot be reached: ENOTFOUND', 0],
  ] as const
  for (const [url, message, retryAfterMs] of attempts) {
    const webhook = open(t, { url, timeoutMs: 300 })
    await assert.rejects(webhook.send(raised), { message, retryAfterMs })
  }
  assert.equal(receiver.posts.length, 5, 'the redirect was not followed')
})

test('whoever has said 2xx has it, however long the rest of the answer takes', async t => {
  const receiver = await startReceiver(t, [response => response.writeHead(200).write('and then nothing')])
  await open(t, { url: receiver.url, timeoutMs: 300 }).send(raised)
})
