import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { windowsAt } from '../../src/lua/calendar.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { testRedis } from '../servers.ts'

const calendar = readFileSync(new URL('../../src/lua/prelude/calendar.lua', import.meta.url), 'utf8')
const ASK = `
  local DAY = 86400000
  local floor, format = math.floor, string.format
  ${calendar}
  local results = {}
  for i, ms in ipairs(ARGV) do
    local at = windowsAt(tonumber(ms))
    local day, month = at.day.spent:match('^[^:]+'), at.month.spent:match('^[^:]+')
    results[i] = { day, at.day.ends, endOf(day), month, at.month.ends, endOf(month) }
  end
  return results`

test('Redis and the gateway compute the same windows', async t => {
  const redis = connectRedis((await testRedis(t)).url)
  t.after(() => redis.disconnect())
  const edges = [1600, 1900, 2000, 2024, 2026, 2100].flatMap(year =>
    [0, 1, 2, 11, 12].flatMap(month => [-1, 0, 1].map(ms => Math.max(0, Date.UTC(year, month) + ms))),
  )
  const anyMoment = fc.integer({ min: 0, max: Date.UTC(3000, 0) })
  const property = fc.asyncProperty(
    fc.array(anyMoment, { minLength: 100, maxLength: 100 }),
    async moments => {
      const all = [...moments, ...edges]
      const expected = all.map(windowsAt).map(({ day, month }) => {
        return [day.name, day.endsAt, day.endsAt, month.name, month.endsAt, month.endsAt]
      })
      assert.deepEqual(await redis.eval(ASK, 0, ...all), expected)
    },
  )
  await fc.assert(property, { seed: 20261123, numRuns: 50 })
})

test('a window has the name of its UTC date, and begins at the end of the window before it', () => {
  const { day, month } = windowsAt(Date.parse('2028-02-29T23:59:59.999Z'))
  assert.deepEqual(day, {
    name: 'd20280229',
    startsAt: Date.parse('2028-02-29T00:00:00Z'),
    endsAt: Date.parse('2028-03-01T00:00:00Z'),
  })
  assert.deepEqual(month, {
    name: 'm202802',
    startsAt: Date.parse('2028-02-01T00:00:00Z'),
    endsAt: Date.parse('2028-03-01T00:00:00Z'),
  })
})
