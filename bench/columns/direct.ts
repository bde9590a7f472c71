/** No gateway: the cost of the provider and the load alone. */

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
