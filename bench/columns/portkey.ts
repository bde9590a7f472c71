/** Portkey's gateway with nothing on: it passes calls to the provider that the request names. */

import type { Contender } from '../columns.ts'
import { absenceOf, peers, portkeyFile } from '../peers.ts'
import { startServer } from '../server.ts'

const column = { name: 'portkey', title: `Portkey ${peers.portkey.version}` }

export const portkey: Contender = {
  columns: [column],
  absence: () => absenceOf('portkey'),
  async start({ providerUrl, call, folder, node }) {
    const server = await startServer({
      name: 'portkey',
      folder,
      env: () => ({ NODE_ENV: 'production' }),
      command: port => [...node, portkeyFile, '--headless', `--port=${port}`],
    })
    const headers = {
      ...call.headers,
      authorization: 'Bearer upstream-key',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `${providerUrl}/v1`,
    }
    const { url, stop } = server
    const served = { ...call, ...column, url, headers, process: server, proof: /^/, cached: false }
    return { columns: [{ ...served, role: 'gateway', on: {} }], stop }
  },
}
