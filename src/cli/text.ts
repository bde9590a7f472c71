/** Formats of tables, amounts and times. */

/** Columns are as wide as their widest cell. Trailing spaces are removed. */
export function table(head: string[], rows: string[][]): string {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map(line => (line[column] ?? '').length)))
  return lines
    .map(line =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Stands for a value that is not set. */
export const NONE = '-'

export function usd(amount: number): string {
  return `$${amount.toFixed(Math.abs(amount) >= 0.01 || amount === 0 ? 2 : 6)}`
}

/** `2026-11-23 21:49`, UTC. */
export function time(iso: string | undefined): string {
  return iso === undefined ? NONE : iso.slice(0, 16).replace('T', ' ')
}

/** `1,234,567` */
export function count(amount: number): string {
  return amount.toLocaleString('en-US')
}
