/** Tokens and the audit log in the CLI. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { main } from '../../src/cli/main.ts'
import { startReplica, TOKEN } from '../plugins/replica.ts'

async function shell(t: TestContext) {
  const replica = await startReplica(t)
  const url = `http://127.0.0.1:${await replica.listen()}`
  return async (line: string, token = TOKEN) => {
    const out: string[] = []
    const err: string[] = []
    const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text) }
    const code = await main(line.split(' '), { url, token }, terminal)
    return { code, out: out.join('\n'), err: err.join('\n') }
  }
}

test('a token is created, printed alone, used, listed and revoked', async t => {
  const run = await shell(t)

  const created = await run('tokens create board --expires 90d')

  assert.match(created.out, /^tga_[\w-]{43}$/)
  assert.match(created.err, /^Token board, viewer, until 20.* It is not shown again\.$/)
  assert.equal((await run('whoami', created.out)).out, 'board, viewer')
  assert.equal((await run('whoami')).out, 'ADMIN_TOKEN, admin')
  assert.match(
    (await run('tokens list')).out,
    /^ADMIN_TOKEN +admin +- +- +-\nboard +viewer +\d{4}.* ADMIN_TOKEN/m,
  )
  assert.equal((await run('tokens revoke board')).out, 'Token board is revoked.')
  const after = await run('whoami', created.out)
  assert.deepEqual([after.code, /revoked or expired/.test(after.err)], [1, true])
})

test('the error of a refused viewer names its role', async t => {
  const run = await shell(t)
  const { out: token } = await run('tokens create board --role viewer')

  const refused = await run('clients create frontend', token)

  assert.equal(refused.code, 1)
  assert.match(refused.err, /"board" has the role viewer/)
  assert.equal((await run('clients list', token)).code, 0)
})

test('audit lists each change with the settings before and after', async t => {
  const run = await shell(t)
  await run('clients create frontend --budget 5/day')
  await run('clients update frontend --budget 10/day')

  const { out, code } = await run('audit --target client:frontend')
  const json = JSON.parse((await run('audit --action client.update --json')).out)

  assert.equal(code, 0)
  const [head, update, create] = out.split('\n')
  assert.match(head ?? '', /^CHANGED +AUTHOR +ACTION +TARGET +CHANGE$/)
  assert.match(update ?? '', /ADMIN_TOKEN +client\.update +client:frontend +budget\.day: 5 -> 10$/)
  assert.match(create ?? '', /client\.create +client:frontend +id: - -> .*budget\.day: - -> 5/)
  assert.deepEqual([json.audit.length, json.audit[0].after.budget], [1, { day: 10 }])
  assert.match((await run('audit --limit 1')).err, /There are more rows: --cursor \w+/)
  assert.equal((await run('audit --who unknown')).out, 'No changes match.')
  assert.equal((await run('audit --action nonsense')).code, 1)
})

test('every command has help with usage, options and examples', async t => {
  const run = await shell(t)
  const { out } = await run('--help')
  const names = [...out.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) (?:<|\s)/gm)].map(([, name]) => name ?? '')

  assert.ok(names.length > 20, names.join())
  for (const name of names) {
    const help = await run(`${name} --help`)
    assert.deepEqual([help.code, help.err], [0, ''], name)
    assert.match(help.out, new RegExp(`Usage: tollgate ${name} .*Options:.*--json.*For example:`, 's'), name)
  }
})
