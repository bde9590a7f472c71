/** Warnings about models on a client's list that are not known: most are typos, some are future models. */

import { didYouMean } from '../../prices/nearest.ts'
import type { PriceTable } from '../../prices/price.ts'
import { compileModels } from '../../stores/client.ts'

/** One line for each pattern that no model of the price table matches, by any of its names. */
export function modelWarnings(
  patterns: readonly string[] = [],
  { names }: Pick<PriceTable, 'names'>,
): string[] {
  const known = [...names]
  return patterns.flatMap(pattern => {
    const { allows } = compileModels([pattern])
    if (known.some(name => allows([name]))) return []
    return [
      `models: ${JSON.stringify(pattern)} matches no known model, so it allows no call.${didYouMean(pattern, known)} ` +
        'GET /v1/models lists the known ones; a new one needs its price in PRICES_FILE.',
    ]
  })
}
