/** What the gateway's libraries cost before it does anything of its own. */

import { join } from 'node:path'
import type { Contender } from '../columns.ts'
import { startServer } from '../server.ts'
import { startPeerRedis } from '../stores.ts'

const file = join(import.meta.dirname, '../minimal-gateway.ts')

const column = { name: 'minimal', title: 'Fastify, ioredis and pino alone' }

export const minimal: Contender = {
  columns: [column],
  async start({ providerUrl, call, folder, node, env }) {
    const redis = await startPeerRedis(folder, column.name)
    const server = await startServer({
      name: 'minimal-gateway',
      folder,
      env: () => env,
      command: port => [
        ...[...node, file, '--port', `${port}`, '--upstream', providerUrl],
        ...['--redis', redis.url],
      ],
    }).catch(async error => {
      await redis.stop()
      throw error
    })
    const served = { ...call, ...column, url: server.url, process: server, proof: /^/, cached: false }
    return {
      columns: [{ ...served, role: 'gateway', on: { log: 'yes' } }],
      async stop() {
        await server.stop()
        await redis.stop()
      },
    }
  },
}
