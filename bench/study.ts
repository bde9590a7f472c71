/** A row with its own servers and columns: it measures one thing in several sizes. */

import type { Cell, Figure } from './row.ts'
import { summary } from './statistics.ts'

export interface Study {
  name: string
  title: string
  figures: readonly Figure[]
  /** It takes minutes, so it runs only when it is named. */
  long?: boolean
  /** Starts what it needs, and stops all of it before it resolves. No other study uses the folder. */
  study(folder: string, quick: boolean): Promise<Studied[]>
}

export interface Studied {
  name: string
  title: string
  /** By figure: one value for each measurement. */
  values: Record<string, number | number[] | undefined>
}

export function cellsOf({ figures }: Study, studied: readonly Studied[]): Cell[] {
  return figures.flatMap(({ key }) =>
    studied.flatMap(({ name, values }) => {
      const all = [values[key] ?? []].flat()
      return all.length === 0 ? [] : [{ figure: key, column: name, value: summary(all) }]
    }),
  )
}

/** A column for a size. */
export function sizeOf(size: number, unit = ''): Pick<Studied, 'name' | 'title'> {
  return { name: String(size), title: `${size.toLocaleString('en')} ${unit}`.trimEnd() }
}
