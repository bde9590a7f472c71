/** The documents match the code: codes, statuses, routes, headers, packages. */

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { architecture } from '../docs/images/architecture.ts'
import { upstreamTypesPage, withProviders } from '../scripts/upstream-types.ts'
import { dialects } from '../src/dialects/index.ts'
import { type RefusalCode, refusal, refusalCodes } from '../src/errors.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const documents = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md'], { cwd: ROOT })

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

test('docs/images/architecture.svg matches its source', () => {
  assert.equal(read('docs/images/architecture.svg'), architecture())
})

test('docs/upstream-types.md matches the table of types', () => {
  assert.equal(read('docs/upstream-types.md'), upstreamTypesPage())
  assert.equal(read('README.md'), withProviders(read('README.md')))
  assert.match(read('README.md'), /\| Amazon Bedrock \| `bedrock` \|/)
})

test('the links between the documents lead to files and headings that exist', () => {
  for (const file of documents) {
    for (const [, path = '', anchor] of read(file).matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)) {
      const target = path === '' ? file : join(dirname(file), path)
      assert.ok(existsSync(join(ROOT, target)), `${file} links to ${target}`)
      if (anchor) assert.ok(anchorsOf(read(target)).includes(anchor), `${file} links to ${target}#${anchor}`)
    }
  }
})

test('every row of a table has as many cells as its head', () => {
  for (const file of documents) {
    const lines = read(file).split('\n')
    let isCode = false
    for (const [i, line] of lines.entries()) {
      if (line.trimStart().startsWith('```')) isCode = !isCode
      if (isCode || !line.startsWith('|')) continue
      const before = lines[i - 1] ?? ''
      const head = before.startsWith('|') ? before : (lines[i + 1] ?? '')
      assert.equal(cellsOf(line), cellsOf(head), `${file}:${i + 1}`)
      if (!before.startsWith('|')) assert.match(head, /^\|( -+:? \|)+$/, `${file}:${i + 1} begins a table`)
    }
  }
})

test('the files that the documents name in backticks exist', () => {
  for (const file of documents.filter(name => !name.startsWith('docs/adr/'))) {
    for (const [, path = ''] of read(file).matchAll(/`((?:src|test|deploy|bench|demo|docs)\/[\w./-]+)`/g))
      assert.ok(existsSync(join(ROOT, path)), `${file} names ${path}`)
  }
})

test('the npm scripts that the documents name exist', () => {
  const { scripts } = JSON.parse(read('package.json'))
  for (const file of documents) {
    for (const [, name = ''] of read(file).matchAll(/npm run ([a-z][\w:-]*)/g))
      assert.ok(name in scripts, `${file} names npm run ${name}`)
  }
})

test('every decision has the same form, and the index lists it once, in order', () => {
  const files = globSync('docs/adr/0*.md', { cwd: ROOT }).toSorted()
  for (const file of files) {
    const text = read(file)
    const parts = [...text.matchAll(/^\*\*(Context|Decision|Consequences)\.\*\*/gm)].map(([, name]) => name)
    assert.match(
      text,
      new RegExp(
        `^# ${Number(file.slice(9, 13))}\\. .+\n\nStatus: (accepted|replaced by ).*\\. Date: \\d{4}`,
      ),
      file,
    )
    assert.deepEqual(parts, ['Context', 'Decision', 'Consequences'], file)
  }

  const listed = [...read('docs/adr/README.md').matchAll(/^(\d+)\. \[(.+)\]\((.+?)\)/gm)]
  const titles = files.map(file => /^# (\d+)\. (.+)$/m.exec(read(file)))
  assert.deepEqual(
    listed.map(([, number, title, file]) => [number, title, `docs/adr/${file}`]),
    titles.map((found, i) => [found?.[1], found?.[2], files[i]]),
  )
})

/** Only an escaped bar is text, also in backticks. */
function cellsOf(line: string): number {
  return line.trim().replaceAll('\\|', '').split('|').length - 2
}

/** GitHub's anchors of the headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
