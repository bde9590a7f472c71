/** Each plugin names the plugins that it needs, and the decorators of theirs that it uses. Fastify checks both at the start. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const folder = new URL('../../src/plugins/', import.meta.url)
const kinds = { Request: 'request', '': 'fastify' } as const

interface Plugin {
  file: string
  name: string
  /** The instance that registers it: `app`, or `callers` for the routes of calls. */
  scope: string
  text: string
  dependencies: string[]
  /** Each as `fastify.alerts` or `request.call`. */
  decorators: string[]
}

/** The plugins in the order of their registration. */
function plugins(): Plugin[] {
  const app = readFileSync(new URL('../app.ts', folder), 'utf8')
  const files = new Map(
    [...app.matchAll(/^import (\w+).* from '\.\/plugins\/([\w-]+\.ts)'/gm)].map(([, name, file]) => [
      name,
      file,
    ]),
  )
  return [...app.matchAll(/(\w+)\.register\((\w+)/g)].flatMap(([, scope = '', imported]) => {
    const file = files.get(imported)
    if (!file) return []
    const text = readFileSync(new URL(file, folder), 'utf8')
    const [, options = ''] =
      /^ {2}(\{ name: '[\w-]+'.*\}|\{\n {4}name: '[\s\S]*?\n {2}\}),?\n\)/m.exec(text) ?? []
    const [, name] = /name: '([\w-]+)'/.exec(options) ?? []
    if (!name) return []
    return [
      {
        file,
        name,
        scope,
        text: text.replace(options, '').replace(/^ *(\/\/|\/?\*).*$/gm, ''),
        dependencies: listed(options, 'dependencies'),
        decorators: Object.values(kinds).flatMap(kind => listed(options, kind).map(one => `${kind}.${one}`)),
      },
    ]
  })
}

function listed(options: string, name: string): string[] {
  const [, list = ''] = new RegExp(`${name}: \\[([^\\]]*)\\]`).exec(options) ?? []
  return [...list.matchAll(/'([^']+)'/g)].map(([, one = '']) => one)
}

function decoratorsOf({ text }: Plugin): string[] {
  return [...text.matchAll(/\.decorate(Request|)\(\s*'(\w+)'/g)].map(
    ([, kind = '', name]) => `${kinds[kind as keyof typeof kinds]}.${name}`,
  )
}

/** Finds `app.name`, `request.name`, and names that are taken out of either with braces. */
function uses({ text }: Plugin, decorator: string): boolean {
  const [kind, name] = decorator.split('.')
  const [owner, type] =
    kind === 'request' ? ['request', 'FastifyRequest'] : ['(?:app|server)', 'FastifyInstance']
  const braces = `\\{(?:[^{}]|\\{[^{}]*\\})*\\b${name}\\b(?!:)(?:[^{}]|\\{[^{}]*\\})*\\}`
  const hook = kind === 'request' ? `|\\(${braces}, _?(?:reply|done)` : ''
  return new RegExp(
    `\\b${owner}\\.${name}\\b|${braces}(?:: ${type}\\b| = (?:\\w+\\.)?${owner}\\b(?!\\.))${hook}`,
  ).test(text)
}

test('each plugin names the plugins and the decorators that it uses', () => {
  const made: { decorator: string; by: Plugin }[] = []

  const faults = plugins().flatMap(plugin => {
    const isVisible = (by: Plugin) => by.scope === 'app' || by.scope === plugin.scope
    const needs = made.filter(({ decorator, by }) => isVisible(by) && uses(plugin, decorator))
    made.push(...decoratorsOf(plugin).map(decorator => ({ decorator, by: plugin })))
    const names = needs.map(({ decorator }) => decorator)
    const owners = [...new Set(needs.map(({ by }) => by.name))]
    return [
      ...without(names, plugin.decorators).map(one => `${plugin.file} does not name ${one}`),
      ...without(plugin.decorators, names).map(one => `${plugin.file} does not use ${one}`),
      ...without(owners, plugin.dependencies).map(one => `${plugin.file} does not depend on ${one}`),
    ]
  })

  assert.ok(made.length > 60)
  assert.deepEqual(faults, [])
})

function without(names: string[], known: string[]): string[] {
  return names.filter(name => !known.includes(name))
}
