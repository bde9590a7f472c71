/**
 * `npm run demo`: a simulated provider, the gateway with a real Redis and Postgres, a client, and a short tour with the
 * providers' SDKs. It keeps running after the tour, so that you can try the gateway; `--once` ends it.
 */

import { mkdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startGateway } from './gateway.ts'
import { startProvider } from './provider.ts'
import { tour } from './tour.ts'

const { values: options } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    port: { type: 'string', default: process.env.PORT ?? '4000' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (options.help) {
  console.log(`Usage: npm run demo [-- --once] [-- --port 4000]

  --once   end after the tour (exit code 0 if every step had the expected result)
  --port   the port of the gateway (4000)`)
  process.exit(0)
}

const DATA_DIR = '.tollgate/demo'
mkdirSync(DATA_DIR, { recursive: true })

console.log('Starting a simulated provider, a real Redis, a real Postgres and the gateway …')
const provider = await startProvider()
const gateway = await startGateway({
  port: Number(options.port),
  providerUrl: provider.url,
  dataDir: DATA_DIR,
})

let code = 0
try {
  const { rows, key } = await tour(gateway)
  console.log(`\n${table(rows)}\n`)
  const failed = rows.filter(row => !row.asExpected)
  for (const { step, result, expected } of failed)
    console.error(`${step}: found ${result}, expected ${expected}`)
  code = failed.length === 0 ? 0 : 1
  if (!options.once) {
    console.log(instructions(gateway.url, key, gateway.adminToken))
    await gateway.ended()
  }
} catch (error) {
  console.error(error)
  code = 1
} finally {
  await gateway.stop()
  await provider.stop()
}
process.exit(code)

function table(rows: { step: string; result: string; cost: string }[]): string {
  const heads = { step: 'Request', result: 'Response', cost: 'Cost' }
  const width = (column: 'step' | 'result' | 'cost') =>
    Math.max(...[heads, ...rows].map(row => row[column].length))
  const line = (row: typeof heads) =>
    `  ${row.step.padEnd(width('step'))}  ${row.result.padEnd(width('result'))}  ${row.cost.padStart(width('cost'))}`
  const rule = `  ${'─'.repeat(width('step'))}  ${'─'.repeat(width('result'))}  ${'─'.repeat(width('cost'))}`
  return [line(heads), rule, ...rows.map(line)].join('\n')
}

function instructions(url: string, key: string, adminToken: string): string {
  return `The gateway runs. Its provider is simulated, so no call costs real money.

  URL        ${url}
  Key        ${key}
  Dashboard  ${url}/dashboard
  Token      ${adminToken}   (for the dashboard and ${url}/admin)

Try it:

  curl ${url}/v1/messages -H 'x-api-key: ${key}' -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' -d '{"model":"claude-haiku-4-5","max_tokens":64,"messages":[{"role":"user","content":"Hello"}]}'
  curl ${url}/v1/chat/completions -H 'authorization: Bearer ${key}' -H 'content-type: application/json' -d '{"model":"gpt-6-luna","stream":true,"messages":[{"role":"user","content":"Hello"}]}'
  curl ${url}/admin/clients/demo -H 'authorization: Bearer ${adminToken}'

Ctrl-C stops it.`
}
