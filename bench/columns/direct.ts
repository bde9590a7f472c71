/** No gateway at all: what the provider and the load take by themselves. */

import type { Contender } from '../columns.ts'

export const direct: Contender = {
  columns: ['direct'],
  start: async ({ providerUrl, headers }) => ({
    columns: [
      {
        name: 'direct',
        title: 'direct',
        url: providerUrl,
        headers,
        proof: /^/,
        cached: false,
        process: undefined,
      },
    ],
    stop: async () => {},
  }),
}
