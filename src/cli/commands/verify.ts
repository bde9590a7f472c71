/** Are the counters what the ledger says? */

import type { Command } from '../command.ts'
import { count, table } from '../text.ts'

interface VerifyAnswer {
  ok: boolean
  scopes: number
  quarantined: number
  found: number
  differences: {
    scope: string
    window: string
    counterUsd: number
    ledgerUsd: number
    pendingUsd: number
    differenceUsd: number
    /** A budget that was overspent. */
    limitUsd?: number
  }[]
}

export const verify: Command = {
  name: 'verify',
  about: 'Compare the counters with the ledger and what is on its way to it; exit code 1 where they differ',
  args: [],
  options: {},
  examples: ['verify'],
  async run(_input, api) {
    const answer = await api.call<VerifyAnswer>('GET', '/verify', undefined, 409)
    const compared = `${count(answer.scopes)} scopes compared, day and month`
    const aside = answer.quarantined > 0 ? ` ${answer.quarantined} unreadable entries lie aside.` : ''
    if (answer.ok)
      return { answer, shown: { text: `${compared}: the counters are what the ledger says.${aside}` } }
    const head = ['SCOPE', 'WINDOW', 'COUNTER', 'LEDGER', 'ON ITS WAY', 'DIFFERENCE']
    const rows = answer.differences.map(({ scope, window, ...usd }) => [
      scope,
      window,
      ...[usd.counterUsd, usd.ledgerUsd, usd.pendingUsd].map(exact),
      exact(usd.differenceUsd) + (usd.limitUsd === undefined ? '' : ` over ${exact(usd.limitUsd)}`),
    ])
    return {
      answer,
      shown: { text: table(head, rows), note: `${compared}: ${count(answer.found)} differ.${aside}` },
      exitCode: 1,
    }
  },
}

/** To the nano-dollar. */
function exact(usd: number): string {
  return `$${usd.toFixed(9)}`
}
