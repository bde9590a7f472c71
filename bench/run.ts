/** `npm run bench`: measures all columns side by side in one run on one machine, with the same simulated provider. */

import { rmSync } from 'node:fs'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { columnNames, type ProviderKind, startColumns, usualColumns } from './columns.ts'
import { machine, stepAside } from './cores.ts'
import { installPeers } from './peers.ts'
import { profile } from './profile.ts'
import { type Measured, type Shown, table, writeResults } from './report.ts'
import { measureRow, type Pace, type Row } from './row.ts'
import { cellsOf, type Study } from './study.ts'

const help = `npm run bench -- [options]

  --quick             two short rounds and small sizes: a first look, not for quoting
  --rounds N          rounds per row and column (5)
  --seconds N         length of one measurement (4)
  --only a,b          these rows
  --columns a,b       these columns: ${columnNames.join(', ')}
  --profile column    instead of the table: the CPU of this column by function
  --keep              keep the servers' logs, and print their folder
  --help              this text

Columns: direct (no gateway), bare (http + undici, nothing else), tollgate (every feature on, cache miss), hit
(every feature on, cache hit), observed (as tollgate, with every call traced and the metrics scraped each second).
REDIS_URL and DATABASE_URL are used if they are set; otherwise embedded servers run.`

const { values: flags, positionals: commands } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    columns: { type: 'string' },
    profile: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const results = join(import.meta.dirname, 'results')

if (flags.help) console.log(help)
else if (commands[0] === 'peers') await installPeers()
else await main()

async function main(): Promise<void> {
  stepAside()
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-bench-'))
  await chmod(folder, 0o711) // as root, Postgres runs as another user
  // Runs in every ending of the bench. The servers end by themselves.
  process.once('exit', () => {
    if (flags.keep) console.log(`Logs: ${folder}`)
    else rmSync(folder, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  if (flags.profile) await profile(columnsNamed(flags.profile)[0] ?? 'tollgate', folder)
  else await compare(folder)
}

async function compare(folder: string): Promise<void> {
  const rows = await rowsNamed(flags.only)
  const surroundings = machine()
  const contests = rows.filter(row => 'prepare' in row)
  const studies = rows.filter(row => 'study' in row)
  const pace = paceOf()
  const at = new Date().toISOString()
  const measured: Measured[] = []
  const { cpu, cores, memoryGb, system, node, placement, loadBefore } = surroundings
  console.log(`${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}, load before ${loadBefore}`)
  console.log(`${placement}; ${pace.rounds} rounds of ${pace.seconds} s, medians [least..most]\n`)
  const report = (one: Measured, columns: Shown[]) => {
    measured.push(one)
    console.log(`${table(one, columns)}\n`)
  }
  for (const [kind, ofKind] of Map.groupBy(contests, row => row.provider)) {
    const own = await mkdtemp(join(folder, `${kind}-`))
    await chmod(own, 0o711)
    await contest(kind, ofKind, pace, own, report)
  }
  for (const row of studies) {
    const own = await mkdtemp(join(folder, `${row.name}-`))
    await chmod(own, 0o711)
    const studied = await row.study(own, flags.quick)
    await rm(own, { recursive: true })
    report({ row, cells: cellsOf(row, studied) }, studied)
  }
  const file = await writeResults(results, {
    at,
    machine: surroundings,
    pace,
    rows: measured.map(({ row: { name, title, figures }, cells }) => ({ name, title, figures, cells })),
  })
  console.log(`Written to ${file}`)
}

/** The servers of the columns run only while rows measure them. */
async function contest(
  kind: ProviderKind,
  rows: Row[],
  pace: Pace,
  folder: string,
  report: (one: Measured, columns: Shown[]) => void,
): Promise<void> {
  const { columns, absent, stop } = await startColumns(columnsNamed(flags.columns), folder, kind)
  for (const { title, reason } of absent) console.log(`${title}: ${reason}\n`)
  try {
    for (const row of rows) {
      const asked = columns.filter(column => row.applies?.(column) ?? true)
      report({ row, cells: await measureRow(row, asked, pace) }, asked)
    }
  } finally {
    await stop()
  }
}

function paceOf(): Pace {
  const usual = flags.quick
    ? { rounds: 2, seconds: 1.5, warmUpSeconds: 2 }
    : { rounds: 5, seconds: 4, warmUpSeconds: 3 }
  return {
    ...usual,
    ...(flags.rounds && { rounds: Number(flags.rounds) }),
    ...(flags.seconds && { seconds: Number(flags.seconds) }),
  }
}

function columnsNamed(names: string | undefined): readonly string[] {
  if (names === undefined) return usualColumns()
  return names.split(',').map(name => {
    const found = columnNames.find(column => column === name)
    if (found) return found
    throw new Error(`found the column '${name}', expected one of ${columnNames.join(', ')}`)
  })
}

/** Each file in rows/ is a row. */
async function rowsNamed(names: string | undefined): Promise<(Row | Study)[]> {
  const folder = join(import.meta.dirname, 'rows')
  const byNumber = new Intl.Collator('en', { numeric: true }).compare
  const files = (await readdir(folder)).filter(file => file.endsWith('.ts')).sort(byNumber)
  const rows = await Promise.all(
    files.map(async (file): Promise<Row | Study> => (await import(join(folder, file))).row),
  )
  const wanted = names?.split(',') ?? rows.map(row => row.name)
  return wanted.map(name => {
    const found = rows.find(row => row.name === name)
    if (found) return found
    throw new Error(`found the row '${name}', expected one of ${rows.map(row => row.name).join(', ')}`)
  })
}
