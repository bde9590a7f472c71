/** The same gateway with a route: three equal targets, balanced and sticky, all at the same provider. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender } from '../columns.ts'
import { miss, startTollgate } from './tollgate.ts'

const column = { name: 'routed', title: 'Tollgate, with a sticky route' }
const targets = ['first', 'second', 'third']

export const routed: Contender = {
  columns: [column],
  async start(surroundings) {
    const file = join(surroundings.folder, 'upstreams.json')
    const upstreams = targets.map(name => ({
      name,
      type: 'ezai',
      baseUrl: surroundings.providerUrl,
      keys: [{ env: 'EZAI_API_KEY' }],
    }))
    const route = {
      models: ['*'],
      targets: targets.map(upstream => ({ upstream })),
      sticky: 'client+prefix',
    }
    await writeFile(file, JSON.stringify({ upstreams, routes: [route] }))
    const { gateway, stop } = await startTollgate(surroundings, 'routed', { UPSTREAMS_FILE: file })
    return { columns: [{ ...gateway, ...column, cached: false, proof: miss }], stop }
  },
}
