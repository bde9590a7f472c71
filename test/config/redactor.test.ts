import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ownSecrets } from '../../src/config/own-secrets.ts'
import { createRedactor } from '../../src/config/redactor.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { configOf } from '../config-of.ts'

const SECRET = 'b9c1d2e3f4a5968778695a4b'

describe('the redactor', () => {
  it('replaces a secret in text, as it is, as JSON and as a URL write it', () => {
    const { text } = createRedactor(['a "quoted"/secret', 'short-er'])
    assert.equal(
      text('a "quoted"/secret, a \\"quoted\\"/secret, a%20%22quoted%22%2Fsecret, short-er.'),
      '[…], […], […], […].',
    )
  })

  it('replaces a secret in lower case, and with the escapes of JSON and URLs', () => {
    const { bytes, text } = createRedactor(['b9f2c7d1Plain/with+chars9Zq'])
    for (const written of [
      'b9f2c7d1plain/with+chars9zq',
      'b9f2c7d1Plain\\/with\\u002bchars9Zq',
      'b9f2c7d1Plain\\u002Fwith\\u002Bchars9Zq',
      'b9f2c7d1plain%2fwith%2bchars9zq',
    ]) {
      assert.equal(text(written), '[…]')
      assert.equal(bytes(Buffer.from(written)).toString(), 'x'.repeat(written.length))
    }
  })

  it('replaces the longest of two secrets that overlap', () => {
    assert.equal(createRedactor(['password', 'password-and-more']).text('password-and-more'), '[…]')
  })

  it('replaces a short secret as a whole word only, and none of fewer than four characters', () => {
    const { text } = createRedactor(['redis', 'abc'])
    assert.equal(
      text('redis://redis, redistribute, pre-redis, abc'),
      '[…]://[…], redistribute, pre-redis, abc',
    )
  })

  it('also replaces the old value of a changed secret', () => {
    const { add, text } = createRedactor(['the-first-key'])
    add('the-second-key')
    assert.equal(text('the-first-key the-second-key'), '[…] […]')
  })

  it('replaces long secrets in bytes, in place, for any chunks', () => {
    const { bytes, chunks } = createRedactor([SECRET, 'shorter-one', 'redis://127.0.0.1:6379'])
    const harmless = Buffer.from('shorter-one at redis://127.0.0.1:6379 b9c1')
    assert.equal(bytes(harmless), harmless)

    const text = `b9c1d2${SECRET}é${SECRET}${SECRET.slice(0, -1)}`
    const expected = `b9c1d2${'x'.repeat(24)}é${'x'.repeat(24)}${SECRET.slice(0, -1)}`
    const raw = Buffer.from(text)
    for (let cut = 0; cut <= raw.length; cut++)
      for (const parts of [
        [raw.subarray(0, cut), raw.subarray(cut)],
        [...raw].map(one => Buffer.from([one])),
      ]) {
        const through = chunks()
        const out = [...parts.map(through.push), through.end() ?? Buffer.alloc(0)]
        assert.equal(Buffer.concat(out).toString(), expected)
      }
  })

  it('passes bytes at once if they begin no secret', () => {
    const chunk = Buffer.from('data: {"text":"hello"}\n\n')
    assert.equal(createRedactor([SECRET]).chunks().push(chunk), chunk)
  })
})

describe('the secrets of a configuration', () => {
  const secrets = (env: Record<string, string>) => ownSecrets(configOf({ EZAI_API_KEY: 'ezai-key', ...env }))

  it('are its keys and tokens', () => {
    const env = {
      ANTHROPIC_API_KEY: 'one',
      OPENAI_API_KEY: 'two',
      ADMIN_TOKEN: 'three-as-long-as-it-must-be',
      METRICS_TOKEN: 'four',
      ALERT_WEBHOOK_SECRET: 'five',
    }
    for (const secret of ['ezai-key', ...Object.values(env)]) assert.ok(secrets(env).includes(secret))
    assert.ok(!secrets(env).includes('127.0.0.1'))
  })

  it('are the passwords inside its URLs, written and decoded', () => {
    const found = secrets({
      REDIS_URL: 'redis://:p%40ss-one@a:1,redis://user:pass-two@b:2',
      DATABASE_URL: 'postgres://user:pass%2Fthree@host/db',
      EZAI_BASE_URL: 'https://user:pass-four@example.com',
    })
    for (const secret of ['p%40ss-one', 'p@ss-one', 'pass-two', 'pass/three', 'pass-four'])
      assert.ok(found.includes(secret), secret)
    for (const [REDIS_URL, password] of [
      ['unix:///run/redis.sock?db=1&password=pass-five', 'pass-five'],
      ['unix:///run/redis.sock?password=pass+six%2F', 'pass six/'],
      ['redis://:pa#ss:seven@host', 'pa#ss:seven'],
      ['redis-sentinel://:pass-eight@a,b/main?sentinelPassword=pass%20nine', 'pass nine'],
    ] as const)
      assert.ok(secrets({ REDIS_URL }).includes(password), password)
  })

  it('are the path of the webhook and the values of the collector’s headers', () => {
    const found = secrets({
      ALERT_WEBHOOK_URL: 'https://hooks.example.com/services/T0123/B0456/xyz',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20collector-token,x-key=another',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=Bearer%20traces-token',
    })
    for (const secret of ['/services/T0123/B0456/xyz', 'collector-token', 'another', 'traces-token'])
      assert.ok(found.includes(secret), secret)
  })
})

describe('the log', () => {
  it('has no secret in any part of a line', () => {
    const lines: string[] = []
    const { text } = createRedactor([SECRET])
    const log = createLogger('info', { write: line => void lines.push(line) }, text)

    const error = Object.assign(new Error(`AUTH ${SECRET}`), { command: { name: 'auth', args: [SECRET] } })
    log.error({ err: error, [SECRET]: [SECRET] }, `not ${SECRET}`)

    assert.doesNotMatch(lines.join(''), new RegExp(SECRET))
    assert.equal(JSON.parse(lines[0] ?? '').msg, 'not […]')
  })
})
