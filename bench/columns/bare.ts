/** The baseline: the least that a Node proxy can do. */

import { join } from 'node:path'
import type { Contender } from '../columns.ts'
import { startServer } from '../server.ts'

const file = join(import.meta.dirname, '../bare-proxy.ts')

const column = { name: 'bare', title: 'bare Node proxy' }

export const bare: Contender = {
  columns: [column],
  async start({ providerUrl, call, folder, node, env }) {
    const server = await startServer({
      name: 'bare-proxy',
      folder,
      env: () => env,
      command: port => [...node, file, '--port', `${port}`, '--upstream', providerUrl],
    })
    const served = { ...call, ...column, url: server.url, process: server, proof: /^/, cached: false }
    return { columns: [{ ...served, role: 'baseline', on: {} }], stop: server.stop }
  },
}
