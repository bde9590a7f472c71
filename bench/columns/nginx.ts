/** The least that a proxy can cost. */

import type { Contender } from '../columns.ts'
import { startNginx } from '../nginx.ts'
import { absenceOf } from '../peers.ts'

const column = { name: 'nginx', title: 'nginx as a proxy' }

export const nginx: Contender = {
  columns: [column],
  absence: () => absenceOf('nginx'),
  async start({ providerUrl, call, folder, prefix }) {
    const server = await startNginx({
      name: 'nginx-proxy',
      folder,
      prefix,
      upstream: `upstream provider { server ${new URL(providerUrl).host}; keepalive 512; keepalive_requests 1000000000; }`,
      locations: `
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header connection "";
      proxy_buffering off;
    }`,
    })
    const served = { ...call, ...column, url: server.url, process: server, proof: /^/, cached: false }
    return { columns: [{ ...served, role: 'baseline', on: {} }], stop: server.stop }
  },
}
