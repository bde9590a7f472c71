/** No gateway: the cost of the provider and the load alone. */

import type { Contender } from '../columns.ts'

export const direct: Contender = {
  columns: ['direct'],
  start: async ({ providerUrl, call }) => ({
    columns: [
      {
        name: 'direct',
        title: 'direct',
        url: providerUrl,
        ...call,
        proof: /^/,
        cached: false,
        process: undefined,
      },
    ],
    stop: async () => {},
  }),
}
