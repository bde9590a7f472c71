import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { type RefusalCode, refusal } from '../../src/errors.ts'
import { sdks } from '../sdk/sdks.ts'
import { delta, dialect, type Path } from './streams.ts'

type Expected = [anthropicType: string, openaiType: string, openaiCode: string | null]

/** Every refusal in the format of each provider. */
const refusals: Record<RefusalCode, Expected> = {
  missing_key: ['authentication_error', 'invalid_request_error', 'invalid_api_key'],
  invalid_key: ['permission_error', 'invalid_request_error', 'invalid_api_key'],
  conflicting_keys: ['invalid_request_error', 'invalid_request_error', 'conflicting_keys'],
  model_not_allowed: ['not_found_error', 'invalid_request_error', 'model_not_found'],
  model_not_found: ['not_found_error', 'invalid_request_error', 'model_not_found'],
  model_not_priced: ['invalid_request_error', 'invalid_request_error', 'model_not_priced'],
  invalid_request: ['invalid_request_error', 'invalid_request_error', null],
  unbounded_feature: ['invalid_request_error', 'invalid_request_error', 'unbounded_feature'],
  feature_not_allowed: ['invalid_request_error', 'invalid_request_error', 'feature_not_allowed'],
  not_found: ['not_found_error', 'invalid_request_error', 'not_found'],
  method_not_allowed: ['invalid_request_error', 'invalid_request_error', 'method_not_allowed'],
  request_timeout: ['timeout_error', 'server_error', 'request_timeout'],
  conflict: ['conflict_error', 'invalid_request_error', 'conflict'],
  expectation_failed: ['invalid_request_error', 'invalid_request_error', 'expectation_failed'],
  upgrade_required: ['invalid_request_error', 'invalid_request_error', 'upgrade_required'],
  request_too_large: ['request_too_large', 'invalid_request_error', 'request_too_large'],
  headers_too_large: ['request_too_large', 'invalid_request_error', 'headers_too_large'],
  unsupported_media_type: ['invalid_request_error', 'invalid_request_error', 'unsupported_media_type'],
  unprocessable: ['invalid_request_error', 'invalid_request_error', null],
  rate_limited: ['rate_limit_error', 'rate_limit_exceeded', 'rate_limit_exceeded'],
  loop_detected: ['rate_limit_error', 'rate_limit_exceeded', 'loop_detected'],
  budget_in_flight: ['rate_limit_error', 'rate_limit_exceeded', 'budget_in_flight'],
  request_exceeds_budget: ['billing_error', 'insufficient_quota', 'insufficient_quota'],
  budget_exceeded: ['billing_error', 'insufficient_quota', 'insufficient_quota'],
  unavailable: ['api_error', 'server_error', 'unavailable'],
  overloaded: ['overloaded_error', 'server_error', 'overloaded'],
  interrupted: ['api_error', 'server_error', 'interrupted'],
  internal: ['api_error', 'server_error', 'internal'],
  upstream_rate_limited: ['rate_limit_error', 'rate_limit_exceeded', 'rate_limit_exceeded'],
  upstream_error: ['api_error', 'server_error', 'upstream_error'],
  upstream_unavailable: ['api_error', 'server_error', 'upstream_unavailable'],
  upstream_overloaded: ['overloaded_error', 'server_error', 'upstream_overloaded'],
  upstream_refused_us: ['api_error', 'server_error', 'upstream_refused_us'],
  upstream_forbidden: ['api_error', 'server_error', 'upstream_forbidden'],
  upstream_timeout: ['timeout_error', 'server_error', 'upstream_timeout'],
  not_cached: ['timeout_error', 'server_error', 'not_cached'],
}
const codes = Object.keys(refusals) as RefusalCode[]

const messages = dialect('/v1/messages')
const chat = dialect('/v1/chat/completions')
const responses = dialect('/v1/responses')

describe('an error body', () => {
  for (const code of codes) {
    const [anthropicType, openaiType, openaiCode] = refusals[code]
    it(`has the form of the route's own API: ${code}`, () => {
      const error = refusal(code, 'It says why.', { details: { scope: 'client:frontend', limit_usd: 5 } })
      const details = { error_code: code, scope: 'client:frontend', limit_usd: 5 }
      const param = code.startsWith('model_') ? 'model' : null

      assert.deepEqual(messages.errorBody(error, 'req_1'), {
        type: 'error',
        error: { type: anthropicType, message: 'It says why.', details },
        request_id: 'req_1',
      })
      const shape = { error: { message: 'It says why.', type: openaiType, param, code: openaiCode, details } }
      for (const path of ['/v1/chat/completions', '/v1/responses', '/v1/embeddings'] as const)
        assert.deepEqual(dialect(path).errorBody(error, 'req_1'), shape)
    })
  }

  it('names the invalid field', () => {
    const error = refusal('invalid_request', 'n is 0.', { details: { param: 'n' } })
    assert.match(JSON.stringify(chat.errorBody(error, 'req_1')), /"param":"n","code":null/)
  })

  it('has the code of the provider if the error comes from it', () => {
    const details = { upstream_code: 'context_length_exceeded' }
    const error = refusal('invalid_request', 'Too long.', { details })
    assert.match(JSON.stringify(chat.errorBody(error, 'req_1')), /"code":"context_length_exceeded"/)
  })
})

describe('an error about the request', () => {
  it('keeps the details of the upstream, its own code first', () => {
    const upstreamDetails = { error_code: 'thread_not_found', thread: { id: 'thr_1' } }
    const error = refusal('invalid_request', 'Gone.', { details: { param: 'thread' }, upstreamDetails })
    const details = { error_code: 'thread_not_found', param: 'thread', thread: { id: 'thr_1' } }
    for (const one of [messages, chat])
      assert.match(JSON.stringify(one.errorBody(error, 'req_1')), new RegExp(JSON.stringify(details)))
  })
})

describe('an error event', () => {
  const error = refusal('upstream_overloaded', 'The provider is "overloaded".')

  it('has the form of the stream that it ends', () => {
    assert.equal(
      messages.errorEvent(error, 'req_1'),
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"The provider is \\"overloaded\\".",' +
        '"details":{"error_code":"upstream_overloaded"}},"request_id":"req_1"}\n\n',
    )
    assert.equal(
      chat.errorEvent(error, 'req_1'),
      'data: {"error":{"message":"The provider is \\"overloaded\\".","type":"server_error","param":null,' +
        '"code":"upstream_overloaded","details":{"error_code":"upstream_overloaded"}}}\n\n',
    )
    assert.equal(
      responses.errorEvent(error, 'req_1', { events: 7, midFrame: false }),
      'event: error\ndata: {"type":"error","code":"upstream_overloaded","message":"The provider is \\"overloaded\\".",' +
        '"param":null,"sequence_number":7}\n\n',
    )
  })

  it('begins on a new line', () => {
    for (const one of [messages, chat, responses]) {
      const plain = one.errorEvent(error, 'req_1', { events: 0, midFrame: false })
      assert.equal(one.errorEvent(error, 'req_1', { events: 0, midFrame: true }), `\n${plain}`)
    }
  })
})

/** What an SDK raises for a status. The newest of Anthropic's knows more of them. */
const classes: Record<number, [anthropic1: string, others: string]> = {
  400: ['BadRequestError', 'BadRequestError'],
  401: ['AuthenticationError', 'AuthenticationError'],
  402: ['PaymentRequiredError', 'APIError'],
  403: ['PermissionDeniedError', 'PermissionDeniedError'],
  404: ['NotFoundError', 'NotFoundError'],
  405: ['APIError', 'APIError'],
  408: ['RequestTimeoutError', 'APIError'],
  409: ['ConflictError', 'ConflictError'],
  413: ['ContentTooLargeError', 'APIError'],
  415: ['APIError', 'APIError'],
  422: ['UnprocessableEntityError', 'UnprocessableEntityError'],
  417: ['APIError', 'APIError'],
  426: ['APIError', 'APIError'],
  429: ['RateLimitError', 'RateLimitError'],
  431: ['RequestHeaderFieldsTooLargeError', 'APIError'],
  500: ['InternalServerError', 'InternalServerError'],
  502: ['InternalServerError', 'InternalServerError'],
  503: ['ServiceUnavailableError', 'InternalServerError'],
  504: ['GatewayTimeoutError', 'InternalServerError'],
  529: ['OverloadedError', 'InternalServerError'],
}

describe('the providers’ own SDKs', () => {
  it('throw the class of the status for every refusal, with type and code', async t => {
    let code: RefusalCode = 'internal'
    const url = await listen(t, ({ family }) => {
      const error = refusal(code, 'It says why.', { details: { scope: 'gateway' } })
      const { errorBody } = family === 'anthropic' ? messages : chat
      return { status: error.statusCode, body: JSON.stringify(errorBody(error, 'req_1')) }
    })
    for (code of codes) {
      const { statusCode } = refusal(code, '')
      const [anthropicType, openaiType, openaiCode] = refusals[code]
      for (const connect of sdks) {
        const sdk = connect({ url, key: 'k' })
        const raised = await sdk.ask('hi').then(() => assert.fail('it answered'), facts)

        const [newest, others] = classes[statusCode] ?? assert.fail(`${statusCode}`)
        assert.equal(
          raised.class,
          sdk.name === '@anthropic-ai/sdk 1' ? newest : others,
          `${sdk.name} ${code}`,
        )
        assert.equal(raised.status, statusCode)
        assert.equal(raised.requestID, 'req_1')
        if (sdk.family === 'openai') {
          assert.equal(raised.type, openaiType)
          assert.equal(raised.code, openaiCode)
          assert.match(raised.message, /It says why/)
        } else if (sdk.name === '@anthropic-ai/sdk 1') {
          assert.equal(raised.type, anthropicType)
          assert.equal(raised.errorCode, code)
        }
      }
    }
  })

  it('throw an error for an error event in the middle of a stream', async t => {
    const error = refusal('upstream_timeout', 'The provider fell silent.')
    const url = await listen(t, ({ family, path }) => {
      const route = dialect(path)
      const start = family === 'anthropic' ? '' : path === '/v1/responses' ? '' : delta('Hello')
      return { status: 200, type: 'text/event-stream', body: start + route.errorEvent(error, 'req_1') }
    })
    const anthropic = new Anthropic({ baseURL: url, authToken: 'k', apiKey: null })
    const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'k' })
    const prompt = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] }

    const raised = [
      await drained(anthropic.messages.create({ ...prompt, max_tokens: 5, stream: true })),
      await drained(openai.chat.completions.create({ ...prompt, stream: true })),
      await drained(openai.responses.create({ model: 'm', input: 'hi', stream: true })),
    ]

    for (const one of raised) assert.match(one.message, /The provider fell silent/)
    assert.deepEqual(
      raised.map(one => [one.class, one.type]),
      [
        ['APIError', 'timeout_error'],
        ['APIError', 'server_error'],
        ['APIError', 'error'],
      ],
    )
  })
})

interface Call {
  path: Path
  family: string
}

/** A server that sends the given response, with a header against retries. */
async function listen(
  t: TestContext,
  reply: (call: Call) => { status: number; type?: string; body: string },
) {
  const server = createServer((request, response) => {
    request.resume()
    const path = request.url as Path
    const { status, type = 'application/json', body } = reply({ path, family: dialect(path).format.name })
    const ids = { 'request-id': 'req_1', 'x-request-id': 'req_1' }
    response.writeHead(status, { ...ids, 'content-type': type, 'x-should-retry': 'false' }).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

function facts(error: object) {
  const known: Record<string, unknown> = { ...error }
  const { status, type, code, errorCode, requestID } = known
  return { class: error.constructor.name, message: String(error), status, type, code, errorCode, requestID }
}

async function drained(stream: Promise<AsyncIterable<unknown>>) {
  try {
    for await (const _ of await stream);
  } catch (error) {
    if (error instanceof Error) return facts(error)
  }
  return assert.fail('it ended well')
}
