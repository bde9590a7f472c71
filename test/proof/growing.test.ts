/** Growing holds: their promise, their limits, and their effect on real agents. The tests mostly wait, so they run in parallel. */

import { describe, test } from 'node:test'
import { agentCalls } from './growing/agent-calls.ts'
import { longCalls } from './growing/long-calls.ts'
import { redisAway, vanishedReplica } from './growing/uncovered.ts'

describe('growing holds', { concurrency: true }, () => {
  test('overspend no budget if calls are stopped, left or killed', longCalls)
  test(
    'do not cover what a provider generates for a replica that vanished with its connections open',
    vanishedReplica,
  )
  test(
    'do not grow while Redis is unreachable: running calls continue, no other is admitted, their cost is debt',
    redisAway,
  )
  test('charge a call that its user stops little more than its possible cost', agentCalls)
})
