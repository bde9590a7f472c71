/** Explains which rules apply to a call of a client for a model. */

import type { ExplainBody } from '../../admin/bodies.ts'
import type { Command } from '../command.ts'
import { NONE, table } from '../text.ts'
import { limitRows, type ScopeResponse, waitText } from './responses.ts'

export const explain: Command = {
  name: 'explain',
  about: 'Show the rules for calls of a client for a model, with current usage',
  args: ['client', 'model'],
  options: {},
  examples: ['explain frontend claude-haiku-4-5'],
  async run({ args }, api) {
    const query = new URLSearchParams({ client: args.client ?? '', model: args.model ?? '' })
    const response = await api.call<ExplainBody>('GET', `/explain?${query}`)
    return { response, text: [rules(response), ...response.levels.map(scopeText)].join('\n\n') }
  },
}

function rules(response: ExplainBody): string {
  const { client, model, allowed, pattern, models, obstacles, loop, allow, cache, price, hold } = response
  const by = models === null ? 'every model is allowed' : `by ${pattern}`
  const served = response.upstreams.map(({ format, upstream }) => `${upstream ?? 'no upstream'} (${format})`)
  const refused = response.upstreams.flatMap(({ upstream, circuit }) =>
    circuit
      ? `${upstream} ${circuit.state}: ${circuit.reason}; opened ${circuit.openings} times, next try in ${Math.ceil(circuit.retryAfterMs / 1000)} s (this replica)`
      : [],
  )
  const { source, checked, ...rates } = price.usdPerMillionTokens
  const priced = Object.entries(rates).map(([rate, value]) => {
    const origin = price.origins[rate]
    const words = typeof value === 'string' ? value : JSON.stringify(value)
    return `${rate} ${words}${origin === undefined || origin === 'built-in' ? '' : ` (${origin})`}`
  })
  return table(
    ['EXPLAIN', `${client}, ${model}`],
    [
      ['allowed', allowed ? `yes, ${by}` : 'no'],
      ...obstacles.map(({ code, detail }) => ['refused by', `${code}: ${detail}`]),
      ['goes to', served.join(', ')],
      ...[...new Set(refused)].map(words => ['circuit', words]),
      ['price', `${price.model}, US dollars a million tokens: ${priced.join(', ')}`],
      ['', `table ${price.version}; from ${source ?? NONE}, checked ${checked ?? NONE}`],
      ['', originsText(price)],
      ['at most', `${price.maxInput} tokens in, ${price.maxOutput} out`],
      ['hold', `${hold.applies}: a running call holds ${hold.reserves}`],
      [
        'no output limit',
        response.defaultMaxTokens === null
          ? 'the request is not changed'
          : `${response.defaultMaxTokens} tokens are set`,
      ],
      ['max wait', waitText(response.maxWaitMs)],
      ['cache', cache.enabled ? `on, ${cache.ttlSeconds} s, shared by ${cache.share}` : 'off'],
      ['loop', loop ? `${loop.identical}/${loop.per}` : NONE],
      ['allow', allow.join(', ') || NONE],
    ],
  )
}

function originsText({ origins, multiplier }: ExplainBody['price']): string {
  const from = (origin: string) => Object.keys(origins).filter(rate => origins[rate] === origin)
  const [listed, overridden, derived] = [from('public'), from('override'), from('derived')]
  const known = listed.length > 0 ? 'from the public list' : 'built in'
  const words = overridden.length
    ? `from PRICES_FILE or the upstream: ${overridden.join(', ')}; derived from these: ${derived.join(', ') || NONE}; all other rates are ${known}`
    : `all rates are ${known}`
  return multiplier === null ? words : `${words}; all multiplied by ${multiplier}, as the upstream has it`
}

function scopeText(response: ScopeResponse & { scope: string }): string {
  return table(['LIMIT OF', response.scope, ''], limitRows(response))
}
