/** TensorZero's gateway, which its Python package contains: with nothing on, and with rate limits in Redis. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Column, Contender, Surroundings } from '../columns.ts'
import { absenceOf, peers, tensorzeroPython } from '../peers.ts'
import { startServer } from '../server.ts'
import { startPeerRedis } from '../stores.ts'

const { version } = peers.tensorzero
const absence = () => absenceOf('tensorzero')
const plain = { name: 'tensorzero', title: `TensorZero ${version}` }
const limited = { name: 'tensorzero-limits', title: `TensorZero ${version}, limits in Redis` }

/** The package starts its gateway for its OpenAI client. The gateway is Rust; Python only waits. */
const launcher = `
import signal, sys
from tensorzero import _start_http_gateway
config, redis = sys.argv[1], sys.argv[2] or None
gateway = _start_http_gateway(
    config_file=config, clickhouse_url=None, postgres_url=None, valkey_url=redis, async_setup=False
)
print("gateway at " + gateway.base_url.removesuffix("/openai/v1"), flush=True)
signal.pause()
`

/** One rule for all calls, so high that no call is refused. */
const limits = `
[rate_limiting]
enabled = true
[[rate_limiting.rules]]
always = true
model_inferences_per_minute = 10_000_000
tokens_per_minute = 10_000_000_000
`

export const tensorzero: Contender = {
  columns: [plain],
  absence,
  start: surroundings => start(surroundings, { ...plain, on: {} }, '', ''),
}

export const tensorzeroLimits: Contender = {
  columns: [limited],
  absence,
  async start(surroundings) {
    const redis = await startPeerRedis(surroundings.folder, limited.name)
    const column = { ...limited, on: { limits: 'requests, tokens' } }
    const { columns, stop } = await start(surroundings, column, limits, redis.url).catch(async error => {
      await redis.stop()
      throw error
    })
    return {
      columns,
      async stop() {
        await stop()
        await redis.stop()
      },
    }
  },
}

async function start(
  { providerUrl, call, folder, prefix }: Surroundings,
  column: Pick<Column, 'name' | 'title' | 'on'>,
  rules: string,
  redisUrl: string,
) {
  const config = join(folder, `${column.name}.toml`)
  const model = `models.${call.model}`
  await writeFile(
    config,
    `[gateway]
observability.enabled = false
disable_pseudonymous_usage_analytics = true
[${model}]
routing = ["provider"]
[${model}.providers.provider]
type = "openai"
model_name = "${call.model}"
api_base = "${providerUrl}/v1/"
api_key_location = "none"
${rules}`,
  )
  const server = await startServer({
    name: column.name,
    folder,
    announced: /gateway at (\S+)/,
    command: () => [...prefix, tensorzeroPython, '-c', launcher, config, redisUrl],
  })
  const served: Column = {
    ...call,
    ...column,
    url: server.url,
    path: '/openai/v1/chat/completions',
    model: `tensorzero::model_name::${call.model}`,
    process: server,
    proof: /^/,
    cached: false,
    role: 'gateway',
  }
  return { columns: [served], stop: server.stop }
}
