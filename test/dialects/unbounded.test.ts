import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AllowedFeature } from '../../src/dialects/dialect.ts'
import { type Path, parse, smallRequest } from './streams.ts'

type Case = [body: Record<string, unknown>, allowedBy: AllowedFeature | undefined, feature?: RegExp]

const content = (...blocks: object[]) => ({ messages: [{ role: 'user', content: blocks }] })
const input = (...items: object[]) => ({ input: items })
const tool = (type: string, more: object = {}) => ({ tools: [{ type, name: 'x', ...more }] })
const definition = (type: string) => ({ type: 'tool_definition', definition: { type, name: 'x' } })

const cases: [path: Path, cases: Case[]][] = [
  [
    '/v1/messages',
    [
      [{ tools: [{ name: 'get_weather', input_schema: { type: 'object' } }] }, undefined],
      [tool('custom'), undefined],
      [tool('bash_20250124'), undefined],
      [tool('text_editor_20250728'), undefined],
      [tool('computer_toolset_20260801'), undefined],
      [tool('browser_toolset_20260801'), undefined],
      [tool('memory_20250818'), undefined],
      [tool('web_search_20260318'), 'server_tools', /^web_search_20260318$/],
      [tool('web_fetch_20260318'), 'server_tools'],
      [tool('code_execution_20260521'), 'server_tools'],
      [tool('advisor_20260301', { model: 'claude-opus-5-5' }), 'server_tools'],
      [tool('tool_search_tool_bm25_20251119'), 'server_tools'],
      [tool('mcp_toolset'), 'server_tools'],
      [tool('of_next_year_20270101'), 'server_tools'],
      [tool('bash_server_20270101'), 'server_tools'],
      [content({ type: 'tool_addition', tool: definition('web_search_20260318') }), 'server_tools'],
      [content({ type: 'tool_addition', tool: definition('custom') }), undefined],
      [content({ type: 'tool_addition', tool: { type: 'tool_reference', name: 'x' } }), undefined],
      [
        content({
          type: 'compaction',
          tool_changes: [{ type: 'tool_addition', tool: definition('advisor_20260301') }],
        }),
        'server_tools',
      ],
      [{ mcp_servers: [{ type: 'url', url: 'https://x', name: 'x' }] }, 'server_tools', /mcp_servers/],
      [{ mcp_servers: [] }, undefined],
      [{ compaction: { type: 'summarize' } }, 'server_tools'],
      [{ context_management: { edits: [{ type: 'compact_20260112' }] } }, 'server_tools', /compact_20260112/],
      [{ context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }, undefined],
      [{ fallbacks: 'default' }, 'server_tools'],
      [{ fallbacks: [{ model: 'claude-opus-5-5' }] }, 'server_tools'],
      [{ container: 'container_1' }, 'stored'],
      [{ container: null }, undefined],
      [{ thread: { type: 'continue', previous_message_id: 'msg_1' } }, 'stored'],
      [content({ type: 'image', source: { type: 'file', file_id: 'file_1' } }), 'files', /file ids/],
      [content({ type: 'document', source: { type: 'file', file_id: 'file_1' } }), 'files'],
      [content({ type: 'container_upload', file_id: 'file_1' }), 'files'],
      [
        content({
          type: 'tool_result',
          content: [{ type: 'image', source: { type: 'file', file_id: 'file_1' } }],
        }),
        'files',
      ],
      [content({ type: 'tool_use', input: { file_id: 'one of the caller' } }), undefined],
      [
        { messages: [{ role: 'user', content: { type: 'image', source: { type: 'file', file_id: 'x' } } }] },
        'files',
      ],
      [
        { messages: [{ role: 'user', content: [[{ type: 'container_upload', file_id: 'file_1' }]] }] },
        'files',
      ],
      [content({ type: 'text', text: 'x', source: { type: 'file', file_id: 'file_1' } }), 'files'],
      [content({ type: 'hologram', parts: [{ file_id: 'file_1' }] }), 'files'],
      [{ attachments: [{ file_id: 'file_1' }] }, 'files'],
      [
        content({
          type: 'code_execution_tool_result',
          content: {
            type: 'code_execution_result',
            content: [{ type: 'code_execution_output', file_id: 'x' }],
          },
        }),
        'files',
      ],
      [content({ type: 'text', text: 'x', extra: { more: [{ file_id: 'file_1' }] } }), 'files'],
      [content({ type: 'tool_result', content: 'x', extra: { file_id: 'file_1' } }), 'files'],
      [content({ type: 'image', source: { type: 'base64', data: 'AA', file_id: 'file_1' } }), 'files'],
      [content({ type: 'text', text: 'x', tools: [{ type: 'web_search_20260318' }] }), 'server_tools'],
      [{ fallback_model: 'claude-opus-5-5' }, 'server_tools'],
    ],
  ],
  [
    '/v1/chat/completions',
    [
      [tool('function'), undefined],
      [tool('custom'), undefined],
      [{ tools: [{ function: { name: 'x' } }, { type: null, name: 'y' }] }, undefined],
      [tool('web_search'), 'server_tools'],
      [{ web_search_options: {} }, 'server_tools', /web_search_options/],
      [{ plugins: [{ id: 'web' }] }, 'server_tools'],
      [{ models: ['a', 'b'] }, 'server_tools'],
      [content({ type: 'file', file: { file_id: 'file-1' } }), 'files'],
      [{ messages: [{ role: 'user', content: { type: 'file', file: { file_id: 'file-1' } } }] }, 'files'],
      [content({ type: 'image_file', image_file: { file_id: 'file-1' } }), 'files'],
      [{ messages: [{ role: 'user', content: 'x', attachments: [{ file_id: 'file-1' }] }] }, 'files'],
      [{ messages: [[{ role: 'user', content: [{ type: 'file', file: { file_id: 'x' } }] }]] }, 'files'],
      [{ messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] }, 'stored', /audio/],
      [{ messages: [{ role: 'assistant', audio: null }] }, undefined],
      [content({ type: 'audio', audio: { id: 'audio_1' } }), 'stored', /audio/],
      [content({ type: 'text', text: 'x', extra: { file_id: 'file-1' } }), 'files'],
      [content({ type: 'image_url', image_url: { url: 'https://x', file_id: 'file-1' } }), 'files'],
      [content({ type: 'input_audio', input_audio: { file_id: 'file-1' } }), 'files'],
      [{ messages: [{ role: 'developer', content: 'x', tools: [{ type: 'web_search' }] }] }, 'server_tools'],
    ],
  ],
  [
    '/v1/responses',
    [
      [tool('function'), undefined],
      [tool('custom'), undefined],
      [tool('namespace', { tools: [{ type: 'function' }] }), undefined],
      [tool('namespace', { tools: [{ type: 'web_search' }] }), 'server_tools'],
      [tool('computer'), undefined],
      [tool('apply_patch'), undefined],
      [tool('local_shell'), undefined],
      [tool('shell', { environment: { type: 'local' } }), undefined],
      [tool('shell', { environment: { type: 'container_auto' } }), 'server_tools'],
      [tool('shell'), 'server_tools'],
      [tool('tool_search', { execution: 'client' }), undefined],
      [tool('tool_search'), 'server_tools'],
      [tool('web_search'), 'server_tools'],
      [tool('web_search_preview'), 'server_tools'],
      [tool('file_search', { vector_store_ids: ['vs_1'] }), 'server_tools'],
      [tool('code_interpreter', { container: { type: 'auto' } }), 'server_tools'],
      [tool('image_generation'), 'server_tools'],
      [tool('mcp', { server_url: 'https://x' }), 'server_tools'],
      [tool('programmatic_tool_calling'), 'server_tools'],
      [
        input({ type: 'additional_tools', role: 'developer', tools: [{ type: 'web_search' }] }),
        'server_tools',
      ],
      [{ previous_response_id: 'resp_1' }, 'stored', /previous_response_id/],
      [{ conversation: { id: 'conv_1' } }, 'stored'],
      [{ prompt: { id: 'pmpt_1' } }, 'stored'],
      [input({ type: 'item_reference', id: 'msg_1' }), 'stored', /item_reference/],
      [input({ id: 'msg_1' }), 'stored', /item_reference/],
      [{ background: true }, 'background', /background/],
      [{ background: false }, undefined],
      [{ context_management: [{ type: 'compaction', compact_threshold: 1000 }] }, 'server_tools'],
      [{ reasoning: { mode: 'pro' } }, 'server_tools', /pro/],
      [{ reasoning: { mode: 'standard' } }, undefined],
      [input({ role: 'user', content: [{ type: 'input_image', file_id: 'file-1' }] }), 'files'],
      [input({ role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] }), 'files'],
      [input({ role: 'user', content: { type: 'input_file', file_id: 'file-1' } }), 'files'],
      [input({ role: 'user', content: [{ type: 'input_text', text: 'x', file_id: 'file-1' }] }), 'files'],
      [{ instructions: [{ role: 'developer', content: [{ type: 'input_file', file_id: 'x' }] }] }, 'files'],
      [{ instructions: { role: 'developer', content: [{ type: 'input_image', file_id: 'x' }] } }, 'files'],
      [{ instructions: [{ type: 'item_reference', id: 'msg_1' }] }, 'stored'],
      [{ instructions: [{ type: 'additional_tools', tools: [{ type: 'web_search' }] }] }, 'server_tools'],
      [{ instructions: 'file_id' }, undefined],
      [input({ type: 'mcp_call', id: 'mcp_1', output: [{ type: 'input_file', file_id: 'x' }] }), 'files'],
      [input({ type: 'shell_call_output', call_id: 'x', output: [{ stdout: 'x', file_id: 'x' }] }), 'files'],
      [input({ type: 'code_interpreter_call', id: 'x', outputs: [{ type: 'file', file_id: 'x' }] }), 'files'],
      [input({ type: 'apply_patch_call_output', call_id: 'x', output: { file_id: 'x' } }), 'files'],
      [input({ type: 'program_output', result: { file_id: 'x' } }), 'files'],
      [input({ type: 'function_call_output', output: 'x', extra: { file_id: 'x' } }), 'files'],
      [input({ type: 'additional_tools', content: { tools: [{ type: 'web_search' }] } }), 'server_tools'],
      [input({ type: 'configuration_update', tools: { type: 'web_search' } }), 'server_tools', /web_search/],
      [
        input({ type: 'configuration_update', configuration: { tools: [{ type: 'web_search' }] } }),
        'server_tools',
      ],
      [input({ type: 'configuration_update', reasoning: { mode: 'pro' } }), 'server_tools', /pro/],
      [input({ type: 'message', id: 'msg_1' }), 'stored', /item_reference/],
      [input({ type: 'function_call', id: 'fc_1', status: null }), 'stored'],
      [input({ type: 'reasoning', id: 'rs_1', summary: [] }), 'stored'],
      [input({ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' }), undefined],
      [input({ type: 'message', id: 'msg_1', role: 'assistant', content: [] }), undefined],
    ],
  ],
  [
    '/v1/embeddings',
    [
      [{ input: [{ file_id: 'file-1' }] }, 'files'],
      [{ input: ['file_id'] }, undefined],
    ],
  ],
]

describe('a feature without a bound is reported with the setting that allows it', () => {
  for (const [path, list] of cases) {
    for (const [body, allowedBy, feature] of list) {
      it(`${path} ${JSON.stringify(body).slice(0, 90)}: ${allowedBy ?? 'none'}`, () => {
        const { unbounded } = smallRequest(path, body)
        assert.deepEqual(
          unbounded.map(one => one.allowedBy),
          allowedBy ? [allowedBy] : [],
        )
        if (feature) assert.match(unbounded[0]?.feature ?? '', feature)
      })
    }
  }
})

/** Members of all formats that void the bound. */
const everywhere: [member: string, value: unknown, allowedBy: AllowedFeature][] = [
  ['mcp_servers', [{ type: 'url', url: 'https://x', name: 'x' }], 'server_tools'],
  ['compaction', { type: 'summarize' }, 'server_tools'],
  ['multi_agent', { enabled: true }, 'server_tools'],
  ['fallbacks', [{ model: 'a' }], 'server_tools'],
  ['models', ['a', 'b'], 'server_tools'],
  ['plugins', [{ id: 'web' }], 'server_tools'],
  ['web_search_options', {}, 'server_tools'],
  ['search_parameters', { mode: 'on' }, 'server_tools'],
  ['enable_search', true, 'server_tools'],
  ['preset', 'mine', 'server_tools'],
  ['container', 'container_1', 'stored'],
  ['thread', { type: 'create' }, 'stored'],
  ['conversation', 'conv_1', 'stored'],
  ['previous_response_id', 'resp_1', 'stored'],
  ['prompt', { id: 'pmpt_1' }, 'stored'],
  ['background', true, 'background'],
  ['reasoning', { mode: 'pro' }, 'server_tools'],
  ['extra_body', { plugins: [{ id: 'web' }] }, 'server_tools'],
]
const routes: Path[] = ['/v1/messages', '/v1/chat/completions', '/v1/responses', '/v1/embeddings']

describe('a member without a bound counts on every route', () => {
  for (const path of routes) {
    it(path, () => {
      for (const [member, value, allowedBy] of everywhere) {
        const { unbounded } = smallRequest(path, { [member]: value })
        assert.deepEqual(
          unbounded.map(one => one.allowedBy),
          [allowedBy],
          member,
        )
      }
      const edits = [{ type: 'compact_20260112' }]
      const managed = path === '/v1/messages' ? { edits } : edits
      assert.equal(smallRequest(path, { context_management: managed }).unbounded.length, 1)
    })

    it(`${path}: an empty or disabled member does not count`, () => {
      const off = [null, '', [], false]
      for (const [member] of everywhere.filter(([name]) => !['reasoning', 'background'].includes(name)))
        for (const value of off)
          assert.deepEqual(smallRequest(path, { [member]: value }).unbounded, [], `${member} ${value}`)
      const rest = { background: false, multi_agent: { enabled: false }, search_parameters: { mode: 'off' } }
      assert.deepEqual(smallRequest(path, { ...rest, context_management: {}, reasoning: null }).unbounded, [])
    })
  }

  it('also counts in the prompt of another format', () => {
    const parts = [{ role: 'user', content: [{ type: 'input_file', file_id: 'x' }] }]
    const foreign: [path: Path, names: string[]][] = [
      ['/v1/messages', ['input', 'instructions']],
      ['/v1/chat/completions', ['input', 'instructions', 'system']],
      ['/v1/responses', ['messages', 'system']],
    ]
    for (const [path, names] of foreign)
      for (const name of names)
        assert.deepEqual(
          smallRequest(path, { [name]: parts }).unbounded.map(({ allowedBy }) => allowedBy),
          ['files'],
          `${path} ${name}`,
        )
  })

  it('is refused if it is ambiguous', () => {
    for (const path of routes)
      for (const raw of ['"plugins":[],"plugins":["x"]', '"Container":"x"', '"best_of":1,"best_of":9'])
        assert.throws(() => parse(path, `{"model":"m",${raw}}`), /read in two ways/)
  })
})

/** A schema's properties, named like members that void the bound. */
const properties = Object.fromEntries(
  [
    ...everywhere.map(([name]) => name),
    'file_id',
    'file_url',
    'image_url',
    'tools',
    'source',
    'audio',
    'n',
  ].map(name => [name, { type: 'array', items: { type: 'string' }, description: 'file_id' }]),
)
const schema = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
const words = JSON.stringify({
  file_id: 'file-1',
  tools: [{ type: 'web_search' }],
  previous_response_id: 'x',
})
const labels = { file_id: 'x', container: 'x', conversation: 'x', models: 'x' }
const ordinary: [path: Path, body: Record<string, unknown>][] = [
  [
    '/v1/messages',
    {
      tools: [{ name: 'upload', input_schema: schema, input_examples: [{ file_id: 'x' }] }],
      metadata: { user_id: 'file_id' },
      output_config: { format: { type: 'json_schema', schema } },
      system: [{ type: 'text', text: words, cache_control: { type: 'ephemeral' } }],
      ...content(
        { type: 'text', text: words, citations: [{ type: 'char_location', file_id: 'file_1' }] },
        { type: 'tool_use', id: 'x', name: 'upload', input: { ...labels, tools: [{ type: 'hammer' }] } },
        { type: 'tool_result', tool_use_id: 'x', content: words },
        { type: 'tool_result', tool_use_id: 'x', content: [{ type: 'text', text: words }] },
        { type: 'mcp_tool_listing', mcp_server_name: 'x', tools: [{ name: 'x', input_schema: schema }] },
        { type: 'search_result', source: 'https://x', title: 'x', content: [{ type: 'text', text: 'x' }] },
        { type: 'document', source: { type: 'text', data: words }, citations: { enabled: true } },
      ),
    },
  ],
  [
    '/v1/chat/completions',
    {
      tools: [{ type: 'function', function: { name: 'upload', parameters: schema } }],
      functions: [{ name: 'upload', parameters: schema }],
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
      guided_json: schema,
      tool_choice: { type: 'function', function: { name: 'upload' } },
      metadata: labels,
      user: 'file_id',
      audio: { voice: 'alloy', format: 'wav' },
      logit_bias: { 50256: -100 },
      messages: [
        { role: 'user', content: words, name: 'tools' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'x', type: 'function', function: { name: 'upload', arguments: words } }],
          annotations: [{ type: 'file_citation', file_id: 'file-1' }],
        },
        { role: 'tool', tool_call_id: 'x', content: words },
      ],
    },
  ],
  [
    '/v1/responses',
    {
      tools: [
        { type: 'function', name: 'upload', parameters: schema },
        { type: 'namespace', name: 'x', tools: [{ type: 'function', name: 'upload', parameters: schema }] },
      ],
      text: { format: { type: 'json_schema', name: 'x', schema } },
      metadata: labels,
      ...input(
        { role: 'user', content: [{ type: 'input_text', text: words }] },
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          content: [
            { type: 'output_text', text: 'x', annotations: [{ type: 'file_citation', file_id: 'x' }] },
          ],
        },
        { type: 'function_call', id: 'fc_1', call_id: 'x', name: 'upload', arguments: words },
        { type: 'function_call_output', call_id: 'x', output: words },
        { type: 'tool_search_call', call_id: 'x', arguments: labels },
        { type: 'tool_search_output', tools: [{ type: 'function', name: 'upload', parameters: schema }] },
        { type: 'mcp_list_tools', server_label: 'x', tools: [{ name: 'x', input_schema: schema }] },
        { type: 'mcp_call', id: 'x', name: 'x', server_label: 'x', arguments: words, output: words },
        { type: 'file_search_call', id: 'x', queries: ['x'], results: [{ file_id: 'x', text: 'x' }] },
        {
          type: 'web_search_call',
          id: 'x',
          action: { type: 'search', sources: [{ type: 'url', url: 'x' }] },
        },
        { type: 'shell_call_output', call_id: 'x', output: [{ stdout: words, outcome: { type: 'exit' } }] },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: words }] },
      ),
    },
  ],
]

describe('an ordinary request that only contains such names keeps its bound', () => {
  for (const [path, body] of ordinary) {
    it(path, () => {
      const { unbounded, inputBound } = smallRequest(path, body)
      assert.deepEqual(unbounded, [])
      assert.ok(Number.isFinite(inputBound))
    })
  }
})

describe('a call with such a feature', () => {
  it('names the fee of each run of a limited tool', () => {
    const fee = (one: object) =>
      smallRequest('/v1/responses', { tools: [one], max_tool_calls: 3 }).unbounded.map(({ uses }) => uses)
    const container = { type: 'auto', memory_limit: '16g' }
    assert.deepEqual(fee({ type: 'code_interpreter', container }), [
      { most: 3, tool: 'code_interpreter_16g' },
    ])
    assert.deepEqual(fee({ type: 'shell' }), [{ most: 3, tool: 'code_interpreter' }])
    assert.deepEqual(fee({ type: 'web_search_preview_2025_03_11' }), [{ most: 3, tool: 'web_search' }])
  })

  it('is bounded only by the model, and has hidden output', () => {
    const requested = parse('/v1/messages', { model: 'm', messages: [], ...tool('web_search_20260318') })
    assert.equal(requested.inputBound, Number.POSITIVE_INFINITY)
    assert.equal(requested.hiddenOutput, true)
    assert.ok(Number.isFinite(requested.inputGuess))
  })
})
