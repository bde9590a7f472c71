/** The faults of a value, field by field: what was found, and what is expected. */

import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Settings } from 'typebox/system'
import type { Fault } from './problem.ts'

// TypeBox reports 8 errors by default.
Settings.Set({ maxErrors: 100 })

type Node = { expected?: unknown; properties?: Record<string, Node>; items?: Node }

/** Finds the faults of values of one schema; an empty list means a valid value. */
export function faultFinder(schema: TSchema): (value: unknown) => Fault[] {
  // Compiled at the first use, because a gateway has dozens of routes and most are not called soon.
  let validator: ReturnType<typeof Compile> | undefined
  return value => {
    validator ??= Compile(schema)
    return validator.Check(value) ? [] : describe(schema, value, validator.Errors(value))
  }
}

interface Failure {
  keyword: string
  instancePath: string
  message: string
  params: object
}

/** The first fault of each field is enough, because the others follow from it. */
function describe(schema: Node, value: unknown, failures: Failure[]): Fault[] {
  const faults = new Map<string, string>()
  const add = (path: string[], detail: string) => {
    const field = path.join('.') || '(body)'
    if (!faults.has(field)) faults.set(field, detail)
  }
  for (const { keyword, instancePath, message, params } of failures) {
    const path = instancePath.split('/').slice(1)
    const at = nodeAt(schema, path)
    if (keyword === 'additionalProperties' && 'additionalProperties' in params) {
      const known = Object.keys(at.properties ?? {}).join(', ')
      for (const unknown of namesIn(params.additionalProperties))
        add([...path, unknown], `is unknown here; expected ${known === '' ? 'nothing' : `one of ${known}`}`)
    } else if (keyword === 'required' && 'requiredProperties' in params) {
      for (const missing of namesIn(params.requiredProperties))
        add([...path, missing], `is missing; expected ${expectation(nodeAt(at, [missing]))}`)
    } else if (keyword === '~refine') add(path, message)
    else if (keyword !== 'boolean')
      add(path, `found ${show(valueAt(value, path))}, expected ${expectation(at)}`)
  }
  return [...faults].map(([field, detail]) => ({ field, detail }))
}

function expectation({ expected }: Node): string {
  return typeof expected === 'string' ? expected : 'another value'
}

function nodeAt(schema: Node, path: string[]): Node {
  return path.reduce<Node>((node, step) => node.properties?.[step] ?? node.items ?? {}, schema)
}

function valueAt(value: unknown, path: string[]): unknown {
  return path.reduce<unknown>(
    (part, step) => (typeof part === 'object' && part !== null ? Reflect.get(part, step) : undefined),
    value,
  )
}

function namesIn(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : []
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}
