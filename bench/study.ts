/** A row with servers and columns of its own: one thing seen in several sizes, instead of several contenders. */

import type { Cell, Figure } from './row.ts'
import { summary } from './statistics.ts'

export interface Study {
  name: string
  title: string
  figures: readonly Figure[]
  /** Starts what it needs, and has stopped all of it when it resolves. The folder is its own. */
  study(folder: string, quick: boolean): Promise<Studied[]>
}

export interface Studied {
  name: string
  title: string
  /** By figure: a value each time it was measured. */
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

/** A column that is a size. */
export function sizeOf(size: number, unit = ''): Pick<Studied, 'name' | 'title'> {
  return { name: String(size), title: `${size.toLocaleString('en')} ${unit}`.trimEnd() }
}
