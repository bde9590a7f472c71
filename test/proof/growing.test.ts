/** Growing holds: what they promise, what they cannot cover, and what they mean for real agents. Mostly waiting, so at once. */

import { describe, test } from 'node:test'
import { agentCalls } from './growing/agent-calls.ts'
import { longCalls } from './growing/long-calls.ts'
import { redisAway, vanishedReplica } from './growing/uncovered.ts'

describe('growing holds', { concurrency: true }, () => {
  test('overspend nothing, whatever is stopped, left or killed', longCalls)
  test(
    'do not cover what a provider generates for a replica that vanished with its connections open',
    vanishedReplica,
  )
  test(
    'do not grow while Redis is away: running calls go on, no other is admitted, their cost is debt',
    redisAway,
  )
  test('charge an agent’s call that its user stops what it can have cost, and little more', agentCalls)
})
