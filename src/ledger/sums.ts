/** The columns of `usage_daily`, each with its aggregate over rows of `calls`. */

import type { Outcome } from './call-record.ts'

/** A correction has the real outcome of a call that was counted as lost. */
const outcome = (name: string) => `count(*) filter (where outcome = '${name}')`

export const sums = {
  calls: 'count(*) filter (where seq = 0)',
  ok: outcome('ok'),
  cached: outcome('cached'),
  coalesced: outcome('coalesced'),
  refused: outcome('refused'),
  upstream_error: outcome('upstream_error'),
  client_gone: outcome('client_gone'),
  interrupted: outcome('interrupted'),
  lost: `${outcome('lost')} - count(*) filter (where seq = 1)`,
  gateway_error: outcome('gateway_error'),
  input_tokens: 'sum(input_tokens)',
  cache_read_tokens: 'sum(cache_read_tokens)',
  cache_write_tokens: 'sum(cache_write_tokens)',
  output_tokens: 'sum(output_tokens)',
  cost_nanos: 'sum(cost_nanos)',
  saved_nanos: 'sum(saved_nanos)',
} satisfies Record<Outcome, string> & Record<string, string>
