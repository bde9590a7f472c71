/** Reads the tools of an OpenAI request: tools of the client, and tools of the provider. */

import type { ParsedRequest } from '../dialect.ts'
import { wrong } from '../wire/fields.ts'
import { isObject, type JsonObject, listIn, objectIn } from '../wire/json.ts'
import { feeOf } from './fees.ts'

/** The tokens that explain how tools are used. */
export const TOOL_PROMPT = 1000

const callersOwn: ReadonlySet<unknown> = new Set(['function', 'custom'])

/** Returns true if the client runs the tool. Some kinds may run on either side. */
type RunsHere = (tool: JsonObject) => boolean

const runsHere: ReadonlyMap<string, RunsHere> = new Map<string, RunsHere>([
  ['function', () => true],
  ['custom', () => true],
  ['namespace', ({ tools }) => listIn(tools).every(tool => callersOwn.has(objectIn(tool).type))],
  ['computer', () => true],
  ['computer_use_preview', () => true],
  ['local_shell', () => true],
  ['apply_patch', () => true],
  ['shell', ({ environment }) => objectIn(environment).type === 'local'],
  ['tool_search', ({ execution }) => execution === 'client'],
])

/** Compatible servers accept a function without a type. */
function untyped({ function: called, name }: JsonObject): string | undefined {
  return isObject(called) || typeof name === 'string' ? 'function' : undefined
}

export type UnboundedTool = ParsedRequest['unbounded'][number] & { fee: string }

/** All other tools run at the provider. They have a fee, or their results are more input. */
export function unboundedTools(tools: readonly unknown[]): UnboundedTool[] {
  return tools.flatMap((tool, at) => {
    if (!isObject(tool)) throw wrong(`tools.${at}`, tool, 'an object')
    const type = tool.type ?? untyped(tool)
    if (typeof type !== 'string') throw wrong(`tools.${at}.type`, type, 'a string')
    return runsHere.get(type)?.(tool)
      ? []
      : [{ feature: type, allowedBy: 'server_tools' as const, fee: feeOf(tool) }]
  })
}
