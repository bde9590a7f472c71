/** Measures the text of Responses events that repeat it as a whole after its deltas. */

import type { CappedBytes } from '../wire/capped-buffer.ts'
import { isObject, type JsonObject, listIn, objectIn, textIn } from '../wire/json.ts'
import { frameObject } from '../wire/sse.ts'

/** Deltas of text and tool JSON. Summaries of reasoning are not included, because the charged reasoning is longer. */
const PARTS = [
  'output_text',
  'refusal',
  'function_call_arguments',
  'custom_tool_call_input',
  'mcp_call_arguments',
  'code_interpreter_call_code',
  'shell_call_command',
]
export const DELTAS: ReadonlySet<string> = new Set(PARTS.map(part => `response.${part}.delta`))

/** The member of an event that has the text: of the event, its part or its item. */
const REPEATS: ReadonlyMap<string, 'event' | 'part' | 'item'> = new Map([
  ...PARTS.map(part => [`response.${part}.done`, 'event'] as const),
  ['response.content_part.done', 'part'],
  ['response.output_item.done', 'item'],
])
/** Parts and items with output of the model. Results of tools are not output. */
const WRITTEN = new Set<unknown>([
  'output_text',
  'refusal',
  'message',
  'function_call',
  'custom_tool_call',
  'mcp_call',
  'code_interpreter_call',
])
const TEXTS = ['text', 'refusal', 'arguments', 'input', 'code', 'command']

/** Counts each text once, because up to four events repeat it. */
export function repeatedTextCounter() {
  const sizes = { event: 0, part: 0, item: 0 }
  /** Visible bytes after the last event of each kind. */
  const before = { event: 0, part: 0, item: 0 }
  return {
    /**
     * Returns the bytes of all text that events of this kind have repeated so far; undefined if the event repeats none. The
     * text of a large frame counts as the deltas before it (`visible` bytes so far); without deltas, as the size of the frame.
     */
    add(name: string, frame: CappedBytes, visible: number): number | undefined {
      const kind = REPEATS.get(name)
      if (!kind) return undefined
      const deltas = visible - before[kind]
      sizes[kind] += frame.large && deltas > 0 ? deltas : sizeIn(kind, frame)
      before[kind] = Math.max(visible, sizes[kind])
      return sizes[kind]
    },
    /** The bytes of the output in the last event of a response. */
    ofOutput: (output: unknown): number =>
      listIn(output).reduce((sum: number, item) => sum + textSize(item), 0),
  }
}

function sizeIn(kind: 'event' | 'part' | 'item', frame: CappedBytes): number {
  const event = frameObject(frame) ?? {}
  if (frame.large) return kind === 'event' || WRITTEN.has(objectIn(event[kind]).type) ? frame.large.size : 0
  return kind === 'event' ? textsIn(event) : textSize(event[kind])
}

function textSize(part: unknown): number {
  if (!isObject(part) || !WRITTEN.has(part.type)) return 0
  return listIn(part.content).reduce((sum: number, one) => sum + textSize(one), textsIn(part))
}

function textsIn(part: JsonObject): number {
  return TEXTS.reduce((sum, name) => sum + Buffer.byteLength(textIn(part[name]) ?? ''), 0)
}
