/** The results as one page without scripts: a dot with its range for each figure and column, and all tables. */

import { sentenceOf } from './check.ts'
import { features } from './columns.ts'
import { headline } from './headline.ts'
import type { Results } from './report.ts'
import { textOf } from './report.ts'

type ResultRow = Results['rows'][number]

const width = 860
const left = 250
const right = 130
const lineHeight = 24
/** A linear axis would show only the largest values. */
const logFrom = 20

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1c2430, #e6e9ee); --soft: light-dark(#5c6675, #9aa4b2);
  --line: light-dark(#dde2e9, #333b47); --other: light-dark(#7b8794, #8d99a8); --own: light-dark(#0b6bcb, #5fb0ff);
  --back: light-dark(#fff, #14181e); }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); max-width: 960px;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } h3 { font-size: .95rem; margin-bottom: .2rem; }
p, figcaption { color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
svg { width: 100%; height: auto; font: 13px system-ui, sans-serif; fill: var(--ink); }
svg .axis { stroke: var(--line); } svg .tick { fill: var(--soft); font-size: 11px; text-anchor: middle; }
svg .name { text-anchor: end; } svg .dot { fill: var(--other); } svg .range { stroke: var(--other); stroke-width: 2; }
svg .own .dot { fill: var(--own); } svg .own .range { stroke: var(--own); } svg .own text { font-weight: 600; }
`

export function page(results: Results): string {
  const { at, machine, programs, pace, columns, absent, checks, skipped, rows } = results
  const [heading, ...lines] = headline(results)
  const { cpu, cores, memoryGb, system, node, placement, loadBefore } = machine
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tollgate bench</title>
<style>${style}</style>
<h1>Tollgate bench</h1>
<p>${escaped(`${at.slice(0, 10)}. ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}, load before ${loadBefore}; ${programs}; ${placement}; ${pace.rounds} rounds of ${pace.seconds} s. Dots are medians, lines reach from the lowest to the highest round.`)}</p>
${heading ? tableOf(heading, lines) : ''}
${columns.length > 0 ? `<h2>What was on</h2>${tableOf(['', ...features], [...columns.map(({ title, on }) => [title, ...features.map(feature => on[feature] ?? '-')]), ...absent.map(({ title, reason }) => [title, reason])])}` : ''}
${[...checks.map(check => `${check.row}: ${sentenceOf(check)}`), ...skipped].map(text => `<p>${escaped(text)}</p>`).join('\n')}
${rows.map(section).join('\n')}
</html>
`
}

function section(row: ResultRow): string {
  const lines = row.figures.map(figure => [
    `${figure.title} (${figure.unit})`,
    ...row.columns.map(({ name }) => textOf(figure, cellOf(row, figure.key, name))),
  ])
  return `<h2>${escaped(row.title)}</h2>
${row.figures.flatMap(figure => (figure.minor ? [] : chart(row, figure))).join('\n')}
${tableOf(['', ...row.columns.map(({ title }) => title)], lines)}`
}

function chart(row: ResultRow, { key, title, unit, digits }: ResultRow['figures'][number]): string {
  const points = row.columns.flatMap(column => {
    const cell = cellOf(row, key, column.name)
    return cell ? [{ ...column, ...cell.value }] : []
  })
  const most = Math.max(...points.map(({ max }) => max))
  const least = Math.min(...points.map(({ min }) => min))
  if (points.length < 2 || most <= 0) return ''
  const log = least > 0 && most / least > logFrom
  const ticks = log ? powers(least, most) : steps(most)
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? most]
  const share = (value: number) =>
    log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)
  const x = (value: number) => (left + share(value) * (width - left - right)).toFixed(1)
  const bottom = points.length * lineHeight
  const number = (value: number) => value.toLocaleString('en', { maximumFractionDigits: digits })
  const axis = ticks.map(
    tick => `<line class="axis" x1="${x(tick)}" x2="${x(tick)}" y1="0" y2="${bottom}"/>
<text class="tick" x="${x(tick)}" y="${bottom + 14}">${tick.toLocaleString('en', { maximumFractionDigits: 3 })}</text>`,
  )
  const dots = points.map(({ title, median, min, max }, index) => {
    const y = (index + 0.5) * lineHeight
    return `<g${title.startsWith('Tollgate') ? ' class="own"' : ''}>
<text class="name" x="${left - 14}" y="${y + 4}">${escaped(title)}</text>
<line class="range" x1="${x(min)}" x2="${x(max)}" y1="${y}" y2="${y}"/><circle class="dot" cx="${x(median)}" cy="${y}" r="5"/>
<text x="${width - right + 14}" y="${y + 4}">${number(median)}</text></g>`
  })
  return `<figure><h3>${escaped(`${title}, ${unit}${log ? ' (logarithmic)' : ''}`)}</h3>
<svg viewBox="0 0 ${width} ${bottom + 20}" role="img" aria-label="${escaped(title)}">${[...axis, ...dots].join('\n')}</svg></figure>`
}

function cellOf(row: ResultRow, figure: string, column: string) {
  return row.cells.find(cell => cell.figure === figure && cell.column === column)
}

/** The powers of ten around the values. */
function powers(least: number, most: number): number[] {
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))]
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
}

/** From zero to at least `most`, in four to ten round steps. */
function steps(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most))
  const step = [power / 5, power / 2, power].find(size => most / size <= 6) ?? power * 2
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step)
}

function tableOf(heading: readonly string[], lines: readonly (readonly string[])[]): string {
  const cells = (tag: string, texts: readonly string[]) =>
    texts.map(text => `<${tag}>${escaped(text)}</${tag}>`).join('')
  return `<div class="scroll"><table><tr>${cells('th', heading)}</tr>
${lines.map(line => `<tr>${cells('td', line)}</tr>`).join('\n')}</table></div>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
