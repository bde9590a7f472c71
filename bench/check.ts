/** Whether the provider and the load are fast enough: otherwise their limits would look like a gateway's. */

import type { Column } from './columns.ts'
import type { Measured } from './report.ts'

export interface Check {
  row: string
  /** Calls/s of the load at the provider, without a gateway. */
  alone: number
  gateway: string
  /** Calls/s per core of the fastest gateway. */
  fastest: number
  times: number
  holds: boolean
}

const needed = 3

/** Undefined for a row without calls/s, and if it did not measure both. */
export function checkOf({ row, cells }: Measured, columns: readonly Column[]): Check | undefined {
  const medianOf = (figure: string, { name }: Column) =>
    cells.find(cell => cell.figure === figure && cell.column === name)?.value.median ?? 0
  const direct = columns.find(({ process }) => process === undefined)
  const gateways = columns.filter(({ role }) => role === 'gateway')
  const [best] = gateways.toSorted((a, b) => medianOf('perCore', b) - medianOf('perCore', a))
  if (!direct || !best) return undefined
  const [alone, fastest] = [medianOf('rate', direct), medianOf('perCore', best)]
  if (alone === 0 || fastest === 0) return undefined
  const times = alone / fastest
  return { row: row.name, alone, gateway: best.title, fastest, times, holds: times >= needed }
}

export function sentenceOf({ alone, gateway, fastest, times, holds }: Check): string {
  const [one, other] = [alone, fastest].map(rate => Math.round(rate).toLocaleString('en'))
  const found = `Provider and load alone: ${one} calls/s, ${times.toFixed(1)} times the fastest gateway (${gateway}, ${other} calls/s per core)`
  return holds ? `${found}.` : `${found}: less than ${needed} times, so calls/s of this row is too low.`
}
