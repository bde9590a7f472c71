/** The main figures with one line for each column, for the page and, as Markdown, for the documents. */

import { features } from './columns.ts'
import type { Results } from './report.ts'

const shown = [
  { row: 'json-1kb', figure: 'cpuMicros', title: 'CPU per call, us' },
  { row: 'json-1kb', figure: 'perCore', title: 'calls/s per core' },
  { row: 'json-100kb', figure: 'cpuMicros', title: 'CPU per call of 100 KB, us' },
  { row: 'json-1mb', figure: 'cpuMicros', title: 'CPU per call of 1 MB, us' },
  { row: 'streams', figure: 'cpuMs', title: 'CPU per 1,000 events, ms' },
  { row: 'alone', figure: 'p50', title: 'p50 alone, ms' },
  { row: 'latency', figure: 'p99', title: 'p99 at half load, ms' },
  { row: 'json-1kb', figure: 'rss', title: 'memory, MB' },
  { row: 'idle', figure: 'cpu', title: 'idle, % of a core' },
]

/** A ratio to the bare proxy follows a figure that is compared with it. */
export function headline({ columns, absent, rows }: Results): string[][] {
  const measured = shown.filter(({ row }) => rows.some(({ name }) => name === row))
  if (columns.length === 0 || measured.length === 0) return []
  const textOf = (column: string, { row: wanted, figure: key }: (typeof shown)[number]): string => {
    const row = rows.find(({ name }) => name === wanted)
    const figure = row?.figures.find(figure => figure.key === key)
    const cell = row?.cells.find(cell => cell.figure === key && cell.column === column)
    if (!figure || !cell) return '-'
    const { digits, against } = figure
    const number = cell.value.median.toLocaleString('en', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    })
    const isRatio = against?.as === 'ratio' && cell.against && key !== 'perCore'
    return isRatio ? `${number} (${cell.against?.median.toFixed(1)}x)` : number
  }
  return [
    ['', 'on', ...measured.map(({ title }) => title)],
    ...columns.map(({ name, title, on }) => [
      title,
      features.filter(feature => on[feature] !== undefined).join(', ') || 'nothing',
      ...measured.map(one => textOf(name, one)),
    ]),
    ...absent.map(({ title, reason }) => [title, reason, ...measured.map(() => '-')]),
  ]
}

export function markdown(lines: readonly (readonly string[])[]): string {
  const [heading = [], ...rest] = lines
  return [heading, heading.map(() => '---'), ...rest].map(line => `| ${line.join(' | ')} |`).join('\n')
}
