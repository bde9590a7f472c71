/** The providers' SDKs, the newest and the previous major version, behind one interface for tests. */

import Anthropic from '@anthropic-ai/sdk'
import Anthropic0 from 'anthropic-0'
import OpenAI from 'openai'
import OpenAI6 from 'openai-6'

export interface Sdk {
  name: string
  family: 'anthropic' | 'openai'
  /** A small call; resolves to the response's text. */
  ask(prompt: string, more?: { model?: string; maxTokens?: number }): Promise<string>
  /** The same as a stream. */
  stream(prompt: string): Promise<string>
  /** HTTP requests made so far: retries count. */
  readonly attempts: number
}

export interface SdkOptions {
  url: string
  key: string
}

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** Counts the requests, and changes none. */
function counting(): { fetch: Fetch; readonly attempts: number } {
  let attempts = 0
  return {
    fetch(input, init) {
      attempts++
      return fetch(input, init)
    },
    get attempts() {
      return attempts
    },
  }
}

function anthropic(name: string, connect: (options: SdkOptions & { fetch: Fetch }) => Anthropic) {
  return (options: SdkOptions): Sdk => {
    const wire = counting()
    const client = connect({ ...options, fetch: wire.fetch })
    const body = (prompt: string, { model = 'claude-haiku-4-5', maxTokens = 100 } = {}) => ({
      model,
      max_tokens: maxTokens,
      messages: [{ role: 'user' as const, content: prompt }],
    })
    return {
      name,
      family: 'anthropic',
      async ask(prompt, more) {
        const { content } = await client.messages.create(body(prompt, more))
        return content.map(block => (block.type === 'text' ? block.text : '')).join('')
      },
      async stream(prompt) {
        return client.messages.stream(body(prompt)).finalText()
      },
      get attempts() {
        return wire.attempts
      },
    }
  }
}

function openai(name: string, connect: (options: SdkOptions & { fetch: Fetch }) => OpenAI) {
  return (options: SdkOptions): Sdk => {
    const wire = counting()
    const client = connect({ ...options, fetch: wire.fetch })
    const body = (prompt: string, { model = 'gpt-6-luna', maxTokens = 100 } = {}) => ({
      model,
      max_completion_tokens: maxTokens,
      messages: [{ role: 'user' as const, content: prompt }],
    })
    return {
      name,
      family: 'openai',
      async ask(prompt, more) {
        const { choices } = await client.chat.completions.create(body(prompt, more))
        return choices[0]?.message.content ?? ''
      },
      async stream(prompt) {
        let text = ''
        for await (const chunk of await client.chat.completions.create({ ...body(prompt), stream: true })) {
          text += chunk.choices[0]?.delta.content ?? ''
        }
        return text
      },
      get attempts() {
        return wire.attempts
      },
    }
  }
}

// The previous major versions have the same methods for these tests, but types of their own.
export const sdks = [
  anthropic(
    '@anthropic-ai/sdk 1',
    ({ url, key, fetch }) => new Anthropic({ baseURL: url, authToken: key, apiKey: null, fetch }),
  ),
  anthropic(
    '@anthropic-ai/sdk 0',
    ({ url, key, fetch }) =>
      new Anthropic0({ baseURL: url, apiKey: key, authToken: null, fetch }) as unknown as Anthropic,
  ),
  openai('openai 7', ({ url, key, fetch }) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, fetch })),
  openai(
    'openai 6',
    ({ url, key, fetch }) => new OpenAI6({ baseURL: `${url}/v1`, apiKey: key, fetch }) as unknown as OpenAI,
  ),
]
