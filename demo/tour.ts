/** The tour: one step for each kind of response that a caller gets, with the providers' own SDKs. */

import Anthropic, { APIError as AnthropicError } from '@anthropic-ai/sdk'
import OpenAI, { APIError as OpenAIError } from 'openai'
import type { Gateway } from './gateway.ts'

export interface Row {
  step: string
  result: string
  expected: string
  cost: string
  asExpected: boolean
}

const MODEL = 'claude-haiku-4-5'
const GPT = 'gpt-6-luna'

export async function tour({ url, adminToken }: Gateway): Promise<{ rows: Row[]; key: string }> {
  const admin = adminOf(url, adminToken)
  const key = await admin.client('demo', { models: ['claude-haiku-*', GPT], budget: { day: 5, month: 100 } })
  const limited = await admin.client('demo-limited', { limits: { requests: { capacity: 1, per: '1h' } } })
  const poor = await admin.client('demo-poor', { budget: { day: 0.000001 } })
  const anthropic = new Anthropic({ baseURL: url, apiKey: null, authToken: key, maxRetries: 0 })
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
  // A new question in every run, so that the first call is always a cache miss.
  const question = `What is a toll gate? (${new Date().toISOString()})`
  const ask = (client: Anthropic, model = MODEL) =>
    client.messages
      .create({ model, max_tokens: 64, messages: [{ role: 'user', content: question }] })
      .asResponse()
  const anthropicWith = (authToken: string) =>
    new Anthropic({ baseURL: url, apiKey: null, authToken, maxRetries: 0 })

  const rows: Row[] = []
  rows.push(await step('Anthropic SDK: a first call', 'miss', () => ask(anthropic)))
  rows.push(await step('Anthropic SDK: the same request again', 'hit', () => ask(anthropic)))
  rows.push(
    await step('OpenAI SDK: a chat', 'miss', () =>
      openai.chat.completions
        .create({ model: GPT, messages: [{ role: 'user', content: question }] })
        .asResponse(),
    ),
  )
  rows.push(await step('OpenAI SDK: a stream', 'stream', () => streamed(openai, question, admin)))
  await ask(anthropicWith(limited)).catch(() => {})
  rows.push(
    await step('Over a rate limit', '429 rate_limited', () =>
      ask(anthropicWith(limited), 'claude-haiku-4-5'),
    ),
  )
  rows.push(await step('Over budget', '402 request_exceeds_budget', () => ask(anthropicWith(poor))))
  rows.push(
    await step('A model not allowed', '404 model_not_allowed', () => ask(anthropic, 'claude-opus-5-5')),
  )
  rows.push(await step('An unknown key', '403 invalid_key', () => ask(anthropicWith('tg_made_up'))))
  return { rows, key }
}

async function step(name: string, expected: string, call: () => Promise<Response | Streamed>): Promise<Row> {
  try {
    const response = await call()
    const [result, cost] = 'chunks' in response ? ['stream', response.costUsd] : plain(response)
    const shown = 'chunks' in response ? `stream, ${response.chunks} chunks` : result
    return {
      step: name,
      result: `200 ${shown}`,
      expected,
      cost: dollars(cost),
      asExpected: result === expected,
    }
  } catch (error) {
    const result = refusalOf(error)
    return { step: name, result, expected, cost: dollars(0), asExpected: result === expected }
  }
}

function plain(response: Response): [string, number] {
  return [
    response.headers.get('x-cache')?.toLowerCase() ?? '',
    Number(response.headers.get('x-tollgate-cost-usd')),
  ]
}

interface Streamed {
  chunks: number
  costUsd: number
}

/** The cost of a stream is known only after its headers were sent, so it is read from the client's spend. */
async function streamed(
  openai: OpenAI,
  question: string,
  admin: ReturnType<typeof adminOf>,
): Promise<Streamed> {
  const before = await admin.spentToday('demo')
  const stream = await openai.chat.completions.create({
    model: GPT,
    stream: true,
    messages: [{ role: 'user', content: question }],
  })
  let chunks = 0
  for await (const _chunk of stream) chunks++
  return { chunks, costUsd: (await admin.spentToday('demo', spent => spent > before)) - before }
}

function refusalOf(error: unknown): string {
  if (error instanceof AnthropicError || error instanceof OpenAIError) {
    const body: unknown = error.error
    return `${error.status} ${/"error_code":"(\w+)"/.exec(JSON.stringify(body))?.[1] ?? error.type ?? ''}`
  }
  return String(error)
}

function dollars(usd: number): string {
  return `$${usd.toFixed(6)}`
}

interface Result {
  key?: string
  state?: { day: { spentUsd: number } }
}

/** The calls of the admin API that the tour needs. */
function adminOf(url: string, token: string) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${url}/admin${path}`, {
      method,
      headers,
      body: body ? JSON.stringify(body) : null,
    })
    if (!response.ok && response.status !== 404)
      throw new Error(`${method} /admin${path}: ${await response.text()}`)
    return response.status === 204 ? {} : ((await response.json()) as Result)
  }
  return {
    /** Deletes and creates the client, so that every tour starts with the same state. Returns a key. */
    async client(name: string, settings: object): Promise<string> {
      await call('DELETE', `/clients/${name}`)
      await call('POST', '/clients', { name, ...settings })
      return (await call('POST', `/clients/${name}/keys`, {})).key ?? ''
    },
    /** Polls until the figure is as expected, because a call is settled after its response. */
    async spentToday(name: string, isExpected: (usd: number) => boolean = () => true): Promise<number> {
      for (let tries = 0; ; tries++) {
        const spent = (await call('GET', `/clients/${name}`)).state?.day.spentUsd ?? 0
        if (isExpected(spent) || tries === 50) return spent
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    },
  }
}
