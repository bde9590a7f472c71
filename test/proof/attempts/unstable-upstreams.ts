/** Upstreams that fail, hang, break off and come back, and the requests that they get. */

import { type Provider, startProvider } from '../../provider.ts'
import type { Context } from '../../when-over.ts'
import { whenOver } from '../../when-over.ts'
import type { Random } from '../random.ts'
import { numberIn } from '../traffic.ts'
import type { Asked } from './run.ts'
import { servedOf, type UpstreamName, type World } from './world.ts'

const BEHAVIORS = {
  well: ['ok', 'ok', 'ok', 'delay 200ms', 'unread'],
  fails: ['status 529', 'status 500', 'status 503', 'unread'],
  hangs: ['silent'],
  dies: ['unread', 'unread', 'die'],
} as const
type Behavior = keyof typeof BEHAVIORS

/** Requests after which the behaviors change. */
const PHASE = 30

export interface UnstableUpstreams {
  providers: Partial<Record<UpstreamName, Provider>>
  /** In the order in which the upstreams read them. */
  asked: Asked[]
  /** Called with each request and what the upstream does with it, just before. */
  onRequest(listener: (asked: Asked, scenario: string) => void): void
  idle(): Promise<unknown>
}

export async function startUnstableUpstreams(
  t: Context,
  { names, random, world }: { names: readonly UpstreamName[]; random: Random; world: World },
): Promise<UnstableUpstreams> {
  const asked: Asked[] = []
  const providers: UnstableUpstreams['providers'] = {}
  let listener: Parameters<UnstableUpstreams['onRequest']>[0] = () => {}
  let behaviors = drawBehaviors()

  function drawBehaviors(): Map<UpstreamName, Behavior> {
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
      if (asked.length % PHASE === PHASE - 1) behaviors = drawBehaviors()
      const drawn = random.pick(BEHAVIORS[behaviors.get(upstream)!])
      const call = world.calls[number]!
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
