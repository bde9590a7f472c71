/** Prints the figures as tables, and writes all values to a file and to a page. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Check } from './check.ts'
import type { Absent, Column, Heading } from './columns.ts'
import type { machine } from './cores.ts'
import { page } from './page.ts'
import type { Cell, Figure, Pace, Row } from './row.ts'

export interface Measured {
  row: Pick<Row, 'name' | 'title' | 'figures'>
  columns: readonly Heading[]
  cells: Cell[]
}

export interface Results {
  at: string
  machine: ReturnType<typeof machine>
  /** Such as `nginx 1.22.1, wrk 4.1.0`. */
  programs: string
  pace: Pace
  columns: Pick<Column, 'name' | 'title' | 'role' | 'on'>[]
  absent: Absent[]
  checks: Check[]
  /** Rows whose programs are not installed. */
  skipped: string[]
  rows: (Measured['row'] & Omit<Measured, 'row'>)[]
}

/** One line for each figure and one table column for each column: the median, its spread, and the comparison. */
export function table({ row, columns, cells }: Measured): string {
  const lines = row.figures.map(figure => [
    `${figure.title} (${figure.unit})`,
    ...columns.map(column =>
      textOf(
        figure,
        cells.find(cell => cell.figure === figure.key && cell.column === column.name),
      ),
    ),
  ])
  return aligned([[row.title, ...columns.map(column => column.title)], ...lines])
}

export function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]?.map((_, index) => Math.max(...lines.map(line => line[index]?.length ?? 0))) ?? []
  return lines
    .map(line =>
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function textOf({ digits, against }: Figure, cell: Cell | undefined): string {
  if (!cell) return '-'
  const number = (value: number) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  const { median, min, max, values } = cell.value
  const spread = values.length > 1 && min !== max ? ` [${number(min)}..${number(max)}]` : ''
  if (!cell.against || !against) return number(median) + spread
  const compared = cell.against.median
  const sign = compared < 0 ? '' : '+'
  return `${number(median)}${spread} ${against.as === 'ratio' ? `= ${compared.toFixed(2)}x` : `= ${sign}${number(compared)}`}`
}

/** Writes `name`.json and `name`.html. */
export async function writeResults(folder: string, name: string, results: Results): Promise<void> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, name)
  await writeFile(`${file}.json`, `${JSON.stringify(results)}\n`)
  await writeFile(`${file}.html`, page(results))
  console.log(`Written to ${file}.json and ${file}.html`)
}
