/** Upstreams that fail, hang, break off and come back, and the requests that they get. */

import { type Provider, startProvider } from '../../provider.ts'
import type { Context } from '../../when-over.ts'
import { whenOver } from '../../when-over.ts'
import type { Random } from '../random.ts'
import { numberIn } from '../traffic.ts'
import type { Asked } from './run.ts'
import { servedOf, type Trial, type UpstreamName } from './trial.ts'

const CONDITIONS = {
  well: ['ok', 'ok', 'ok', 'delay 200ms', 'unread'],
  fails: ['status 529', 'status 500', 'status 503', 'unread'],
  hangs: ['silent'],
  dies: ['unread', 'unread', 'die'],
} as const
type Condition = keyof typeof CONDITIONS

/** Requests after which the conditions change. */
const PHASE = 30

export interface Simulated {
  providers: Partial<Record<UpstreamName, Provider>>
  /** In the order in which the upstreams read them. */
  asked: Asked[]
  /** Called with each request and what the upstream does with it, just before. */
  onRequest(listener: (asked: Asked, scenario: string) => void): void
  idle(): Promise<unknown>
}

export async function startSimulated(
  t: Context,
  { names, random, trial }: { names: readonly UpstreamName[]; random: Random; trial: Trial },
): Promise<Simulated> {
  const asked: Asked[] = []
  const providers: Simulated['providers'] = {}
  let listener: Parameters<Simulated['onRequest']>[0] = () => {}
  let conditions = drawConditions()

  function drawConditions(): Map<UpstreamName, Condition> {
    const well = random.pick(names)
    return new Map(
      names.map(name => [name, name === well ? 'well' : random.pick(['well', 'fails', 'hangs', 'dies'])]),
    )
  }

  for (const upstream of names) {
    const provider = await startProvider()
    whenOver(t, provider.close)
    providers[upstream] = provider
    provider.use(request => {
      // Without an exact count a call always holds the same.
      if (request.path.includes('count_tokens')) return 'status 500'
      const number = numberIn(request.body)
      if (asked.length % PHASE === PHASE - 1) conditions = drawConditions()
      const drawn = random.pick(CONDITIONS[conditions.get(upstream)!])
      const call = trial.calls[number]!
      const { input, output } = servedOf(call)
      const one = { number, upstream, request }
      asked.push(one)
      listener(one, drawn)
      return `usage ${input} in ${output} out, ${drawn}`
    })
  }
  return {
    providers,
    asked,
    onRequest: next => {
      listener = next
    },
    idle: () => Promise.all(Object.values(providers).map(one => one.waitForIdle())),
  }
}
