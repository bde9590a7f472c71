/** Compares the counters with the ledger. */

import type { VerifyBody } from '../../admin/bodies.ts'
import type { Command } from '../command.ts'
import { count, table } from '../text.ts'

export const verify: Command = {
  name: 'verify',
  about: 'Compare the counters with the ledger and its pending entries; exit code 1 if they differ',
  args: [],
  options: {},
  examples: ['verify'],
  async run(_input, api) {
    const response = await api.call<VerifyBody>('GET', '/verify', undefined, 409)
    const compared = `${count(response.scopes)} scopes compared for day and month`
    const quarantined =
      response.quarantined > 0 ? ` ${response.quarantined} unreadable entries are quarantined.` : ''
    if (response.ok) return { response, text: `${compared}: counters and ledger agree.${quarantined}` }
    const head = ['SCOPE', 'WINDOW', 'COUNTER', 'LEDGER', 'PENDING', 'DIFFERENCE']
    const rows = response.differences.map(({ scope, window, ...usd }) => [
      scope,
      window,
      ...[usd.counterUsd, usd.ledgerUsd, usd.pendingUsd].map(exact),
      exact(usd.differenceUsd) + (usd.limitUsd === undefined ? '' : ` over ${exact(usd.limitUsd)}`),
    ])
    return {
      response,
      text: table(head, rows),
      note: `${compared}: ${count(response.found)} differ.${quarantined}`,
      exitCode: 1,
    }
  },
}

/** With all nine decimals of a nano-dollar. */
function exact(usd: number): string {
  return `$${usd.toFixed(9)}`
}
