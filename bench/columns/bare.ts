/** The baseline: the least that a Node proxy can do. */

import { join } from 'node:path'
import type { Contender } from '../columns.ts'
import { startServer } from '../server.ts'

const file = join(import.meta.dirname, '../bare-proxy.ts')

export const bare: Contender = {
  columns: ['bare'],
  async start({ providerUrl, call, folder, node, env }) {
    const server = await startServer({
      name: 'bare-proxy',
      folder,
      env: () => env,
      command: port => [...node, file, '--port', `${port}`, '--upstream', providerUrl],
    })
    const column = { name: 'bare', title: 'bare Node proxy', ...call, url: server.url, process: server }
    return { columns: [{ ...column, proof: /^/, cached: false }], stop: server.stop }
  },
}
