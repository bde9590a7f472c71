/** Creates usage and requests for price tests. Absent fields are empty. */

import type { UsagePart } from '../../src/dialects/dialect.ts'
import type { Priceable } from '../../src/pricing/bound.ts'
import { builtin } from '../../src/pricing/builtin.ts'
import { loadPrices } from '../../src/pricing/table.ts'

export const table = loadPrices(builtin)

/** A day on which every built-in model has a price. */
export const today = new Date('2026-11-23T12:00:00Z')

export function part(model: string, given: Partial<UsagePart> = {}): UsagePart {
  const counts = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, cacheWriteOther: 0 }
  const nothing = { ...counts, output: 0, reasoning: 0, tools: {} }
  return { model, tier: undefined, speed: undefined, geo: undefined, ...nothing, ...given }
}

export function ask(given: Partial<Priceable> = {}): Priceable {
  const named = { tier: undefined, speed: undefined, geo: undefined }
  const nothing = { inputBound: 0, images: 0, maxOutputTokens: 0, predicted: 0, cacheWrite: 'none' } as const
  return { completions: 1, hasOutput: true, unbounded: [], ...nothing, ...named, ...given }
}
