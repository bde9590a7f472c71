/** Warnings about models on a client's list that are not known: most are typos, some are future models. */

import { compileModels } from '../clients/client.ts'
import { didYouMean } from '../pricing/nearest.ts'

const NO_MODEL = 'models: the list is empty, so it allows no call. "*" allows every model.'

/** One line for each pattern that matches no known name of a model, and for an empty list. */
export function modelWarnings(patterns: readonly string[] | undefined, known: readonly string[]): string[] {
  if (patterns === undefined) return []
  if (patterns.length === 0) return [NO_MODEL]
  return patterns.flatMap(pattern => {
    const { allows } = compileModels([pattern])
    if (known.some(name => allows([name]))) return []
    return [
      `models: ${JSON.stringify(pattern)} matches no known model, so it allows no call.${didYouMean(pattern, known)} ` +
        'GET /v1/models lists the known ones; a new one needs its price in PRICES_FILE.',
    ]
  })
}
