/** The tour: one stop for each thing a caller meets, made with the makers' own SDKs. */

import Anthropic, { APIError as AnthropicError } from '@anthropic-ai/sdk'
import OpenAI, { APIError as OpenAIError } from 'openai'
import type { Gateway } from './gateway.ts'

export interface Row {
  stop: string
  result: string
  cost: string
  asExpected: boolean
}

const MODEL = 'claude-haiku-4-5'
const GPT = 'gpt-6-luna'

export async function tour({ url, adminToken }: Gateway): Promise<{ rows: Row[]; key: string }> {
  const admin = adminOf(url, adminToken)
  const key = await admin.client('demo', { models: ['claude-haiku-*', GPT], budget: { day: 5, month: 100 } })
  const hasty = await admin.client('demo-hasty', { limits: { requests: { capacity: 1, per: '1h' } } })
  const poor = await admin.client('demo-poor', { budget: { day: 0.000001 } })
  const anthropic = new Anthropic({ baseURL: url, apiKey: null, authToken: key, maxRetries: 0 })
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
  // A new question on every run, so that the first call is a miss on the second run, too.
  const question = `What is a toll gate? (${new Date().toISOString()})`
  const ask = (client: Anthropic, model = MODEL) =>
    client.messages
      .create({ model, max_tokens: 64, messages: [{ role: 'user', content: question }] })
      .asResponse()
  const anthropicWith = (authToken: string) =>
    new Anthropic({ baseURL: url, apiKey: null, authToken, maxRetries: 0 })

  const rows: Row[] = []
  rows.push(await stop('Anthropic SDK: a first call', 'miss', () => ask(anthropic)))
  rows.push(await stop('Anthropic SDK: the same again', 'hit', () => ask(anthropic)))
  rows.push(
    await stop('OpenAI SDK: a chat', 'miss', () =>
      openai.chat.completions
        .create({ model: GPT, messages: [{ role: 'user', content: question }] })
        .asResponse(),
    ),
  )
  rows.push(await stop('OpenAI SDK: a stream', 'stream', () => streamed(openai, question, admin)))
  await ask(anthropicWith(hasty)).catch(() => {})
  rows.push(await stop('Too fast', '429 rate_limited', () => ask(anthropicWith(hasty), 'claude-haiku-4-5')))
  rows.push(await stop('Over budget', '402 request_exceeds_budget', () => ask(anthropicWith(poor))))
  rows.push(
    await stop('A model not allowed', '404 model_not_allowed', () => ask(anthropic, 'claude-opus-5-5')),
  )
  rows.push(await stop('An unknown key', '403 invalid_key', () => ask(anthropicWith('tg_made_up'))))
  return { rows, key }
}

async function stop(name: string, expected: string, call: () => Promise<Response | Streamed>): Promise<Row> {
  try {
    const answer = await call()
    const [result, cost] = 'chunks' in answer ? ['stream', answer.costUsd] : plain(answer)
    const told = 'chunks' in answer ? `stream, ${answer.chunks} chunks` : result
    return { stop: name, result: `200 ${told}`, cost: dollars(cost), asExpected: result === expected }
  } catch (error) {
    const result = refusalOf(error)
    return { stop: name, result, cost: dollars(0), asExpected: result === expected }
  }
}

function plain(answer: Response): [string, number] {
  return [
    answer.headers.get('x-cache')?.toLowerCase() ?? '',
    Number(answer.headers.get('x-tollgate-cost-usd')),
  ]
}

interface Streamed {
  chunks: number
  costUsd: number
}

/** A stream's cost is known after its headers are gone: it stands in the books. */
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

interface Answer {
  key?: string
  state?: { day: { spentUsd: number } }
}

/** The few administrative calls the tour needs. */
function adminOf(url: string, token: string) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const call = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${url}/admin${path}`, {
      method,
      headers,
      body: body ? JSON.stringify(body) : null,
    })
    if (!answer.ok && answer.status !== 404)
      throw new Error(`${method} /admin${path}: ${await answer.text()}`)
    return answer.status === 204 ? {} : ((await answer.json()) as Answer)
  }
  return {
    /** Makes the client anew, so that the tour starts from the same place each time; returns a key. */
    async client(name: string, settings: object): Promise<string> {
      await call('DELETE', `/clients/${name}`)
      await call('POST', '/clients', { name, ...settings })
      return (await call('POST', `/clients/${name}/keys`, {})).key ?? ''
    },
    /** Asks again until the figure is as awaited: settling is off the caller's path. */
    async spentToday(name: string, awaited: (usd: number) => boolean = () => true): Promise<number> {
      for (let tries = 0; ; tries++) {
        const spent = (await call('GET', `/clients/${name}`)).state?.day.spentUsd ?? 0
        if (awaited(spent) || tries === 50) return spent
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    },
  }
}
