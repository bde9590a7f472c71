/** Why a call of this client for this model is treated as it is. */

import type { Command } from '../command.ts'
import { NONE, table } from '../text.ts'
import { type LevelAnswer, standing, waitText } from './answers.ts'

interface ExplainAnswer {
  client: string
  model: string
  allowed: boolean
  pattern: string | null
  models: string[] | null
  obstacles: { code: string; detail: string }[]
  levels: (LevelAnswer & { scope: string })[]
  loop: { identical: number; per: string } | null
  allow: string[]
  cache: { enabled: boolean; ttlSeconds: number; share: string }
  maxWaitMs: number
  hold: { setting: string; applies: string; reserves: string }
  defaultMaxTokens: number | null
  upstreams: {
    format: string
    upstream: string | null
    circuit?: { state: string; retryAfterMs: number; reason: string; openings: number }
  }[]
  price: {
    model: string
    maxInput: number
    maxOutput: number
    usdPerMillionTokens: Record<string, unknown>
    origins: Record<string, string>
    version: string
  }
}

export const explain: Command = {
  name: 'explain',
  about: 'Every rule that a call of this client for this model meets, with its numbers now',
  args: ['client', 'model'],
  options: {},
  examples: ['explain frontend claude-haiku-4-5'],
  async run({ args }, api) {
    const query = new URLSearchParams({ client: args.client ?? '', model: args.model ?? '' })
    const answer = await api.call<ExplainAnswer>('GET', `/explain?${query}`)
    return { answer, shown: { text: [rules(answer), ...answer.levels.map(level)].join('\n\n') } }
  },
}

function rules(answer: ExplainAnswer): string {
  const { client, model, allowed, pattern, models, obstacles, loop, allow, cache, price, hold } = answer
  const by = models === null ? 'it may use every model' : `by ${pattern}`
  const served = answer.upstreams.map(({ format, upstream }) => `${upstream ?? 'nowhere'} (${format})`)
  const refused = answer.upstreams.flatMap(({ upstream, circuit }) =>
    circuit
      ? `${upstream} ${circuit.state}: ${circuit.reason}; ${circuit.openings} openings, next try in ${Math.ceil(circuit.retryAfterMs / 1000)} s (this replica)`
      : [],
  )
  const { source, checked, ...rates } = price.usdPerMillionTokens
  const shown = Object.entries(rates).map(([rate, value]) => {
    const origin = price.origins[rate]
    const words = typeof value === 'string' ? value : JSON.stringify(value)
    return `${rate} ${words}${origin === undefined || origin === 'built-in' ? '' : ` (${origin})`}`
  })
  const [overridden, derived] = ['override', 'derived'].map(origin =>
    Object.keys(price.origins).filter(rate => price.origins[rate] === origin),
  )
  return table(
    ['EXPLAIN', `${client}, ${model}`],
    [
      ['allowed', allowed ? `yes, ${by}` : 'no'],
      ...obstacles.map(({ code, detail }) => ['in the way', `${code}: ${detail}`]),
      ['goes to', served.join(', ')],
      ...[...new Set(refused)].map(words => ['circuit', words]),
      ['price', `${price.model}, US dollars a million tokens: ${shown.join(', ')}`],
      ['', `table ${price.version}; from ${source ?? NONE}, checked ${checked ?? NONE}`],
      [
        '',
        overridden?.length
          ? `from PRICES_FILE: ${overridden.join(', ')}; derived from these: ${derived?.join(', ') || NONE}; the rest is built in`
          : 'all of it built in',
      ],
      ['at most', `${price.maxInput} tokens in, ${price.maxOutput} out`],
      ['hold', `${hold.applies}: a running call holds ${hold.reserves}`],
      [
        'no ceiling',
        answer.defaultMaxTokens === null ? 'passes as it is' : `${answer.defaultMaxTokens} tokens are put in`,
      ],
      ['max wait', waitText(answer.maxWaitMs)],
      ['cache', cache.enabled ? `on, ${cache.ttlSeconds} s, shared by ${cache.share}` : 'off'],
      ['loop', loop ? `${loop.identical}/${loop.per}` : NONE],
      ['allow', allow.join(', ') || NONE],
    ],
  )
}

function level(answer: LevelAnswer & { scope: string }): string {
  return table(['LIMIT OF', answer.scope, ''], standing(answer))
}
