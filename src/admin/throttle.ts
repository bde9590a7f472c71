/**
 * Slows down guessing: after a few wrong tokens from one address, each further one doubles the time in which no token
 * from there is checked. Other addresses are not affected.
 */

import { isIPv6 } from 'node:net'
import { lru } from '../lru.ts'

export interface Throttle {
  /** Milliseconds until a token from this address is checked again; 0: now. */
  wait(address: string): number
  /** Records a wrong token from this address. */
  failed(address: string): void
}

interface Failures {
  count: number
  until: number
}

/** Wrong tokens without a delay, for typing errors. */
const FREE = 5
const FIRST_WAIT = 1000
const LONGEST_WAIT = 60_000
/** An address is forgotten this long after its last failure. The cap limits memory to some 2 MB. */
const REMEMBERED = { most: 10_000, ttl: 900_000 }

export function createThrottle(now = () => performance.now()): Throttle {
  const failures = lru<Failures>(REMEMBERED.most, REMEMBERED.ttl)

  return {
    wait(address) {
      return Math.max(0, (failures.get(sourceOf(address))?.until ?? 0) - now())
    },
    failed(address) {
      const source = sourceOf(address)
      const count = (failures.get(source)?.count ?? 0) + 1
      const wait = count < FREE ? 0 : Math.min(FIRST_WAIT * 2 ** (count - FREE), LONGEST_WAIT)
      failures.set(source, { count, until: now() + wait })
    },
  }
}

/** The owner of one IPv6 address has its whole /64. */
function sourceOf(address: string): string {
  if (!isIPv6(address) || /^::ffff:\d/i.test(address)) return address
  const [head = '', tail] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - front.length - (tail === '' ? 0 : tail.split(':').length)
  const groups = [...front, ...Array<string>(missing).fill('0'), ...(tail ? tail.split(':') : [])]
  return groups.slice(0, 4).join(':')
}
