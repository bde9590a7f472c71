/** LiteLLM's proxy: one worker with Redis and a master key. Without its database it has no clients and no budgets. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender } from '../columns.ts'
import { absenceOf, litellmFile, peers } from '../peers.ts'
import { startServer } from '../server.ts'
import { startPeerRedis } from '../stores.ts'

const masterKey = 'sk-bench-master-key'
const column = { name: 'litellm', title: `LiteLLM ${peers.litellm.version}, one worker` }

export const litellm: Contender = {
  columns: [column],
  absence: () => absenceOf('litellm'),
  async start({ providerUrl, call, folder, prefix }) {
    const redis = await startPeerRedis(folder, 'litellm')
    const config = join(folder, 'litellm.json') // YAML includes JSON
    const { model } = call
    const api = { model: `openai/${model}`, api_base: `${providerUrl}/v1`, api_key: 'upstream-key' }
    await writeFile(
      config,
      JSON.stringify({
        model_list: [{ model_name: model, litellm_params: api }],
        general_settings: { master_key: masterKey },
        router_settings: { redis_url: redis.url },
      }),
    )
    const server = await startServer({
      name: 'litellm',
      folder,
      ready: '/health/liveliness',
      env: () => ({
        LITELLM_LOG: 'ERROR',
        LITELLM_LOCAL_MODEL_COST_MAP: 'True', // otherwise it is fetched at the start
        HOME: folder,
      }),
      command: port => [
        ...[...prefix, litellmFile, '--config', config, '--host', '127.0.0.1', '--port', `${port}`],
        ...['--num_workers', '1', '--telemetry', 'False'],
      ],
    }).catch(async error => {
      await redis.stop()
      throw error
    })
    const headers = { ...call.headers, authorization: `Bearer ${masterKey}` }
    const served = {
      ...call,
      ...column,
      url: server.url,
      headers,
      process: server,
      proof: /^/,
      cached: false,
    }
    return {
      columns: [{ ...served, role: 'gateway', on: { keys: 'one master key', log: 'access log' } }],
      async stop() {
        await server.stop()
        await redis.stop()
      },
    }
  },
}
