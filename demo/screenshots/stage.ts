/** What the pictures show: real servers, a database with a history, a gateway, and calls that run. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'pg'
import { startEmbedded } from '../../src/embedded/index.ts'
import { migrate } from '../../src/start/migrate.ts'
import { type Gateway, startGateway } from '../gateway.ts'
import { startProvider, type Usages } from '../provider.ts'
import { clients, type Model } from './company.ts'
import { writeHistory } from './history.ts'

export interface Stage extends Gateway {
  /** Makes some calls of several clients, one after the other. */
  play(calls: number): Promise<void>
}

/** Tokens of the provider's responses, by the last digit of the question. */
const USAGES: Usages = [
  [/[135]$/, 8_412, 641],
  [/[068]$/, 2_930, 188],
  [/.*/, 15_204, 1_377],
]

/** A text as long as that many tokens, because the hold of a call depends on its length. */
function prompt(question: number): string {
  const [, tokens] = USAGES.find(([pattern]) => pattern.test(String(question))) ?? [/.*/, 0]
  return `${'What was known before. '.repeat(tokens / 6)}Question ${question}`
}

const quiet = { info: () => {}, error: (facts: object, message: string) => console.error(message, facts) }

export async function setStage(port: number): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tollgate-pictures-'))
  const servers = await startEmbedded({ dataDir, redisUrl: undefined, databaseUrl: undefined, log: quiet })
  await migrate(servers.databaseUrl)
  const pool = new Pool({ connectionString: servers.databaseUrl })
  await writeHistory(pool)
  await pool.end()
  const provider = await startProvider(USAGES)
  const { redisUrl, databaseUrl } = servers
  const gateway = await startGateway({
    port,
    providerUrl: provider.url,
    dataDir,
    env: { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl },
  })
  const actors = await Promise.all(
    clients
      .filter(({ settings }) => !settings.disabled)
      .map(async ({ settings: { name }, uses }) => ({ key: await keyFor(gateway, name), model: uses[0]! })),
  )
  let made = 0

  return {
    ...gateway,
    async play(calls) {
      for (let i = 0; i < calls; i++, made++) {
        const { key, model } = actors[(made * 7) % actors.length]!
        await call(
          gateway.url,
          key,
          made % 6 === 5 ? 'an-unknown-model' : model,
          prompt(Math.floor(made * 0.8)),
        )
      }
    },
    async stop() {
      await gateway.stop()
      await Promise.all([provider.stop(), servers.stop()])
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function keyFor({ url, adminToken }: Gateway, client: string): Promise<string> {
  const response = await fetch(`${url}/admin/clients/${client}/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: '{}',
  })
  return String(Reflect.get(Object(await response.json()), 'key'))
}

async function call(url: string, key: string, model: Model | string, prompt: string): Promise<void> {
  const path = model.startsWith('gpt') ? '/v1/chat/completions' : '/v1/messages'
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
    body: JSON.stringify({ model, max_tokens: 1500, messages: [{ role: 'user', content: prompt }] }),
  })
  await response.text()
}
