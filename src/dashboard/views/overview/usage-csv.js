/** Usage as a file: a row for each time and name of a chart. */

import { html } from 'htm/preact'
import { DownloadCsv } from '../../components/csv.js'

/** @import { UsageRow } from '../../types.ts' */

/** @param {{ name: string, by: 'client' | 'team' | 'model', rows: UsageRow[] }} props */
export function UsageCsv({ name, by, rows }) {
  /** @type {[string, (row: UsageRow) => import('../../components/csv.js').Cell][]} */
  const columns = [
    ['time', ({ day, hour }) => hour ?? day],
    [by, row => (row.others ? 'all others' : row[by])],
    ['calls', ({ calls }) => calls],
    ['costUsd', ({ costUsd }) => costUsd],
    ['savedUsd', ({ savedUsd }) => savedUsd],
    ['inputTokens', ({ inputTokens }) => inputTokens],
    ['cacheReadTokens', ({ cacheReadTokens }) => cacheReadTokens],
    ['cacheWriteTokens', ({ cacheWriteTokens }) => cacheWriteTokens],
    ['outputTokens', ({ outputTokens }) => outputTokens],
  ]
  return html`<${DownloadCsv} name=${name} columns=${columns} rows=${() => rows} />`
}
