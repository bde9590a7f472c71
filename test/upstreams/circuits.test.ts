/** The circuits of an upstream: states and waits, with a clock set by hand. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal } from '../../src/errors.ts'
import { createCircuits } from '../../src/upstreams/circuits.ts'

const MODEL = 'claude-haiku-4-5'
const refused = refusal('upstream_refused_us', 'No.', { reason: 'the provider answered 401' })

function arrange() {
  let now = 0
  const circuits = createCircuits({ now: () => now })
  return {
    circuits,
    wait: (ms: number) => {
      now += ms
    },
    /** The number of a call that is let through. */
    pass: () => {
      const entry = circuits.enter(MODEL)
      return 'pass' in entry ? entry.pass : assert.fail(`refused for ${entry.retryMs} ms`)
    },
    /** Milliseconds until a refused call may try again. */
    retryMs: () => {
      const entry = circuits.enter(MODEL)
      return 'pass' in entry ? 0 : entry.retryMs
    },
    refuse: (pass: number) => circuits.refused(MODEL, pass, refused),
    accept: (pass: number) => circuits.accepted(MODEL, pass),
    state: () => circuits.state(MODEL).state,
  }
}

test('a circuit opens for a second, each refused probe doubles the time up to a minute, and a success resets it', () => {
  const { wait, pass, refuse, accept, retryMs } = arrange()
  const seconds = [refuse(pass())]
  for (let i = 0; i < 8; i++) {
    const openMs = seconds.at(-1) ?? 0
    wait(openMs - 1)
    assert.equal(retryMs(), 1, 'the wait that is named is the true one')
    wait(1)
    seconds.push(refuse(pass()))
  }
  assert.deepEqual(seconds, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])

  wait(60_000)
  assert.equal(accept(pass()), true)
  assert.equal(refuse(pass()), 1000)
})

test('300 calls in flight that are all refused open the circuit once', () => {
  const { circuits, wait, pass, refuse, accept, state } = arrange()
  const passes = Array.from({ length: 300 }, pass)
  assert.deepEqual(
    passes.map(one => refuse(one) ?? 0),
    [1000, ...Array(299).fill(0)],
  )
  wait(1000)
  assert.equal(refuse(passes[7]!), undefined, 'one that is late')
  assert.equal(accept(passes[8]!), false, 'a success that set out before the opening')
  assert.equal(state(), 'half_open')
  accept(pass())
  assert.equal(refuse(passes[9]!), undefined, 'a refusal that set out before the success')
  assert.deepEqual(circuits.states(), [{ model: MODEL, state: 'closed', openings: 1 }])
})

test('one call at a time probes, and the next one probes after it ends or its caller leaves', () => {
  const { circuits, wait, pass, refuse, accept, retryMs } = arrange()
  refuse(pass())
  wait(1000)
  const probe = pass()
  assert.equal(retryMs(), 1000)
  circuits.leave(MODEL, probe - 1)
  assert.equal(retryMs(), 1000, 'another call that leaves is no matter')
  circuits.leave(MODEL, probe)
  const next = pass()
  assert.equal(retryMs(), 1000)
  assert.equal(accept(next), true)
  assert.equal(refuse(probe), undefined)
})

test('other calls pass during a probe that takes longer than a refusal, and the first result counts', () => {
  const { wait, pass, refuse, accept, retryMs } = arrange()
  refuse(pass())
  wait(1000)
  const slow = pass()
  wait(1999)
  assert.equal(retryMs(), 1000)
  wait(1)
  const others = [pass(), pass()] as const
  assert.equal(refuse(others[0]), 2000)
  assert.equal(accept(others[1]), false)
  wait(2000)
  pass()
  wait(2000)
  assert.equal(accept(pass()), true)
  assert.equal(refuse(slow), undefined)
})

test('a new key closes all circuits, and refusals of the old key open none', () => {
  const { circuits, pass, refuse, state } = arrange()
  const [first, second] = [pass(), pass()]
  const other = circuits.enter('other')
  refuse(first)
  circuits.reset()
  assert.equal(state(), 'closed')
  assert.equal(refuse(second), undefined)
  assert.equal(circuits.refused('other', 'pass' in other ? other.pass : assert.fail(), refused), undefined)
  assert.equal(refuse(pass()), 1000)
})

test('a circuit without calls counts as closed an hour after it could have been probed', () => {
  const { wait, pass, refuse, state } = arrange()
  refuse(pass())
  wait(3_600_000)
  assert.equal(state(), 'half_open')
  wait(1001)
  assert.equal(state(), 'closed')
  assert.equal(refuse(pass()), 1000)
})
