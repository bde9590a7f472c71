/** Reads the tools of an Anthropic request: tools of the client, and tools of the provider. */

import type { ParsedRequest } from '../dialect.ts'
import { wrong } from '../wire/fields.ts'
import { isObject, objectIn } from '../wire/json.ts'

/** The system prompt that explains how tools are used. */
const TOOL_PROMPT = 1000

/** The version at the end of a tool's type. */
const DATE = /_\d{8}$/

/** Tools that the client runs, with the tokens of the definition that the provider adds. All but the first have dates. */
const clientTools: ReadonlyMap<string, number> = new Map([
  ['custom', 0],
  ['bash', 1000],
  ['text_editor', 1000],
  ['memory', 1000],
  ['computer', 1000],
  ['computer_toolset', 10_000],
  ['browser_toolset', 10_000],
])

/** All other tools run at the provider, and their results are more input of the call. */
export function unboundedTools(tools: readonly unknown[]): ParsedRequest['unbounded'] {
  return tools.flatMap((tool, at) => {
    const type = typeOf(tool, at)
    if (definitionOf(type) !== undefined) return []
    const uses = usesOf(tool, at, type)
    return [{ feature: type, allowedBy: 'server_tools' as const, ...(uses && { uses }) }]
  })
}

function usesOf(tool: unknown, at: number, type: string) {
  const most = objectIn(tool).max_uses
  if (most === undefined || most === null) return undefined
  if (typeof most !== 'number' || !Number.isSafeInteger(most) || most < 1)
    throw wrong(`tools.${at}.max_uses`, most, 'a whole number of at least 1')
  return { most, tool: type.replace(DATE, '') }
}

export function toolOverhead(tools: readonly unknown[]): number {
  if (tools.length === 0) return 0
  const definitions = tools.map((tool, at) => definitionOf(typeOf(tool, at)) ?? 0)
  return definitions.reduce((sum, tokens) => sum + tokens, TOOL_PROMPT)
}

function definitionOf(type: string): number | undefined {
  return clientTools.get(type.replace(DATE, ''))
}

function typeOf(tool: unknown, at: number): string {
  if (!isObject(tool)) throw wrong(`tools.${at}`, tool, 'an object')
  const type = tool.type ?? 'custom'
  if (typeof type !== 'string') throw wrong(`tools.${at}.type`, type, 'a string')
  return type
}
