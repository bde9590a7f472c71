/** Sizes of the text in events of Responses that repeat it as a whole, once its deltas are over. */

import type { CappedBytes } from '../wire/capped-buffer.ts'
import { isObject, type JsonObject, listIn, objectIn, textIn } from '../wire/json.ts'
import { frameObject } from '../wire/sse.ts'

/** Deltas of text and tool JSON; a summary of reasoning is not the reasoning that is charged. */
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

/** Which member of an event has the text: the event's own, its part's, or its item's. */
const REPEATS: ReadonlyMap<string, 'event' | 'part' | 'item'> = new Map([
  ...PARTS.map(part => [`response.${part}.done`, 'event'] as const),
  ['response.content_part.done', 'part'],
  ['response.output_item.done', 'item'],
])
/** Parts and items that the model writes. Results of tools are no output. */
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

/** Counts each text once, though up to four events may repeat it. */
export function repeatedTextCounter() {
  const sizes = { event: 0, part: 0, item: 0 }
  /** Visible bytes after the last event of each kind. */
  const before = { event: 0, part: 0, item: 0 }
  return {
    /**
     * Bytes of all text that events of this one's kind have repeated so far; undefined: it repeats none. The text of a large
     * frame has the size of the deltas before it, in the `visible` bytes so far; without deltas, the size of the frame.
     */
    add(name: string, frame: CappedBytes, visible: number): number | undefined {
      const kind = REPEATS.get(name)
      if (!kind) return undefined
      const deltas = visible - before[kind]
      sizes[kind] += frame.large && deltas > 0 ? deltas : sizeIn(kind, frame)
      before[kind] = Math.max(visible, sizes[kind])
      return sizes[kind]
    },
    /** The same of the output that the last event of a response has. */
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
