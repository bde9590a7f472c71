/** `npm run bench`: measures all columns side by side in one run on one machine, with the same provider and load. */

import { rmSync } from 'node:fs'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkOf, sentenceOf } from './check.ts'
import {
  type Absent,
  type Column,
  columnNames,
  features,
  type ProviderKind,
  startColumns,
  usualColumns,
} from './columns.ts'
import { machine, stepAside } from './cores.ts'
import { headline, markdown } from './headline.ts'
import { installPeers, programs } from './peers.ts'
import { profile } from './profile.ts'
import { aligned, type Measured, type Results, table, writeResults } from './report.ts'
import { measureRow, type Pace, type Row } from './row.ts'
import { cellsOf, type Study } from './study.ts'
import { findTool, hint, type ToolName } from './tools.ts'
import { warmUp } from './warm-up.ts'

const help = `npm run bench -- peers      installs nginx, wrk, vegeta and the gateways that are compared
npm run bench -- [options]

  --quick             two short rounds and small sizes: a first look, not for quoting
  --rounds N          rounds per row and column (3)
  --seconds N         length of one measurement, in whole seconds (3)
  --only a,b          these rows
  --columns a,b       these columns: ${columnNames.join(', ')}
  --profile column    instead of the table: the CPU of this column by function
  --publish           also write docs/bench.json and docs/bench.html
  --keep              keep the servers' logs, and print their folder
  --help              this text

Columns: direct (nginx as the provider, no gateway), nginx (as a proxy), bare (http + undici, nothing else), minimal
(Fastify, undici, ioredis and pino, with two short scripts and one log line a call), tollgate (every feature on, cache
miss), hit (every feature on, cache hit), observed (as tollgate, with every call traced and the metrics scraped each
second; only if it is named), routed (as tollgate, with a sticky route to three targets; only if it is named), and
other gateways. A gateway that is not installed is left out.
The rows growth-clients and growth-ledger take minutes and run only if they are named.
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
    publish: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

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
  const contests = rows.filter(row => 'prepare' in row)
  const studies = rows.filter(row => 'study' in row)
  const results: Results = {
    at: new Date().toISOString(),
    machine: machine(),
    programs: programs(),
    pace: paceOf(),
    columns: [],
    absent: [],
    checks: [],
    skipped: [],
    rows: [],
  }
  const { cpu, cores, memoryGb, system, node, placement, loadBefore } = results.machine
  const { rounds, seconds } = results.pace
  console.log(`${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}, load before ${loadBefore}`)
  console.log(`${results.programs}; ${placement}; ${rounds} rounds of ${seconds} s, medians [least..most]\n`)
  if (loadBefore > 1) console.log('Other processes are running, so CPU and latencies are too high.\n')
  const runnable = contests.filter(row => {
    const missing = missingFor(row)
    if (missing.length > 0) results.skipped.push(`${row.name}: ${missing.join(' and ')} ${hint}`)
    return missing.length === 0
  })
  for (const reason of results.skipped) console.log(`${reason}\n`)
  for (const [kind, ofKind] of Map.groupBy(runnable, row => row.provider)) {
    const own = await folderIn(folder, kind)
    await contest(kind, ofKind, own, results)
  }
  for (const row of studies) {
    const own = await folderIn(folder, row.name)
    const studied = await row.study(own, flags.quick)
    await rm(own, { recursive: true })
    report(results, { row, columns: studied, cells: cellsOf(row, studied) })
  }
  const main = headline(results)
  if (main.length > 0) console.log(`${markdown(main)}\n`)
  await writeResults(join(import.meta.dirname, 'results'), results.at.replaceAll(':', '-'), results)
  if (flags.publish) await writeResults(join(import.meta.dirname, '../docs'), 'bench', results)
}

function missingFor({ provider, tools = [] }: Row): ToolName[] {
  const needed: readonly ToolName[] = provider === 'nginx' ? ['nginx', ...tools] : tools
  return needed.filter(name => findTool(name) === undefined)
}

/** As root, Postgres runs as another user. */
async function folderIn(folder: string, name: string): Promise<string> {
  const own = await mkdtemp(join(folder, `${name}-`))
  await chmod(own, 0o711)
  return own
}

/** The servers of the columns run only while rows measure them. */
async function contest(
  kind: ProviderKind,
  rows: readonly Row[],
  folder: string,
  results: Results,
): Promise<void> {
  const { columns, absent, stop } = await startColumns(columnsNamed(flags.columns), folder, kind)
  try {
    if (results.columns.length === 0) introduce(results, columns, absent)
    const [calls, most] = flags.quick ? [2000, 4] : [10_000, 8]
    if (kind === 'nginx' && findTool('wrk')) for (const column of columns) await warmUp(column, calls, most)
    for (const row of rows) {
      const asked = columns.filter(column => row.applies?.(column) ?? true)
      const measured = { row, columns: asked, cells: await measureRow(row, asked, results.pace) }
      report(results, measured)
      const check = checkOf(measured, asked)
      if (!check) continue
      results.checks.push(check)
      console.log(`${sentenceOf(check)}\n`)
    }
  } finally {
    await stop()
  }
}

/** Which features are on in each column. */
function introduce(results: Results, columns: readonly Column[], absent: Absent[]): void {
  results.columns = columns.map(({ name, title, role, on }) => ({ name, title, role, on }))
  results.absent = absent
  const lines = columns.map(({ title, on }) => [title, ...features.map(feature => on[feature] ?? '-')])
  console.log(`${aligned([['on', ...features], ...lines])}\n`)
  for (const { title, reason } of absent) console.log(`${title}: ${reason}\n`)
}

function report(results: Results, measured: Measured): void {
  const { row, columns, cells } = measured
  const { name, title, figures } = row
  const headings = columns.map(({ name, title }) => ({ name, title }))
  results.rows.push({ name, title, figures, columns: headings, cells })
  console.log(`${table(measured)}\n`)
}

function paceOf(): Pace {
  const usual = flags.quick
    ? { rounds: 2, seconds: 2, warmUpSeconds: 1 }
    : { rounds: 3, seconds: 3, warmUpSeconds: 2 }
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
  const usual = rows.filter(row => !('long' in row && row.long)).map(row => row.name)
  const wanted = names?.split(',') ?? usual
  return wanted.map(name => {
    const found = rows.find(row => row.name === name)
    if (found) return found
    throw new Error(`found the row '${name}', expected one of ${rows.map(row => row.name).join(', ')}`)
  })
}
