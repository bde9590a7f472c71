/** The Redis time of an extension of 1,000 running calls, which a replica does every two seconds. */

import { createMoneyScripts, type MoneyScripts } from '../../src/lua/index.ts'
import type { Running } from '../../src/lua/types.ts'
import { EXTEND_EVERY } from '../../src/plugins/bounds.ts'
import { callOf } from '../reservations.ts'
import { openRedis, scriptsOf } from '../stores.ts'
import type { Study } from '../study.ts'

const RUNNING = 1000
const MORE_NANOS = 1_000_000
/** Calls of one client share their scopes. With as many clients as calls, each call has its own. */
const clients = [1, 20, RUNNING]

export const row: Study = {
  name: 'extensions',
  title: `Extension of ${RUNNING} running calls, every ${EXTEND_EVERY} ms`,
  figures: [
    { key: 'first', title: 'first extension, Redis', unit: 'ms', digits: 1 },
    { key: 'extension', title: 'each further one, Redis', unit: 'ms', digits: 1 },
    { key: 'admissions', title: 'in admissions of the same run', unit: '', digits: 0 },
  ],
  async study(folder, quick) {
    const { redis, stop } = await openRedis(folder, { isMeasured: true })
    try {
      const money = createMoneyScripts(redis)
      await redis.set('{tollgate}:epoch', '1')
      const rounds = quick ? 3 : 10
      const timed = async (work: () => Promise<unknown>) => {
        const before = await scriptsOf(redis)
        await work()
        return ((await scriptsOf(redis)).micros - before.micros) / 1000
      }
      const studied = []
      for (const count of clients) {
        const running: Running[] = []
        const admitting = await timed(() => admitAll(money, count, running))
        const extend = (round: number) =>
          timed(() =>
            money.renew(running.map(one => ({ ...one, needs: one.reservation.nanos + round * MORE_NANOS }))),
          )
        const first = await extend(1)
        const extension: number[] = []
        for (let round = 2; round < rounds + 2; round++) extension.push(await extend(round))
        const admissions = extension.map(ms => (ms * RUNNING) / admitting)
        const title = count === 1 ? 'of one client' : `of ${count.toLocaleString('en')} clients`
        studied.push({ name: String(count), title, values: { first, extension, admissions } })
      }
      return studied
    } finally {
      await stop()
    }
  },
}

let next = 0

async function admitAll(money: MoneyScripts, count: number, running: Running[]): Promise<void> {
  for (let i = 0; i < RUNNING; i++) {
    const { reservation } = callOf(i, count)
    const id = `extended-${next++}`
    const admitted = await money.admit(id, reservation, { version: 1, maxPending: 1_000_000 })
    if (admitted.kind !== 'granted') throw new Error(`an admission was ${JSON.stringify(admitted)}`)
    running.push({ id, reservation, at: admitted.at })
  }
}
