/** Latency and errors of calls. */

import type { PerformanceFound, PerformanceSeries, SeriesKey } from '../../ledger/performance.ts'
import type { Command } from '../command.ts'
import { count, NONE, table, time } from '../text.ts'
import { queryFrom } from './pages.ts'

type PerformanceAnswer = Omit<PerformanceFound, 'from' | 'to' | 'since'> & {
  from: string
  to: string
  since: string | null
  step: string
  by: SeriesKey[]
}

const options = ['by', 'from', 'to', 'step', 'model', 'upstream', 'limit']

export const performance: Command = {
  name: 'performance',
  about: 'Latency, time to first token and errors, by model and upstream',
  args: [],
  options: {
    by: { value: 'model,upstream', about: 'what to group by; all calls together if left out' },
    from: { value: '2026-11-01T10:00:00Z', about: 'a day or a time, UTC; 24 hours before --to if left out' },
    to: { value: '2026-11-02', about: 'the end; now if left out' },
    step: { value: 'hour', about: 'slots of 5m, hour or day; what fits the range if left out' },
    model: { value: 'gpt-6-luna', about: 'only this model' },
    upstream: { value: 'openai', about: 'only this upstream' },
    limit: { value: '20', about: 'how many groups to list, up to 100' },
  },
  examples: ['performance --by model', 'performance --by upstream --from 2026-11-01 --to 2026-11-08'],
  async run(input, api) {
    const answer = await api.call<PerformanceAnswer>('GET', `/performance${queryFrom(input, options)}`)
    const { by, series, all, since, more } = answer
    const head = ['CALLS', 'ERRORS', 'LATENCY P50', 'P95', 'P99', 'FIRST TOKEN P50', 'P95', 'P99']
    const lines = [
      ...series.map(one => [...by.map(name => one[name] ?? NONE), ...figures(one)]),
      [...by.map((_, i) => (i === 0 ? 'all' : '')), ...figures(all)],
    ]
    const notes = [
      ...(more ? ['There are more groups than --limit.'] : []),
      ...(since !== null && since > answer.from ? [`Calls before ${time(since)} were not measured.`] : []),
    ]
    return {
      answer,
      shown: {
        text: `From ${time(answer.from)} to before ${time(answer.to)}, UTC; milliseconds, at most 7.3 % off\n\n${table([...by.map(name => name.toUpperCase()), ...head], lines)}`,
        ...(notes.length > 0 && { note: notes.join(' ') }),
      },
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
