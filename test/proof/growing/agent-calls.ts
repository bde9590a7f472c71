/**
 * Calls as real agents send them: the hold at admission, and the charge when the user presses Esc after 2, 10 and 60
 * seconds, beside the true cost at 60 tokens a second. Prints the table of docs/money.md.
 */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { UsagePart } from '../../../src/dialects/dialect.ts'
import { costNanos } from '../../../src/pricing/cost.ts'
import { type Gateway, startGateway } from '../../gateway.ts'
import { part, table } from '../../pricing/usage.ts'
import { until } from '../../until.ts'

const ESCAPES = [2, 10, 60]
/** True output tokens a second of these agents' models. */
const TRUE_RATE = 60
const CLOSE_USD = 0.05

interface AgentCall {
  agent: string
  path: string
  /** The first text of the prompt sets the simulated provider's scenario. */
  body(scenario: string): object
  /** True input tokens; only Anthropic's route reports them at the start of a stream. */
  input: Partial<UsagePart> & { model: string }
}

const text = (kilobytes: number) => 'Read the file and tell what it does. '.repeat((kilobytes * 1024) / 37)
const tools = (count: number, schema: 'input_schema' | 'parameters') =>
  Array.from({ length: count }, (_, i) => ({
    name: `tool_${i}`,
    description: text(1),
    ...(schema === 'parameters' && { type: 'function' }),
    [schema]: { type: 'object', properties: { path: { type: 'string' } } },
  }))

const claude = (model: string, kilobytes: number, maxTokens: number, more: object = {}) => ({
  path: '/v1/messages',
  body: (scenario: string) => ({
    model,
    max_tokens: maxTokens,
    stream: true,
    system: [{ type: 'text', text: text(kilobytes), cache_control: { type: 'ephemeral' } }],
    messages: [{ role: 'user', content: scenario }],
    ...more,
  }),
})

const calls: AgentCall[] = [
  {
    agent: 'Claude Code, Opus, 100 KB prompt, thinking',
    ...claude('claude-opus-5-5', 80, 128_000, {
      thinking: { type: 'adaptive' },
      tools: tools(20, 'input_schema'),
    }),
    input: { model: 'claude-opus-5-5', input: 40, cacheRead: 24_000, cacheWrite5m: 1200 },
  },
  {
    agent: 'Claude Code, Sonnet, 600 KB prompt from the cache',
    ...claude('claude-sonnet-5-5', 580, 128_000, {
      thinking: { type: 'adaptive' },
      tools: tools(20, 'input_schema'),
    }),
    input: { model: 'claude-sonnet-5-5', input: 12, cacheRead: 160_000, cacheWrite5m: 800 },
  },
  {
    agent: 'Claude Code, Haiku, title',
    ...claude('claude-haiku-4-5', 2, 32_000),
    input: { model: 'claude-haiku-4-5', input: 700 },
  },
  {
    agent: 'Vercel AI SDK, Haiku, 20 KB prompt, the model’s maximum',
    ...claude('claude-haiku-4-5', 20, 64_000),
    input: { model: 'claude-haiku-4-5', input: 5200 },
  },
  {
    agent: 'Codex, GPT-6 Sol, 60 KB prompt, no output limit',
    path: '/v1/responses',
    body: scenario => ({
      model: 'gpt-6-sol',
      stream: true,
      store: false,
      instructions: text(30),
      reasoning: { effort: 'high' },
      tools: tools(20, 'parameters'),
      input: [{ role: 'user', content: `${scenario} ${text(8)}` }],
    }),
    input: { model: 'gpt-6-sol', input: 15_000 },
  },
  {
    agent: 'aider, GPT-6 Sol, 30 KB prompt, chat',
    path: '/v1/chat/completions',
    body: scenario => ({
      model: 'gpt-6-sol',
      stream: true,
      reasoning_effort: 'medium',
      max_completion_tokens: 64_000,
      messages: [
        { role: 'system', content: text(20) },
        { role: 'user', content: `${scenario} ${text(10)}` },
      ],
    }),
    input: { model: 'gpt-6-sol', input: 7600 },
  },
]

/** The start of a stream reports the input; then the model thinks without visible output. */
function scenario({ input }: AgentCall, ending: string): string {
  const { input: uncached = 0, cacheRead = 0, cacheWrite5m = 0 } = input
  return `[[scenario: usage ${uncached} in ${cacheRead} read ${cacheWrite5m} write5m 20 out, ${ending}]]`
}

interface Escaped {
  agent: string
  seconds: number
  held: number
  charged: number
  actual: number
  /** Until the charge was seen, seconds: on a slow machine the call lasts longer than intended. */
  lasted: number
}

interface Planned {
  call: AgentCall
  seconds: number
  name: string
  key: string
}

/** Creates the clients one by one: all at once, some would time out waiting for a connection. */
async function plan(gateway: Gateway): Promise<Planned[]> {
  const planned: Planned[] = []
  for (const [index, call] of calls.entries()) {
    for (const seconds of ESCAPES) {
      const name = `client-${index}-${seconds}`
      const key = await gateway.client({ name, budget: { day: 20 }, cache: { enabled: false } })
      planned.push({ call, seconds, name, key })
    }
  }
  return planned
}

/** Repeats a call that gets 503: on a busy machine the reply of Redis to an admission may come too late. */
async function admit(send: () => Promise<Response>): Promise<{ response: Response; started: number }> {
  return until(async () => {
    const started = performance.now()
    const response = await send()
    if (response.status !== 503) return { response, started }
    await response.text()
  })
}

/** Sends one call, closes it after `seconds`, and returns the charge and the true cost. */
async function pressEscape(gateway: Gateway, { call, seconds, name, key }: Planned): Promise<Escaped> {
  const { agent, path, input } = call
  // An agent's first call ends: from then on its tokens per byte are known.
  const { response: first } = await admit(() => gateway.post(path, key, call.body(scenario(call, 'ok'))))
  await first.text()
  await until(async () => (await gateway.state(name)).day?.heldUsd === 0)
  const caller = new AbortController()
  const { response, started } = await admit(() =>
    gateway.post(path, key, call.body(scenario(call, 'stall after 0')), { signal: caller.signal }),
  )
  assert.equal(response.status, 200, agent)
  const { day } = await gateway.state(name)
  await wait(Math.max(0, seconds * 1000 - (performance.now() - started)))
  caller.abort()
  const output = Math.ceil((TRUE_RATE * (performance.now() - started)) / 1000)
  const row = await until(async () => {
    const { body } = await gateway.admin('GET', `/calls?client=${name}`)
    return (body.calls as { costUsd: number; estimated: boolean }[]).find(({ estimated }) => estimated)
  })
  const lasted = (performance.now() - started) / 1000
  const actual = costNanos(table, [part(input.model, { ...input, output })], new Date())
  if (!('nanos' in actual)) throw new Error(actual.unpriced)
  return {
    agent,
    seconds,
    held: Number(day?.heldUsd),
    charged: row.costUsd,
    actual: actual.nanos / 1e9,
    lasted,
  }
}

export async function agentCalls(t: TestContext) {
  const gateway = await startGateway(t)

  const planned = await plan(gateway)
  const escaped = await Promise.all(planned.map(one => pressEscape(gateway, one)))

  for (const [agent, rows] of Map.groupBy(escaped, row => row.agent)) {
    const charges = rows.map(({ charged, actual }) => `${usd(charged)} (${usd(actual)})`)
    t.diagnostic(`| ${agent} | ${usd(rows[0]!.held)} | ${charges.join(' | ')} |`)
  }
  for (const { agent, seconds, held, charged, actual, lasted } of escaped) {
    const what = `${agent} after ${seconds} s: charged ${charged}, actual ${actual}`
    assert.ok(charged >= actual, what)
    if (seconds === 2) assert.ok(charged - actual <= CLOSE_USD * (lasted / seconds), what)
    if (seconds === 2 && lasted < 4) assert.ok(charged <= held, `${what}, held ${held}`)
  }
}

function usd(amount: number): string {
  return `$${amount.toFixed(4)}`
}
