/** A gateway process of its own for `processes.test.ts`: so many callers, each asking so often, all at once. */

import { createMoneyScripts } from '../../src/lua/index.ts'
import type { Reservation } from '../../src/lua/types.ts'
import { connectRedis } from '../../src/redis/connect.ts'

const [url = '', name, callers, asks, capacity, per] = process.argv.slice(2)
const redis = connectRedis(url)
const money = createMoneyScripts(redis)
const requests = { capacity: Number(capacity), per: Number(per) }
const reservation: Reservation = {
  scopes: [{ key: 'client:1', name: 'client:1', requests }],
  tokens: 0,
  nanos: 0,
  entry: {},
}

async function call(caller: number): Promise<number> {
  let granted = 0
  for (let ask = 0; ask < Number(asks); ask++) {
    const { kind } = await money.admit(`${name} ${caller} ${ask}`, reservation, {
      version: 1,
      maxPending: 1000,
    })
    if (kind === 'granted') granted += 1
  }
  return granted
}

// All processes begin together: when the last of them is ready.
await redis.incr('ready')
while ((await redis.get('go')) === null) {}
const granted = await Promise.all(Array.from({ length: Number(callers) }, (_, caller) => call(caller)))
console.log(granted.reduce((sum, each) => sum + each, 0))
redis.disconnect()
