/** No gateway: the cost of the provider and the load alone. */

import type { Contender } from '../columns.ts'

const column = { name: 'direct', title: 'direct' }

export const direct: Contender = {
  columns: [column],
  start: async ({ providerUrl, call }) => ({
    columns: [
      {
        ...call,
        ...column,
        url: providerUrl,
        process: undefined,
        proof: /^/,
        cached: false,
        role: 'baseline',
        on: {},
      },
    ],
    stop: async () => {},
  }),
}
