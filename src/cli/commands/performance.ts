/** Latency and errors of calls. */

import type { PerformanceBody } from '../../admin/bodies.ts'
import { type PerformanceSeries, stepNames } from '../../ledger/performance.ts'
import { series as seriesKeys } from '../../ledger/responses.ts'
import type { Command } from '../command.ts'
import { count, NONE, table, time } from '../text.ts'
import { queryFrom } from './pages.ts'

const options = ['by', 'from', 'to', 'step', 'model', 'upstream', 'limit']

export const performance: Command = {
  name: 'performance',
  about: 'Show latency, time to first token and errors, by model and upstream',
  args: [],
  options: {
    by: { values: seriesKeys, isList: true, about: 'group rows; one row for all calls by default' },
    from: {
      value: '2026-11-01T10:00:00Z',
      about: 'the start, a UTC day or time; 24 hours before --to by default',
    },
    to: { value: '2026-11-02', about: 'the end, exclusive; now by default' },
    step: {
      values: stepNames,
      about: 'the length of a time slot; chosen by the range by default',
    },
    model: { value: 'gpt-6-luna', about: 'only this model' },
    upstream: { value: 'openai', about: 'only this upstream' },
    limit: { value: '20', about: 'the most groups, up to 100' },
  },
  examples: ['performance --by model', 'performance --by upstream --from 2026-11-01 --to 2026-11-08'],
  async run(input, api) {
    const response = await api.call<PerformanceBody>('GET', `/performance${queryFrom(input, options)}`)
    const { by, series, all, since, more } = response
    const head = ['CALLS', 'ERRORS', 'LATENCY P50', 'P95', 'P99', 'FIRST TOKEN P50', 'P95', 'P99']
    const lines = [
      ...series.map(one => [...by.map(name => one[name] ?? NONE), ...figures(one)]),
      [...by.map((_, i) => (i === 0 ? 'all' : '')), ...figures(all)],
    ]
    const notes = [
      ...(more ? ['There are more groups than --limit.'] : []),
      ...(since !== null && since > response.from ? [`Calls before ${time(since)} are not counted.`] : []),
    ]
    return {
      response,
      text: `From ${time(response.from)} to before ${time(response.to)}, UTC; milliseconds, with an error of at most 7.3 %\n\n${table([...by.map(name => name.toUpperCase()), ...head], lines)}`,
      ...(notes.length > 0 && { note: notes.join(' ') }),
    }
  },
}

function figures({ total: { calls, errors, latencyMs, ttftMs } }: PerformanceSeries): string[] {
  const share = calls === 0 ? '' : ` (${((errors / calls) * 100).toFixed(1)} %)`
  const ms = (value: number | null) => (value === null ? NONE : count(Math.round(value)))
  return [
    count(calls),
    `${count(errors)}${share}`,
    ...[latencyMs, ttftMs].flatMap(({ p50, p95, p99 }) => [p50, p95, p99].map(ms)),
  ]
}
