/** Compares the data in Redis with the oracle. */

import assert from 'node:assert/strict'
import { DAY, type Fixture } from './fixture.ts'
import type { Line, Oracle } from './oracle.ts'

/** An ended window is no limit any more, and may be dropped when it ended this long ago. */
const KEPT = 2 * DAY

const LIST = `
  local scopes = {}
  for _, key in ipairs(redis.call('KEYS', KEYS[1] .. 'scope:*')) do
    scopes[#scopes + 1] = { key:sub(#KEYS[1] + 7), redis.call('HGETALL', key) }
  end
  local tombstones = {}
  for _, key in ipairs(redis.call('KEYS', KEYS[1] .. 'done:*')) do
    tombstones[#tombstones + 1] = { key:sub(#KEYS[1] + 6), redis.call('GET', key) }
  end
  local leases = redis.call('ZRANGE', KEYS[1] .. 'leases', 0, -1, 'WITHSCORES')
  return { scopes, tombstones, redis.call('HGETALL', KEYS[1] .. 'holds'), leases }`

/** `askable`: ids of calls whose tombstones must still be there. */
export async function agree(fixture: Fixture, oracle: Oracle, askable: Iterable<string>): Promise<void> {
  const reply = await fixture.redis.eval(LIST, 1, '{tollgate}:')
  assert.ok(Array.isArray(reply))
  const [scopes, tombstones, holds, leases] = reply
  const expected = oracle.expected(fixture.now())
  const hashes = new Map<string, Map<string, string>>(
    scopes.map(([key, list]: [string, string[]]) => [key, pairs(list)]),
  )

  for (const { key, running, reserved, missing, windows } of expected.scopes) {
    const hash = hashes.get(key) ?? new Map<string, string>()
    assert.equal(Number(hash.get('running') ?? 0), running, `${key}: running`)
    assert.equal(Number(hash.get('reserved')?.split(' ')[0] ?? 0), reserved, `${key}: reserved`)
    for (const [kind, units, per] of missing) {
      const [found, foundPer] = missingIn(hash.get(kind), fixture.now())
      // Two fractions are one when their cross products are.
      assert.equal(found * per, units * foundPer, `${key}: ${kind}`)
    }
    for (const [name, { spent, held }] of windows) {
      assert.equal(BigInt(hash.get(`${name}:held`) ?? 0), held, `${key}: ${name} held`)
      const isDropped = endOf(name) + KEPT <= fixture.now()
      if (!isDropped) assert.equal(BigInt(hash.get(`${name}:spent`) ?? 0), spent, `${key}: ${name} spent`)
    }
  }
  const known = new Set(expected.scopes.map(({ key }) => key))
  for (const key of hashes.keys()) assert.ok(known.has(key), `${key} has counters, and should not`)

  const ends = pairs(leases)
  assert.deepEqual(
    [...pairs(holds)].map(([id, text]) => [id, Number(text.split('\n')[0]), Number(ends.get(id))]).sort(),
    expected.holds.map(({ id, at, leaseEnds }) => [id, at, leaseEnds]).sort(),
  )
  assert.equal(ends.size, expected.holds.length)

  const found = new Map<string, string>(tombstones)
  for (const id of askable) {
    const end = expected.ends.get(id)
    const text = end && (end.kind === 'lost' ? `lost ${end.at} ${end.nanos}` : `settled ${end.seq}`)
    assert.equal(found.get(id), text, `tombstone of ${id}`)
  }
}

/** The stream holds these entries, in this order. */
export async function agreeOnLedger(fixture: Fixture, stream: Line[]): Promise<void> {
  const found = (await fixture.entries()).map(({ id, seq, at, nanos, held, data }) => {
    const lost = JSON.parse(data).outcome === 'lost'
    return { id, seq: Number(seq), at: Number(at), nanos: Number(nanos), held: Number(held), lost }
  })
  assert.deepEqual(found, stream)
}

function missingIn(kept: string | undefined, now: number): [units: bigint, per: bigint] {
  if (kept === undefined) return [0n, 1n]
  const [deficit = 0n, num = 0n, den = 1n, at = 0n] = kept.split(' ').map(BigInt)
  const left = deficit - num * (BigInt(now) - at)
  return [left > 0n ? left : 0n, den]
}

function endOf(window: string): number {
  const [year, month, day] = [window.slice(1, 5), window.slice(5, 7), window.slice(7)].map(Number)
  return day ? Date.UTC(year!, month! - 1, day + 1) : Date.UTC(year!, month!)
}

function pairs(list: string[]): Map<string, string> {
  const map = new Map<string, string>()
  for (let i = 0; i + 1 < list.length; i += 2) map.set(list[i]!, list[i + 1]!)
  return map
}
