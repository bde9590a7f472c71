import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { documentation, parseConfig } from '../src/config.ts'

const upstream = { EZAI_API_KEY: 'ezai-key' }

test('an upstream key is all that must be set', () => {
  const config = parseConfig(upstream)

  assert.equal(config.PORT, 4000)
  assert.equal(config.HOST, '127.0.0.1')
  assert.equal(config.BUDGET_STATUS_OPENAI, 429)
})

test('every fault is told at once, with what was found, what was expected and how to mend it', () => {
  const faulty = { PORT: 'http', CACHE_TTL_SECONDS: '-1', BUDGET_STATUS_OPENAI: '403' }

  assert.throws(
    () => parseConfig(faulty),
    (error: Error) => {
      const lines = error.message.split('\n')
      assert.deepEqual(
        lines.map(line => line.split(':')[0]),
        ['PORT', 'CACHE_TTL_SECONDS', 'BUDGET_STATUS_OPENAI', 'EZAI_API_KEY'],
      )
      for (const line of lines) assert.match(line, /found .+, expected .+\. (Correct|Set)/)
      return true
    },
  )
})

for (const [name, value] of [
  ['DEFAULT_MAX_TOKENS', '1.5'],
  ['BODY_LIMIT_BYTES', '0'],
  ['DRAIN_SECONDS', '1000000000'],
  ['EZAI_BASE_URL', 'https://ezaiapi.com/v1'],
] as const) {
  test(`${name}=${value} is refused`, () => {
    assert.throws(() => parseConfig({ ...upstream, [name]: value }), new RegExp(`^Error: ${name}: found`))
  })
}

test('a faulty secret is not shown', () => {
  assert.throws(
    () => parseConfig({ ...upstream, ADMIN_TOKEN: 'very secret' }),
    (error: Error) =>
      error.message.includes('a value of 11 characters') && !error.message.includes('very secret'),
  )
})

test('an empty variable is an unset one', () => {
  assert.equal(parseConfig({ ...upstream, PORT: '', REDIS_URL: '' }).PORT, 4000)
})

test('.env.example names every variable once, with its default and its meaning', () => {
  const example = readFileSync(new URL('../.env.example', import.meta.url), 'utf8')

  const expected = documentation.map(
    ({ name, fallback, description }) =>
      `# ${description}\n${fallback === undefined ? '# ' : ''}${name}=${fallback ?? ''}\n`,
  )
  assert.equal(example, expected.join('\n'))
})
