/** The documents name what the code has: codes, statuses, routes, headers, packages. */

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { architecture } from '../docs/images/architecture.ts'
import { dialects } from '../src/dialects/index.ts'
import { type RefusalCode, refusal, refusalCodes } from '../src/errors.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

test('docs/api.md lists every error code once, with its status', () => {
  const rows = [...read('docs/api.md').matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)]
  const documented = rows.map(([, code, status]) => [code, Number(status)])
  const known = refusalCodes.map(code => [code, refusal(code as RefusalCode, '').statusCode])

  assert.deepEqual(documented.toSorted(), known.toSorted())
})

test('docs/api.md names every route, and each header that a dialect forwards or sends', () => {
  const text = read('docs/api.md')
  const aLimit = { limit: 0, remaining: 0, resetMs: 0 }
  for (const dialect of dialects) {
    const sent = Object.keys(dialect.limitHeaders({ requests: aLimit, tokens: aLimit }, 0))
    for (const name of [`POST ${dialect.path}`, ...dialect.requestHeaders, ...sent])
      assert.ok(text.includes(`\`${name}\``), name)
  }
})

test('docs/glossary.md has at most 25 terms, one line each', () => {
  const terms = [...read('docs/glossary.md').matchAll(/^\| \*\*(.+?)\*\* \|/gm)].map(([, term]) => term)

  assert.ok(terms.length > 0 && terms.length <= 25, `${terms.length} terms`)
  assert.equal(new Set(terms).size, terms.length)
})

test('docs/images/architecture.svg is what its source draws', () => {
  assert.equal(read('docs/images/architecture.svg'), architecture())
})

test('the links between the documents lead to files and headings that exist', () => {
  const files = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: ROOT })]
  for (const file of files) {
    for (const [, path = '', anchor] of read(file).matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)) {
      const target = path === '' ? file : join(dirname(file), path)
      assert.ok(existsSync(join(ROOT, target)), `${file} links to ${target}`)
      if (anchor) assert.ok(anchorsOf(read(target)).includes(anchor), `${file} links to ${target}#${anchor}`)
    }
  }
})

/** GitHub's anchors of the headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
