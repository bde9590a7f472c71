/** A gateway for a study: a real process with the study's stores and its own simulated provider. */

import { join } from 'node:path'
import { startSimulatedProvider } from './columns.ts'
import { alone } from './cores.ts'
import { startServer } from './server.ts'

const root = join(import.meta.dirname, '..')
export const adminToken = 'bench-admin-token'

export async function startGateway(folder: string, stores: { redisUrl: string; databaseUrl: string }) {
  const provider = await startSimulatedProvider(folder)
  const gateway = await startServer({
    name: 'tollgate',
    folder,
    ready: '/readyz',
    command: () => [...alone, process.execPath, join(root, 'src/server.ts')],
    env: port => ({
      PORT: String(port),
      REDIS_URL: stores.redisUrl,
      DATABASE_URL: stores.databaseUrl,
      DATA_DIR: folder,
      ADMIN_TOKEN: adminToken,
      EZAI_API_KEY: 'upstream-key',
      EZAI_BASE_URL: provider.url,
      DRAIN_DELAY_SECONDS: '0',
    }),
  }).catch(async error => {
    await provider.stop()
    throw error
  })
  return {
    url: gateway.url,
    pid: gateway.pid,
    async stop() {
      await gateway.stop()
      await provider.stop()
    },
  }
}
