/** The commands apply, export and schema. */

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { faultFinder } from '../../src/admin/faults.ts'
import { declarationSchema } from '../../src/cli/commands/schema.ts'
import { temporaryFolder } from '../when-over.ts'
import { startShell } from './shell.ts'

const declared = {
  gateway: { budget: { month: 1000 } },
  teams: [{ name: 'web', budget: { month: 500 }, limits: { concurrency: 50 } }],
  clients: [
    {
      name: 'frontend',
      team: 'web',
      models: ['claude-haiku-*'],
      limits: { requests: { capacity: 100, per: '1h' }, concurrency: 20, maxWaitMs: 2000 },
      budget: { day: 5, month: 100 },
      hold: 'ceiling',
      cache: { share: 'team' },
      loop: { identical: 30, per: '1m' },
      allow: ['server_tools'],
    },
    { name: 'batch' },
  ],
}

async function arrange(t: TestContext) {
  const shell = await startShell(t)
  const file = join(await temporaryFolder(t), 'clients.json')
  const apply = async (content: unknown, options = '') => {
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
    return shell.run(`apply ${file} ${options}`.trim())
  }
  const read = async (path: string) => {
    const { id, createdAt, updatedAt, state, ...settings } = (await shell.gateway.admin('GET', path)).body
    return settings
  }
  const version = () => shell.gateway.app.clients.version
  return { ...shell, apply, read, version }
}

test('apply creates everything that the file declares, and a second run changes nothing', async t => {
  const { apply, read, version } = await arrange(t)

  const first = await apply(declared)
  const after = version()
  const second = await apply(declared)

  assert.deepEqual([first.code, first.err], [0, 'Made 4 changes.'])
  assert.match(first.out, /^~ gateway\n {4}budget\.month: - -> 1000\n\+ team web\n/)
  assert.match(first.out, /\+ client frontend\n {4}team: - -> "web"\n {4}models: - -> \["claude-haiku-\*"\]/)
  assert.deepEqual(await read('/clients/frontend'), declared.clients[0])
  assert.deepEqual(await read('/clients/batch'), declared.clients[1])
  assert.deepEqual(await read('/teams/web'), declared.teams[0])
  assert.deepEqual(await read('/gateway'), declared.gateway)
  assert.deepEqual([second.code, second.out, version()], [0, 'The gateway matches the file.', after])
})

test('apply removes settings that the file leaves out, changes those that differ, and nothing else', async t => {
  const { apply, read, gateway } = await arrange(t)
  await apply(declared)
  const { id } = (await gateway.admin('GET', '/clients/frontend')).body
  const less = { clients: [{ name: 'frontend', limits: { concurrency: 10 }, budget: { day: 5 } }] }

  const { out } = await apply(less)

  assert.deepEqual(out.split('\n').slice(0, 1), ['~ client frontend'])
  assert.match(out, /limits\.concurrency: 20 -> 10/)
  assert.match(out, /limits\.maxWaitMs: 2000 -> -/)
  assert.match(out, /budget\.month: 100 -> -/)
  assert.match(out, /hold: "ceiling" -> -/)
  assert.doesNotMatch(out, /budget\.day|batch|team web|gateway/)
  const { body } = await gateway.admin('GET', '/clients/frontend')
  assert.deepEqual([body.id, body.limits, body.budget], [id, { concurrency: 10 }, { day: 5 }])
  assert.deepEqual([body.team, body.models, body.allow], [undefined, undefined, undefined])
  assert.deepEqual(await read('/gateway'), declared.gateway)
  assert.equal((await apply(less)).out, 'The gateway matches the file.')
})

test('apply --dry-run prints the changes and makes none', async t => {
  const { apply, version, gateway } = await arrange(t)
  const before = version()

  const { code, out, err } = await apply(declared, '--dry-run')
  const json = JSON.parse((await apply(declared, '--dry-run --json')).out)

  assert.deepEqual([code, err, version()], [0, 'Nothing was changed: --dry-run.', before])
  assert.match(out, /\+ client frontend/)
  assert.equal((await gateway.admin('GET', '/clients/frontend')).status, 404)
  assert.equal(json.applied, false)
  assert.deepEqual(json.changes[3], { action: 'create', kind: 'client', name: 'batch', differences: [] })
})

test('apply deletes clients and teams that the file does not name only with --prune', async t => {
  const { apply, read, gateway } = await arrange(t)
  await apply(declared)
  const rest = { teams: [], clients: [declared.clients[0]] }

  const kept = await apply(rest)
  const pruned = await apply(rest, '--prune')

  assert.equal(kept.out, 'The gateway matches the file.')
  assert.deepEqual(pruned.out.split('\n'), [
    '~ team web',
    '    budget.month: 500 -> -',
    '    limits.concurrency: 50 -> -',
    '- client batch',
  ])
  assert.equal((await gateway.admin('GET', '/clients/batch')).status, 404)
  assert.deepEqual(await read('/teams/web'), { name: 'web' })
  assert.equal((await apply({ clients: [] })).out, 'The gateway matches the file.')
})

test('apply refuses an unknown team before the first change', async t => {
  const { apply, run, version, gateway } = await arrange(t)
  await run('teams set data')
  const before = version()
  const wrong = {
    ...declared,
    clients: [...declared.clients, { name: 'c', team: 'wbe' }, { name: 'd', team: 'data' }],
  }

  for (const option of ['', '--dry-run']) {
    const { code, err } = await apply(wrong, option)
    assert.deepEqual([code, version()], [1, before])
    assert.match(
      err,
      /^client c: there is no team wbe\. Did you mean web\? Declare it .*\nNothing was changed\.$/,
    )
  }
  assert.equal((await gateway.admin('GET', '/clients/frontend')).status, 404)
})

test('apply --prune deletes a team without clients', async t => {
  const { apply, gateway } = await arrange(t)
  await apply(declared)

  const { out, code } = await apply({ teams: [], clients: [] }, '--prune')

  assert.deepEqual([code, out.split('\n')], [0, ['- client batch', '- client frontend', '- team web']])
  assert.equal((await gateway.admin('GET', '/teams/web')).status, 404)
})

test('apply of an export changes nothing, as JSON and as YAML', async t => {
  const { apply, run, version } = await arrange(t)
  await apply(declared)
  const before = version()
  const json = await run('export')
  const yaml = await run('export --yaml')
  const folder = await temporaryFolder(t)

  assert.deepEqual(JSON.parse(json.out), { ...declared, clients: declared.clients.toReversed() })
  for (const [name, content] of [
    ['a.json', json.out],
    ['a.yaml', yaml.out],
    ['plain', yaml.out],
    ['plain-json', `\uFEFF${json.out}`],
  ] as const) {
    await writeFile(join(folder, name), content)
    const applied = await run(`apply ${join(folder, name)} --prune`)
    assert.deepEqual(
      [applied.code, applied.out, version()],
      [0, 'The gateway matches the file.', before],
      name,
    )
  }
  for (const [content, words] of [
    ['clients:\n  - name: a\n    name: b\n', /is not YAML: Map keys must be unique at line 3/],
    ['clients: [', /is not YAML/],
    ['clients:\n  - name: a\n    bugdet: 5\n', /clients\.0\.bugdet is unknown here/],
    ['', /\(body\) found null, expected an object with gateway, teams, clients/],
  ] as const) {
    await writeFile(join(folder, 'wrong.yml'), content)
    const { code, err } = await run(`apply ${join(folder, 'wrong.yml')}`)
    assert.deepEqual([code, words.test(err)], [2, true], err)
  }
})

test('docs/clients.schema.json is the schema that apply validates with', async () => {
  const file = new URL('../../docs/clients.schema.json', import.meta.url)
  const written = JSON.parse(await readFile(file, 'utf8'))
  assert.deepEqual(
    written,
    JSON.parse(JSON.stringify(declarationSchema())),
    'npm run cli -- schema > docs/clients.schema.json',
  )
  const findFaults = faultFinder(written)
  assert.deepEqual(findFaults({ $schema: './clients.schema.json', ...declared }), [])
  for (const wrong of [{ client: [] }, { clients: [{}] }, { clients: [{ name: 'a', hold: 'loose' }] }])
    assert.notDeepEqual(findFaults(wrong), [])
})

test('apply refuses a wrong file and prints every fault', async t => {
  const { apply, run, version } = await arrange(t)
  const before = version()
  for (const [content, words] of [
    ['{', /is not JSON/],
    [
      '{"clients":[{"name":"a","budget":{"day":5},"budget":{}}]}',
      /clients\.0\.budget stands twice in one object/,
    ],
    ['{"gateway":{},"gateway":{}}', /: gateway stands twice in one object/],
    [[], /\(body\) found \[\], expected an object with gateway, teams, clients/],
    [{ client: [] }, /client is unknown here; expected one of gateway, teams, clients/],
    [{ clients: [{ name: 'a', budgets: {} }] }, /clients\.0\.budgets is unknown here/],
    [{ teams: [{ name: 'a', models: [] }] }, /teams\.0\.models is unknown here/],
    [{ teams: [{ name: 'a', limits: { maxWaitMs: 5 } }] }, /teams\.0\.limits\.maxWaitMs is unknown here/],
    [
      { clients: [{ name: 'a', hold: 'loose' }] },
      /clients\.0\.hold found "loose", expected "growing" or "ceiling"/,
    ],
    [
      { clients: [{ name: 'a' }, { name: 'b', budget: { day: -1 } }] },
      /clients\.1\.budget\.day found -1, expected/,
    ],
    [{ clients: [{ name: 'a' }, { name: 'a' }] }, /clients declares a twice/],
    [
      { gateway: { limits: { requests: { capacity: 1, per: '1y' } } } },
      /gateway\.limits\.requests\.per found "1y"/,
    ],
  ] as const) {
    const { code, out, err } = await apply(content)
    assert.deepEqual([code, out], [2, ''], err)
    assert.match(err, words)
  }
  assert.match((await run('apply /nowhere.json')).err, /nowhere\.json cannot be read: ENOENT/)
  assert.equal(version(), before)
})
