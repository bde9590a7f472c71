import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createThrottle } from '../../src/admin/throttle.ts'

function arrange() {
  let now = 0
  const throttle = createThrottle(() => now)
  const fail = (address: string, times: number) => {
    for (let i = 0; i < times; i++) throttle.failed(address)
  }
  return {
    throttle,
    fail,
    pass: (ms: number) => {
      now += ms
    },
  }
}

test('four wrong tokens cause no wait, and each further one doubles the wait up to a minute', () => {
  const { throttle, fail } = arrange()
  const waits = []

  for (let i = 0; i < 13; i++) {
    fail('192.0.2.1', 1)
    waits.push(throttle.wait('192.0.2.1') / 1000)
  }

  assert.deepEqual(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60])
})

test('a request passes after the wait', () => {
  const { throttle, fail, pass } = arrange()
  fail('192.0.2.1', 6)

  pass(1999)
  assert.equal(throttle.wait('192.0.2.1'), 1)
  pass(1)
  assert.equal(throttle.wait('192.0.2.1'), 0)
})

test('addresses of one IPv6 network are one source, and those of two networks are two', () => {
  const { throttle, fail } = arrange()
  for (const last of ['::1', ':2:3:4:5', '::ffff', ':0:0:0:9', ':a::']) fail(`2001:db8:1:2${last}`, 1)

  assert.ok(throttle.wait('2001:db8:1:2::42') > 0)
  assert.equal(throttle.wait('2001:db8:1:3::1'), 0)
  fail('::1', 5)
  assert.ok(throttle.wait('::1') > 0)
  assert.equal(throttle.wait('::ffff:192.0.2.1'), 0)
})

test('the throttle remembers a bounded number of addresses', () => {
  const { throttle, fail } = arrange()
  fail('192.0.2.1', 5)

  for (let i = 0; i < 20_000; i++) fail(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 1)

  assert.equal(throttle.wait('192.0.2.1'), 0)
})
