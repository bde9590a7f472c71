/** Downloads the rows of a view as a CSV file: RFC 4180, UTF-8, a header line, every page up to a limit. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api, Failure, question } from '../api.js'
import { count } from '../format.js'
import { showToast } from './toast.js'

/** The most rows in one file. */
export const CSV_ROWS = 10_000
const PAGE = 500

/** @typedef {string | number | boolean | null | undefined} Cell */

/**
 * Text that a spreadsheet reads as a formula gets a leading apostrophe. Numbers stay numbers.
 * @param {Cell} cell
 */
function cellText(cell) {
  if (cell === null || cell === undefined) return ''
  const text = String(cell)
  const safe = typeof cell === 'string' && /^\s*[=+\-@\t\r\n|%]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** @param {string[]} head @param {Cell[][]} rows */
export function csvText(head, rows) {
  return [head, ...rows].map(row => `${row.map(cellText).join(',')}\r\n`).join('')
}

/**
 * All rows of a paged list, up to the limit.
 * @template Row
 * @param {string} path
 * @param {Record<string, string | undefined>} query
 * @param {string} list the list's name in the response
 * @returns {Promise<Row[]>}
 */
export async function allRows(path, query, list) {
  /** @type {Row[]} */
  const rows = []
  /** @type {string | undefined} */
  let cursor
  do {
    /** @type {Record<string, unknown>} */
    const page = await api(question(path, { ...query, limit: String(PAGE), cursor }))
    rows.push(.../** @type {Row[]} */ (page[list]))
    cursor = typeof page.next === 'string' ? page.next : undefined
  } while (cursor && rows.length < CSV_ROWS)
  return rows.slice(0, CSV_ROWS)
}

/**
 * @template Row
 * @param {{ name: string, columns: [title: string, of: (row: Row) => Cell][], rows: () => Row[] | Promise<Row[]> }} props
 * `name` of the file, without its end.
 */
export function DownloadCsv({ name, columns, rows }) {
  const [isBusy, setBusy] = useState(false)
  const download = async () => {
    setBusy(true)
    try {
      const found = await rows()
      const text = csvText(
        columns.map(([title]) => title),
        found.map(row => columns.map(([, of]) => of(row))),
      )
      save(`tollgate-${name}.csv`, text)
      if (found.length >= CSV_ROWS)
        showToast(`The file has the first ${count(CSV_ROWS)} rows. Use filters to get the others.`)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      showToast(`The file could not be created: ${error.message}`, { isFailure: true })
    } finally {
      setBusy(false)
    }
  }
  return html`<button type="button" class="button is-small" disabled=${isBusy} onClick=${download}>Download CSV</button>`
}

/** @param {string} name @param {string} text */
function save(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
