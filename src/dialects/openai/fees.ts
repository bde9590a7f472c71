/** Counts the runs of OpenAI's tools with a fee per run, from the items of a response's output. */

import { type JsonObject, listIn, objectIn, textIn } from '../wire/json.ts'
import type { Shape } from '../wire/pruner.ts'
import { count, type Requested } from '../wire/usage.ts'

export type Calls = Record<string, number>

/** The members of an item, and of a response's tools, that determine a fee. */
export const ITEM: Shape = {
  type: true,
  action: { type: true },
  container_id: true,
  environment: { type: true, container_id: true },
}
export const TOOL: Shape = {
  type: true,
  container: { memory_limit: true },
  environment: { memory_limit: true },
}
/** The usage of tools that a response reports. */
export const TOOL_USAGE: Shape = {
  web_search: { num_requests: true },
  image_gen: { input_tokens: true, output_tokens: true },
}

interface FeeCounter {
  add(item: unknown): void
  readonly calls: Calls
}

/** `hasHostedShell`: the request's shell runs in a container of the provider. */
export function feeCounter(hasHostedShell: boolean): FeeCounter {
  const calls: Calls = {}
  const containers = new Set<string>()

  const once = (fee: string) => {
    calls[fee] = (calls[fee] ?? 0) + 1
  }
  /** A container is charged once. */
  const container = (id: unknown) => {
    if (typeof id === 'string' && containers.has(id)) return
    if (typeof id === 'string' && containers.size < MOST_CONTAINERS) containers.add(id)
    once(CONTAINER)
  }
  const charge: Readonly<Record<string, (item: JsonObject) => void>> = {
    // Items of an old version have no action; that version had only searches.
    web_search_call({ action }) {
      if ((objectIn(action).type ?? 'search') === 'search') once('web_search')
    },
    file_search_call: () => once('file_search'),
    image_generation_call: () => once('image_generation'),
    code_interpreter_call: ({ container_id }) => container(container_id),
    shell_call({ environment }) {
      const { type, container_id } = objectIn(environment)
      // Runs without a container name share the container of the request.
      if (type === undefined ? hasHostedShell : type !== 'local') container(container_id ?? '')
    },
  }
  return {
    calls,
    add(item) {
      const { type, ...members } = objectIn(item)
      if (typeof type === 'string' && Object.hasOwn(charge, type)) charge[type]?.(members)
    },
  }
}

const CONTAINER = 'code_interpreter'
/** Highest number of containers that are stored. */
const MOST_CONTAINERS = 1000

/** The name of a tool's fee: `web_search` for `web_search_preview_2025_03_11`, `code_interpreter_4g` for a container. */
export function feeOf({ type, container, environment }: JsonObject): string {
  const name = (textIn(type) ?? '').replace(/(_preview)?(_\d{4}_\d\d_\d\d)?$/, '')
  if (name !== CONTAINER && name !== 'shell') return name
  const [limit = USUAL] = [container, environment].flatMap(
    place => textIn(objectIn(place).memory_limit) ?? [],
  )
  return limit === USUAL ? CONTAINER : `${CONTAINER}_${limit}`
}

const USUAL = '1g'

/** The fee of the largest container in the response's tools or in the request, since a response may omit its tools. */
export function containerFee(tools: unknown, { unbounded }: Pick<Requested, 'unbounded'>): string {
  const named = [...listIn(tools).map(tool => feeOf(objectIn(tool))), ...unbounded.map(({ fee }) => fee)]
  return named.reduce<string>(
    (largest, fee) => (fee && sizeOf(fee) > sizeOf(largest) ? fee : largest),
    CONTAINER,
  )
}

function sizeOf(fee: string): number {
  if (fee === CONTAINER) return Number.parseInt(USUAL, 10)
  return fee.startsWith(CONTAINER)
    ? Number.parseInt(fee.slice(CONTAINER.length + 1), 10) || Number.POSITIVE_INFINITY
    : 0
}

/** The tokens of generated images, which have their own prices. Undefined if no output tokens are reported. */
export function imageTokens(usage: unknown): Calls | undefined {
  const image = objectIn(objectIn(usage).image_gen)
  const image_output_tokens = count(image, 'output_tokens')
  if (image_output_tokens === 0) return undefined
  return { image_input_tokens: count(image, 'input_tokens'), image_output_tokens }
}

/** Returns the larger number of runs for each fee. */
export function mostCalls(one: Calls, other: Calls): Calls {
  const most = { ...one }
  for (const [fee, times] of Object.entries(other)) most[fee] = Math.max(times, most[fee] ?? 0)
  return most
}
