/** Prints the figures as tables, and writes all values to a file. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cell, Figure, Row } from './row.ts'

export interface Measured {
  row: Pick<Row, 'name' | 'title' | 'figures'>
  cells: Cell[]
}

/** The heading of a column. */
export interface Shown {
  name: string
  title: string
}

/** One line for each figure and one table column for each column: the median, its spread, and the comparison. */
export function table({ row, cells }: Measured, columns: readonly Shown[]): string {
  const lines = row.figures.map(figure => [
    `${figure.title} (${figure.unit})`,
    ...columns.map(column =>
      shown(
        figure,
        cells.find(cell => cell.figure === figure.key && cell.column === column.name),
      ),
    ),
  ])
  const all = [[row.title, ...columns.map(column => column.title)], ...lines]
  const widths = all[0]?.map((_, index) => Math.max(...all.map(line => line[index]?.length ?? 0))) ?? []
  return all
    .map(line =>
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function shown({ digits, against }: Figure, cell: Cell | undefined): string {
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

/** Returns the path of the file. */
export async function writeResults(
  folder: string,
  results: { at: string; [part: string]: unknown },
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${results.at.replaceAll(':', '-')}.json`)
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`)
  return file
}
