/** A row measures each column in turn, round after round, so that a noisy minute affects all columns. */

import type { Column, ProviderKind } from './columns.ts'
import { type Summary, summary } from './statistics.ts'
import type { ToolName } from './tools.ts'

export interface Figure {
  key: string
  title: string
  unit: string
  digits: number
  /** It is in the table, without a chart. */
  minor?: boolean
  /** Compares each round's value with that of another column in the same round. */
  against?: { column: string; as: 'ratio' | 'difference' }
}

/** Measures one column once, for that many seconds. A figure that a column does not have is undefined. */
export type Measure = (column: Column, seconds: number) => Promise<Record<string, number | undefined>>

export interface Row {
  name: string
  title: string
  figures: readonly Figure[]
  provider: ProviderKind
  /** The programs that it runs beside Node, except the provider. */
  tools?: readonly ToolName[]
  /** It measures all columns together in `prepare`, so one round is enough. */
  once?: boolean
  /** The columns that it measures; undefined: all. */
  applies?(column: Column): boolean
  /** Runs once, before the rounds. */
  prepare(columns: readonly Column[]): Promise<Measure>
}

export interface Pace {
  rounds: number
  seconds: number
  warmUpSeconds: number
}

export interface Cell {
  figure: string
  column: string
  value: Summary
  against?: Summary
}

export async function measureRow(row: Row, columns: readonly Column[], pace: Pace): Promise<Cell[]> {
  const measure = await row.prepare(columns)
  for (const column of columns) await measure(column, pace.warmUpSeconds)
  const rounds: Map<string, Record<string, number | undefined>>[] = []
  for (let round = 0; round < (row.once ? 1 : pace.rounds); round += 1) {
    const values = new Map<string, Record<string, number | undefined>>()
    // Every second round runs backwards, so that no column always follows the same one.
    const order = round % 2 === 0 ? columns : columns.toReversed()
    for (const column of order) values.set(column.name, await measure(column, pace.seconds))
    rounds.push(values)
  }
  return row.figures.flatMap(figure => columns.flatMap(column => cell(figure, column.name, rounds)))
}

function cell(
  figure: Figure,
  column: string,
  rounds: Map<string, Record<string, number | undefined>>[],
): Cell[] {
  const { key, against } = figure
  const values = rounds.flatMap(round => round.get(column)?.[key] ?? [])
  if (values.length === 0) return []
  const compared = rounds.flatMap(round => {
    const [own, other] = [round.get(column)?.[key], against && round.get(against.column)?.[key]]
    if (!against || against.column === column || own === undefined || other === undefined) return []
    return [against.as === 'ratio' ? own / other : own - other]
  })
  return [
    {
      figure: key,
      column,
      value: summary(values),
      ...(compared.length > 0 && { against: summary(compared) }),
    },
  ]
}
