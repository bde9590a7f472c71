import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRedactor } from '../../../src/config/redactor.ts'
import type { UpstreamVerdict } from '../../../src/dialects/dialect.ts'
import { dialects } from '../../../src/dialects/index.ts'

const SECRET = 'b9c1d2e3f4a5968778695a4b'
const { text: secrets } = createRedactor([SECRET, 'p4ss', 'hunter2'])

/** `request`: the body of the client. */
const verdict = (status: number, body: unknown, request = '') => {
  const redaction = { secrets, isCallers: (word: string) => request.includes(word) }
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const [first, ...others] = dialects.map(({ upstreamError }) => upstreamError(status, bytes, redaction))
  for (const other of others) assert.deepEqual(other, first)
  return first ?? assert.fail()
}
const anthropic = (type: string, message: string, error_code?: string) => ({
  type: 'error',
  error: { type, message, ...(error_code && { details: { error_code } }) },
  request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy',
})
const openai = (code: string | number | null, message: string, type = 'invalid_request_error') => ({
  error: { message, type, param: null, code },
})

const key: UpstreamVerdict = { kind: 'account', cause: 'key' }
const money: UpstreamVerdict = { kind: 'account', cause: 'money' }
const permission: UpstreamVerdict = { kind: 'account', cause: 'permission' }

const quotaError = (detail: string) => ({
  code: 429,
  message: 'You exceeded your current quota, please check your plan and billing details.',
  status: 'RESOURCE_EXHAUSTED',
  details: [{ '@type': `type.googleapis.com/${detail}`, retryDelay: '31s' }],
})

const verdicts: [status: number, body: unknown, expected: UpstreamVerdict][] = [
  [401, anthropic('authentication_error', 'invalid x-api-key'), key],
  [401, openai('invalid_api_key', 'Incorrect API key provided: sk-up****key.'), key],
  [
    402,
    anthropic('billing_error', 'of the linked organization', 'linked_organization_spend_limit_reached'),
    money,
  ],
  [402, openai(402, 'Insufficient credits.'), money],
  [403, anthropic('permission_error', 'Your API key may not.'), permission],
  [403, openai('insufficient_user_quota', 'no quota left'), money],
  [403, '<html>', permission],
  [403, anthropic('permission_error', 'This organization has been disabled.'), money],
  [
    403,
    { error: { code: 403, message: 'Your API key was reported as leaked.', status: 'PERMISSION_DENIED' } },
    key,
  ],
  [403, openai('account_deactivated', 'Deactivated.'), key],
  [401, '', key],
  [401, openai(null, 'You do not have access to the organization tied to the API key.'), key],
  [401, openai(null, 'You must be a member of an organization to use the API.'), key],
  [
    401,
    {
      error: {
        message: 'Authentication Error, Invalid proxy server token passed.',
        type: 'auth_error',
        param: 'None',
        code: '401',
      },
    },
    key,
  ],
  [
    401,
    {
      error: {
        message: 'Authentication Error, no.',
        type: 'token_not_found_in_db',
        param: 'key',
        code: '401',
      },
    },
    key,
  ],
  [401, anthropic('permission_error', 'Your API key may not use this beta.'), permission],
  [401, openai('missing_scope', 'No.'), permission],
  [
    401,
    openai(null, 'You have insufficient permissions for this operation. Missing scopes: api.files.read.'),
    permission,
  ],
  [401, openai(null, 'The project does not have access to model gpt-6-sol'), permission],
  [401, openai(null, 'This key is not allowed to access model claude-x.'), permission],
  [
    401,
    { error: { message: 'No.', type: 'key_model_access_denied', param: 'model', code: '401' } },
    permission,
  ],
  [
    401,
    { error: { message: 'Authentication error while connecting to the MCP server', param: null } },
    permission,
  ],
  [400, anthropic('invalid_request_error', 'You have reached your specified API usage limits. Wait.'), money],
  [400, anthropic('invalid_request_error', 'Your credit balance is too low to access the API.'), money],
  [429, anthropic('rate_limit_error', 'spend', 'enforced_spend_limit_reached'), money],
  [429, anthropic('rate_limit_error', 'spend', 'contract_spend_limit_reached'), money],
  [429, openai('insufficient_quota', 'You exceeded your current quota.', 'insufficient_quota'), money],
  // Gemini reports a rate limit in these words, with the time to wait.
  [429, [{ error: quotaError('google.rpc.RetryInfo') }], { kind: 'rate_limited' }],
  [429, { error: quotaError('google.rpc.Help') }, money],
  [429, openai('billing_hard_limit_reached', 'x'), money],
  [429, anthropic('rate_limit_error', 'ramp', 'ramp_limit_exceeded'), { kind: 'rate_limited' }],
  [429, openai('rate_limit_exceeded', 'in organization org-9vXq2'), { kind: 'rate_limited' }],
  [429, openai('resource_unavailable', 'flex'), { kind: 'rate_limited' }],
  [429, '', { kind: 'rate_limited' }],
  [500, anthropic('api_error', 'x'), { kind: 'error' }],
  [502, 'Bad gateway', { kind: 'error' }],
  [503, openai(null, 'x', 'server_error'), { kind: 'unavailable' }],
  [504, anthropic('timeout_error', 'x'), { kind: 'unavailable' }],
  [529, anthropic('overloaded_error', 'Overloaded'), { kind: 'overloaded' }],
  [302, '', { kind: 'error' }],
  [400, openai('invalid_api_key', 'No.'), key],
  [400, openai(null, 'Incorrect API key provided: 4f9a****c21b. You can find yours in the console.'), key],
  [400, openai(null, 'Invalid token'), key],
  [400, openai(null, 'Access denied due to invalid subscription key or wrong API endpoint.'), key],
  [400, openai(null, "Invalid 'Authorization' header"), key],
  [400, openai(null, 'The security token included in the request is invalid'), key],
  [400, openai(null, 'No cookie auth credentials found'), key],
  [400, openai(null, 'UNAUTHENTICATED: request had no credentials'), key],
  [400, openai(null, 'Insufficient balance'), money],
  [400, openai(null, 'Insufficient credits. Add more.'), money],
  [400, openai(null, 'You exceeded your current quota, please check your plan.'), money],
  [400, openai(null, 'Your account is not active, please check your billing details.'), money],
  [400, openai(null, 'This organization has been disabled.'), money],
  [400, openai(null, 'Arrearage: pay'), money],
  [400, { code: 'Client specified an invalid argument', error: 'Incorrect API key provided: xa***re.' }, key],
  [
    400,
    [
      {
        error: { code: 400, message: 'API key not valid. Pass a valid API key.', status: 'INVALID_ARGUMENT' },
      },
    ],
    key,
  ],
  [400, { detail: 'Invalid API key' }, key],
  [400, { message: 'Your API key is invalid' }, key],
  [400, { message: 'The API key provided has expired' }, key],
  [400, 'Invalid API Key', key],
  [404, { error: 'Missing API key' }, key],
  [400, { error: { message: 'Invalid Authentication' } }, key],
  [400, { error: { message: 'litellm.AuthenticationError: no' } }, key],
  [400, { error: { message: 'The access token is expired' } }, key],
  [422, { error: { message: 'Authentication failed', code: 'UNAUTHENTICATED' } }, key],
  [400, { error: { message: 'no', code: 'API_KEY_INVALID' } }, key],
]

describe('an error response of a provider', () => {
  for (const [status, body, expected] of verdicts)
    it(`${status} ${JSON.stringify(body).slice(0, 100)}: ${Object.values(expected).join(' ')}`, () => {
      assert.deepEqual(verdict(status, body), expected)
    })

  it('is shown with its message, code and field if it is about the request', () => {
    const error = {
      message: 'Too long.',
      type: 'invalid_request_error',
      param: 'messages',
      code: 'context_length_exceeded',
    }
    assert.deepEqual(verdict(400, { error }), { kind: 'caller', status: 400, ...error })
    assert.deepEqual(verdict(404, anthropic('not_found_error', 'model: claude-none')), {
      kind: 'caller',
      status: 404,
      message: 'model: claude-none',
      type: 'not_found_error',
    })
    for (const status of [409, 413, 422]) assert.equal(verdict(status, openai(null, 'No.')).kind, 'caller')
    assert.deepEqual(verdict(400, { error: 'Plain words.' }), {
      kind: 'caller',
      status: 400,
      message: 'Plain words.',
    })
    assert.deepEqual(verdict(400, { message: 'Plain words.' }), {
      kind: 'caller',
      status: 400,
      message: 'Plain words.',
    })
  })

  it('has a message of the gateway if it has none', () => {
    for (const body of [
      '',
      '<html></html>',
      'null',
      '[]',
      '{}',
      '{"error":null}',
      '{"error":{"message":5}}',
    ]) {
      const found = verdict(400, body)
      assert.match(found.kind === 'caller' ? found.message : '', /without saying why/)
    }
  })

  it('is not about the gateway’s account if only the request says so', () => {
    const echo = anthropic(
      'invalid_request_error',
      'tools.0.name: You have reached your specified API usage limits',
    )
    assert.equal(verdict(400, echo).kind, 'caller')
  })

  it('is not about the gateway’s key if the key is part of the request', () => {
    const messages = [
      'Invalid authorization token for the MCP server "tickets".',
      'Invalid API key for tool crm',
    ]
    for (const message of messages) assert.equal(verdict(400, { error: { message } }).kind, 'caller')
    const field = { message: 'Invalid API key', param: 'tools[0].headers' }
    assert.equal(verdict(400, { error: field }).kind, 'caller')
    const words = 'Invalid API key: expected one of a, b'
    assert.equal(verdict(400, { error: { message: words } }, `{"enum":"${words}"}`).kind, 'caller')
  })
})

describe('details for the client', () => {
  const shown = (details: unknown) => {
    const found = verdict(400, { error: { type: 'invalid_request_error', message: 'No.', details } })
    return found.kind === 'caller' ? found.details : assert.fail()
  }

  it('are all details of the upstream, without names of the gateway’s account', () => {
    const details = { error_code: 'tool_name_conflict', tools: [{ name: 'clock', at: 3 }], none: null }
    assert.deepEqual(shown(details), details)
    assert.deepEqual(shown({ error_code: 'x', of: { org: ['org-9vXq2UpstreamOwner'] } }), {
      error_code: 'x',
      of: { org: ['[…]'] },
    })
  })

  it('are absent if they are not an object', () => {
    for (const details of [undefined, null, 'words', 5, [1]]) assert.equal(shown(details), undefined)
  })

  it('are reduced to the code above a size limit', () => {
    const text = 'x'.repeat(10_000)
    assert.deepEqual(shown({ error_code: 'too_much', text }), { error_code: 'too_much' })
    assert.equal(shown({ text }), undefined)
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    const body = `{"error":{"message":"No.","details":{"error_code":"deep","deep":${deep}}}}`
    const found = verdict(400, body)
    assert.match(JSON.stringify(found), /"error_code":"deep"/)
  })
})

describe('a message for the client', () => {
  const shown = (message: string) => {
    const found = verdict(400, openai(null, message))
    return found.kind === 'caller' ? found.message : assert.fail()
  }

  it('contains no organisation, key or request id of the gateway’s account', () => {
    assert.equal(shown('Not for org-9vXq2UpstreamOwner in proj_7KbUpstreamOwner.'), 'Not for […] in […].')
    assert.equal(shown('Key sk-ant-api03-Ab_c-12 or sk-up********key.'), 'Key […] or […]')
    assert.equal(shown('Of 5c0f9d1e-7a44-4be1-9d0f-0a1b2c3d4e5f, wrkspc_011CZkZaBF1t.'), 'Of […], […].')
    assert.equal(shown('No such tool (request id: 20261123-ab12cd)'), 'No such tool […]')
    assert.equal(shown('See req_011CSHoEeqs5C35K2UUqR7Fy'), 'See […]')
  })

  for (const name of [
    'AKIAIOSFODNN7EXAMPLE',
    'ASIAY34FZKBOKMUTVV7A',
    'arn:aws:iam::123456789012:user/gateway',
    'arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us.anthropic.x',
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    'github_pat_11ABCDEFG0123456789_abcdef',
    'glpat-AbCdEf1234567890',
    'xoxb-123456789012-AbCdEf',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3',
    'eyJhbGciOiJIUzI1NiJ9',
    'AIzaSyA1234567890abcdefghijklmnopqrstuv',
    'ya29.a0AfH6SMBx',
    'our-gateway.openai.azure.com',
    'our-gateway.cognitiveservices.azure.com',
    'resourceGroups/our-group',
    'projects/123456789012',
    'project_number:123456789012',
    'gateway@our-project.iam.gserviceaccount.com',
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
    'acct_1AbCdEf23',
    'r8_AbCdEf123456',
  ])
    it(`does not name ${name}`, () => {
      assert.equal(shown(`No access for '${name}', today.`), "No access for '[…]', today.")
    })

  it('keeps words that only look like names of an account', () => {
    for (const own of [
      'ASIAN languages, AKIA, basic authentication is required, Bearer token required for api key rotation',
      'team_member, acct_number, ghost_writer, projects/settings, arn: is missing, eyJ, https://azure.com/docs',
      'the api_key parameter, a bearer authentication scheme, basic internationalization',
      'fw_version, r8_unorm, project_number: required',
    ])
      assert.equal(shown(own), own)
  })

  it('keeps names of the client', () => {
    const own =
      'messages.1.content.0: unexpected `tool_use_id` toolu_01D7FLrfh4GYq7yT1ULFeyMV; user_input, org-chart'
    assert.equal(shown(own), own)
  })

  it('keeps quotes of the request, whatever they look like', () => {
    const words =
      "Invalid schema for function 'user_preferences_get2': org_hierarchy_lookup, sk_learn_module. " +
      'See 5c0f9d1e-7a44-4be1-9d0f-0a1b2c3d4e5f and org-chart-builder.'
    const found = verdict(400, openai(null, words), words)
    assert.equal(found.kind === 'caller' && found.message, words)
    const plain = "Invalid schema for function 'user_preferences_get': user_location is missing"
    assert.equal(shown(plain), plain)
  })

  it('has no secret of the gateway, even if the request contains it', () => {
    const text = `bad header Bearer ${SECRET}, p4ss, hunter2`
    const found = verdict(400, openai(null, text), text)
    assert.equal(found.kind === 'caller' && found.message, 'bad header Bearer […], […], […]')
    assert.equal(shown('p4ssing hunter22'), 'p4ssing hunter22')
  })

  it('is redacted in its code, its type, its field and its details', () => {
    const error = {
      message: 'No.',
      type: `type ${SECRET}`,
      code: `code sk-proj-abc123DEF456 ${SECRET}`,
      param: `headers.org-AbCdEfGhIjKl123 ${SECRET}`,
      details: { [SECRET]: [SECRET] },
    }
    assert.deepEqual(verdict(400, { error }), {
      kind: 'caller',
      status: 400,
      message: 'No.',
      type: 'type […]',
      code: 'code […] […]',
      param: 'headers.[…] […]',
      details: { '[…]': ['[…]'] },
    })
  })

  for (const [body, words, param] of [
    [
      { detail: [{ loc: ['body', 'messages'], msg: 'field required', type: 'value_error.missing' }] },
      'messages: field required',
      'messages',
    ],
    [
      {
        detail: [
          { loc: ['body', 'a', 0], msg: 'one' },
          { loc: ['query', 'b'], msg: 'two' },
        ],
      },
      'a.0: one; query.b: two',
      'a.0',
    ],
    [{ detail: 'Model not loaded' }, 'Model not loaded'],
    [{ detail: { message: 'inner' } }, 'inner'],
    [{ title: 'Bad Request', status: 400, detail: 'too long' }, 'too long'],
    [{ message: 'plain' }, 'plain'],
    [{ Message: 'plain' }, 'plain'],
    [{ error: 'text' }, 'text'],
    [{ error: 'Bad Request', message: 'the prompt is too long' }, 'the prompt is too long'],
    [{ error: 'invalid_request', error_description: 'no scope' }, 'no scope'],
    [{ error: { message: { detail: [{ loc: ['body', 'x'], msg: 'deep' }] } } }, 'x: deep'],
    [{ error: { message: { message: 'deep' } } }, 'deep'],
    [{ object: 'error', message: { detail: [{ loc: ['body', 'x'], msg: 'deep' }] } }, 'x: deep'],
    [{ errors: [{ message: 'one' }, { message: 'two' }] }, 'one; two'],
    [{ errors: ['one', 'two'] }, 'one; two'],
    [{ title: 'Several faults.', errors: { Messages: ['is required'] } }, 'Messages: is required'],
    [{ success: false, errors: [{ code: 7003, message: 'No route' }], messages: [] }, 'No route'],
    [[{ error: { code: 400, message: 'in a list' } }], 'in a list'],
    ['"a JSON string"', 'a JSON string'],
    ['Plain text.', 'Plain text.'],
    [`{"error":{"message":"cut off ${'x'.repeat(20)}`, 'cut off'],
    [`{"error":{"message":"whole","more":"${'x'.repeat(20)}`, 'whole'],
  ] as const) {
    it(`is found in ${JSON.stringify(body).slice(0, 80)}`, () => {
      const found = verdict(400, body)
      assert.deepEqual(found.kind === 'caller' && [found.message, found.param], [words, param])
    })
  }

  it('is limited in length', () => {
    assert.equal(shown('x'.repeat(4000)).length, 4000)
    assert.equal(shown('x'.repeat(60_000)).length, 4001)
  })
})
