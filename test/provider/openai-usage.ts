/** Usage in OpenAI's APIs: the prompt includes cached tokens, the completion includes reasoning tokens. */

import type { UsagePart } from '../../src/dialects/dialect.ts'
import { type Reply, usagePart } from './reply.ts'

export interface Totals {
  prompt: number
  cached: number
  written: number
  completion: number
  reasoning: number
  total: number
}

export function totals({ counts, report }: Reply): Totals {
  const written = counts.cacheWrite5m + counts.cacheWrite1h
  const prompt = counts.input + counts.cacheRead + written
  const completion = report === 'outside' ? counts.output - counts.reasoning : counts.output
  return {
    prompt,
    cached: counts.cacheRead,
    written,
    completion,
    reasoning: counts.reasoning,
    total: prompt + counts.output,
  }
}

/** The tier of the response: the requested one, if the request names one. */
export function servedTier({ tier, request }: Reply): string {
  const asked = request.service_tier
  if (tier !== undefined) return tier
  if (typeof asked !== 'string' || asked === 'auto') return 'default'
  return asked === 'fast' ? 'priority' : asked
}

export function served(reply: Reply): UsagePart[] {
  const { written } = totals(reply)
  return [
    usagePart(reply, {
      tier: servedTier(reply),
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      cacheWriteOther: written,
      tools: {},
    }),
  ]
}
