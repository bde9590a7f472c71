/** The folders of `src` are layers: docs/adr/0022-layers.md. Type imports count. */

import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { cruise, type ICruiseResult } from 'dependency-cruiser'

/** From low to high. A file imports from its own layer and from lower ones. */
const layers = [
  'errors.ts',
  'lru.ts',
  'logged-error.ts',
  'outages.ts',
  'dialects',
  'pricing',
  'redis',
  'config',
  'sql',
  'start',
  'lua',
  'clients',
  'upstreams',
  'requests',
  'ledger',
  'alerts',
  'telemetry',
  'admin',
  'plugins',
  'app.ts',
  'embedded',
  'process',
  'server.ts',
]
/** Programs of their own: no other folder imports from them. */
const programs = ['cli', 'dashboard']

const src = join(import.meta.dirname, '../src')

function forbidden() {
  const inside = (names: string[]) => `^src/(${names.map(name => name.replace('.', '\\.')).join('|')})(/|$)`
  return [
    { name: 'no-cycle', from: {}, to: { circular: true } },
    ...layers.map((layer, i) => ({
      name: `${layer}-imports-lower-layers`,
      from: { path: inside([layer]) },
      to: { path: inside([...layers.slice(i + 1), ...programs]) },
    })),
  ]
}

async function violations(): Promise<string[]> {
  const { output } = await cruise([src], {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    baseDir: join(src, '..'),
    validate: true,
    ruleSet: { forbidden: forbidden() },
  })
  const { summary }: ICruiseResult = typeof output === 'string' ? JSON.parse(output) : output
  assert.ok((summary.totalDependenciesCruised ?? 0) > 1000, 'the imports of TypeScript files are found')
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)
}

test('no file imports from a higher layer, and no imports form a cycle', async () => {
  assert.deepEqual(await violations(), [])
})

test('every folder and file of src has a place in the layers', async () => {
  const names = (await readdir(src)).toSorted()

  assert.deepEqual(names, [...layers, ...programs].toSorted())
  assert.ok(names.filter(name => name.endsWith('.ts')).length <= 6, 'few files stand outside a folder')
})
