/** The requests of the bench: messages whose prompt has a given size, in the fields that both APIs share. */

export interface Prompt {
  bytes: number
  stream?: boolean
  /** How the simulated provider responds, see test/provider.ts. */
  scenario?: string
}

export interface Body {
  body: Buffer
  /** The position of the number that makes each request different. */
  numberAt: number
}

const text = 'The quick brown fox jumps over the lazy dog, and the gateway counts every token of it. '
export const numberLength = 12
const number = '0'.repeat(numberLength)
let used = 0

export function bodyOf(model: string, { bytes, stream = false, scenario }: Prompt): Body {
  const marker = scenario ? `[[scenario: ${scenario}]] ` : ''
  const content = `${number} ${marker}${text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes)}`
  const messages = [{ role: 'user', content }]
  const body = Buffer.from(JSON.stringify({ model, max_tokens: 256, stream, messages }))
  return { body, numberAt: body.indexOf(number) }
}

/** The first of so many numbers that no other request of this run has. */
export function takeNumbers(count: number): number {
  const first = used + 1
  used += count
  return first
}

/** Changes the number, so that the request is a cache miss. */
export function patch(request: Buffer, numberAt: number): void {
  request.write(String(takeNumbers(1)).padStart(numberLength, '0'), numberAt, 'latin1')
}
