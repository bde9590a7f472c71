/** The requests of the bench: Anthropic messages whose prompt has a given size. */

export interface Prompt {
  body: Buffer
  /** The position of the number that makes each request different. */
  numberAt: number
}

const model = 'claude-haiku-4-5'
const text = 'The quick brown fox jumps over the lazy dog, and the gateway counts every token of it. '
const number = '000000000000'
let sent = 0

export function prompt(bytes: number, { stream = false, scenario = '' } = {}): Prompt {
  const marker = scenario && `[[scenario: ${scenario}]] `
  const content = `${number} ${marker}${text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes)}`
  const messages = [{ role: 'user', content }]
  const body = Buffer.from(JSON.stringify({ model, max_tokens: 256, stream, messages }))
  return { body, numberAt: body.indexOf(number) }
}

/** Changes the number, so that the request is a cache miss. */
export function patch(request: Buffer, numberAt: number): void {
  sent += 1
  request.write(String(sent).padStart(number.length, '0'), numberAt, 'latin1')
}
