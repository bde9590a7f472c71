/** Responses in the shapes that upstreams have sent, with the usage that a test gives. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Measured, UsagePart } from '../../src/dialects/dialect.ts'
import { measure, type Path, part, smallRequest } from '../dialects/streams.ts'

export interface Shape {
  title: string
  model: string
  usage: object
  /** Members of the response, or of the chunk with the usage, beside the usual ones. */
  more?: object
  /** The usage of a stream, if it is not at `usage` of its chunk. */
  streamed?: object
  /** The choices of the chunk with the usage: none, as OpenAI sends it, or those of the last chunk. */
  choices?: 'empty' | 'null' | 'absent' | 'last'
  /** False: the stream has no end marker. */
  done?: boolean
  toolCalls?: object[]
  expected: Partial<UsagePart>
  statedNanos?: number
}

const chat: Path = '/v1/chat/completions'
const text = 'Hello'

/** Tests the chat response with this usage, as JSON and as a stream. */
export function isReadInChat(shape: Shape): void {
  it(`${shape.title}, JSON`, () => {
    check(measure(chat, JSON.stringify(completion(shape)), { stream: false, requested: asked }), shape)
  })
  it(`${shape.title}, stream`, () => {
    const measured = measure(chat, chunks(shape), { size: 7, requested: asked })
    check(measured, shape)
    assert.equal(measured.ended, shape.done ?? true)
    assert.equal(measured.finished, true, 'every choice has its finish reason')
  })
}

const asked = smallRequest(chat)

export function check(measured: Measured, { model, expected, statedNanos }: Shape): void {
  assert.deepEqual(measured.usage, [part({ model, ...expected })])
  assert.equal(measured.failed, undefined)
  assert.equal(measured.statedNanos, statedNanos)
}

function completion({ model, usage, more, toolCalls }: Shape): object {
  const message = { role: 'assistant', content: toolCalls ? null : text, tool_calls: toolCalls }
  const choices = [{ index: 0, message, finish_reason: toolCalls ? 'tool_calls' : 'stop' }]
  return { id: '1', object: 'chat.completion', created: 1, model, choices, usage, ...more }
}

function chunks(shape: Shape): string {
  const { model, usage, more, streamed, choices = 'empty', done = true, toolCalls } = shape
  const frame = (data: object) =>
    `data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', model, ...data })}\n\n`
  const delta = toolCalls ? { tool_calls: toolCalls } : { content: text }
  const last = [{ index: 0, delta: {}, finish_reason: toolCalls ? 'tool_calls' : 'stop' }]
  const forms = { empty: { choices: [] }, null: { choices: null }, absent: {}, last: { choices: last } }
  return [
    frame({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }),
    frame({ choices: [{ index: 0, delta, finish_reason: null }] }),
    choices === 'last' ? '' : frame({ choices: last }),
    frame({ ...forms[choices], ...(streamed ?? { usage }), ...more }),
    done ? 'data: [DONE]\n\n' : '',
  ].join('')
}

/** Tests a response of Anthropic's Messages with this usage, as JSON and as a stream. */
export function isReadInMessages(shape: Shape): void {
  const path: Path = '/v1/messages'
  const { model, usage, more } = shape
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model }
  it(`${shape.title}, JSON`, () => {
    const content = [{ type: 'text', text }]
    const body = JSON.stringify({ ...message, content, stop_reason: 'end_turn', usage, ...more })
    check(measure(path, body, { stream: false }), shape)
  })
  it(`${shape.title}, stream`, () => {
    const frame = (type: string, data: object = {}) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
    const bytes = [
      frame('message_start', { message: { ...message, content: [], usage: { ...usage, output_tokens: 1 } } }),
      frame('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      frame('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
      frame('content_block_stop', { index: 0 }),
      frame('message_delta', { delta: { stop_reason: 'end_turn' }, usage }),
      frame('message_stop', more),
    ]
    const measured = measure(path, bytes.join(''), { size: 7 })
    check(measured, shape)
    assert.equal(measured.ended, true)
  })
}
