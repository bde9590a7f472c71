/** The scripts of `tollgate completion`, in real shells. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { commands } from '../../src/cli/commands.ts'
import { main } from '../../src/cli/main.ts'
import { groups } from '../../src/ledger/responses.ts'

import { temporaryFolder } from '../when-over.ts'

async function script(shell: string): Promise<string> {
  const out: string[] = []
  // Nothing listens on port 1, and there is no token.
  const target = { url: 'http://127.0.0.1:1', token: undefined }
  const code = await main(['completion', shell], target, { out: text => out.push(text), err: assert.fail })
  assert.equal(code, 0)
  return out.join('\n')
}

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).status === 0

/** Returns a function that completes a command line in bash, as the Tab key does. */
async function bash(t: TestContext) {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'tollgate.bash'), await script('bash'))
  await writeFile(join(folder, 'clients one.yaml'), '')
  // Outside of a completion by the Tab key, bash refuses compopt.
  const source = `
    source ./tollgate.bash
    [[ $(complete -p tollgate) == 'complete -F _tollgate tollgate' ]] || exit 9
    compopt() { :; }
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _tollgate
    for word in "\${COMPREPLY[@]}"; do echo "$word"; done`
  return (line: string): string[] => {
    const words = line.match(/=|[^\s=]+|(?<=\s)$/g) ?? []
    const options = { cwd: folder, encoding: 'utf8' } as const
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', source, 'bash', ...words], options)
    assert.deepEqual([status, stderr], [0, ''], line)
    return stdout.split('\n').filter(word => word !== '')
  }
}

test('bash completes groups, commands, options, their values and files', async t => {
  const complete = await bash(t)
  const create = commands.find(({ name }) => name === 'clients create')
  const flags = Object.keys(create?.options ?? {}).map(name => `--${name}`)

  assert.deepEqual(complete('tollgate cli'), ['clients'])
  assert.deepEqual(complete('tollgate clients '), ['create', 'list', 'show', 'update', 'delete'])
  assert.deepEqual(complete('tollgate usage --by '), [...groups])
  assert.deepEqual(complete('tollgate usage --by client,mo'), ['client,model'])
  assert.deepEqual(complete('tollgate usage --by='), [...groups])
  assert.deepEqual(complete('tollgate usage --by=cl'), ['client'])
  assert.deepEqual(complete('tollgate calls --order '), ['desc', 'asc'])
  assert.deepEqual(complete('tollgate calls '), ['show'])
  assert.deepEqual(complete('tollgate calls --client '), [])
  assert.deepEqual(complete('tollgate clients create a --'), [...flags, '--json', '--help'])
  assert.deepEqual(complete('tollgate tokens create ci --role v'), ['viewer'])
  assert.deepEqual(complete('tollgate completion '), ['bash', 'zsh', 'fish'])
  assert.deepEqual(complete('tollgate apply cli'), ['clients one.yaml'])
  assert.deepEqual(complete('tollgate --'), ['--version', '--help'])
})

for (const shell of ['bash', 'zsh', 'fish']) {
  test(`the completion script of ${shell} names every command, option and value`, async () => {
    const text = await script(shell)

    for (const { name, options } of commands) {
      for (const word of name.split(' ')) assert.ok(text.includes(word), `${name}: ${word}`)
      for (const [option, { values = [] }] of Object.entries(options)) {
        assert.match(text, new RegExp(`(--|-l )${option}\\b`), `${name} --${option}`)
        assert.ok(text.includes(values.join(' ')), `${name} --${option}: ${values}`)
      }
    }
  })

  test(`${shell} parses its completion script`, async t => {
    if (!isInstalled(shell)) return t.skip(`${shell} is not installed`)
    const file = join(await temporaryFolder(t), 'script')
    await writeFile(file, await script(shell))
    const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
    assert.deepEqual([status, stderr], [0, ''])
  })
}
