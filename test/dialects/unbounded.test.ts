import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Opening } from '../../src/dialects/dialect.ts'
import { ask, type Path, smallAsk } from './streams.ts'

type Case = [body: Record<string, unknown>, opening: Opening | undefined, feature?: RegExp]

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

describe('a feature that voids the bound is named, with the setting that allows it', () => {
  for (const [path, list] of cases) {
    for (const [body, opening, feature] of list) {
      it(`${path} ${JSON.stringify(body).slice(0, 90)}: ${opening ?? 'none'}`, () => {
        const { unbounded } = smallAsk(path, body)
        assert.deepEqual(
          unbounded.map(one => one.opening),
          opening ? [opening] : [],
        )
        if (feature) assert.match(unbounded[0]?.feature ?? '', feature)
      })
    }
  }
})

describe('a call with such a feature', () => {
  it('is bounded by nothing but the model, and shows not all of its output', () => {
    const asked = ask('/v1/messages', { model: 'm', messages: [], ...tool('web_search_20260318') })
    assert.equal(asked.inputBound, Number.POSITIVE_INFINITY)
    assert.equal(asked.hiddenOutput, true)
    assert.ok(Number.isFinite(asked.inputGuess))
  })
})
