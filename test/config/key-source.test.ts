import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { environment, readConfig } from '../../src/config/config.ts'
import { readKeySource } from '../../src/config/key-source.ts'
import { misspelt } from '../../src/config/misspelt.ts'
import { temporaryFolder } from '../when-over.ts'

test('a key comes from a variable, from the file that NAME_FILE names, or from a file', async t => {
  const file = join(await temporaryFolder(t), 'key')
  await writeFile(file, 'sk-file\r\n')

  assert.equal(readKeySource({ env: 'AZURE_KEY' }, { AZURE_KEY: 'sk-env' }), 'sk-env')
  assert.equal(readKeySource({ env: 'AZURE_KEY' }, { AZURE_KEY_FILE: file }), 'sk-file')
  assert.equal(readKeySource({ file }, {}), 'sk-file')
})

test('a source without a usable key says why, without the key', async t => {
  const folder = await temporaryFolder(t)
  const empty = join(folder, 'empty')
  await writeFile(empty, '\n')
  const reason = (source: Parameters<typeof readKeySource>[0], values = {}) => {
    const key = readKeySource(source, values)
    assert.ok(key instanceof Error)
    return key.message
  }

  assert.equal(reason({ env: 'AZURE_KEY' }), 'which is not set in the environment or in .env')
  assert.equal(
    reason({ env: 'AZURE_KEY' }, { AZURE_KEY: '' }),
    'which is not set in the environment or in .env',
  )
  assert.equal(reason({ file: empty }), 'which is empty')
  assert.equal(reason({ file: join(folder, 'absent') }), 'which cannot be read (ENOENT)')
  assert.equal(reason({ file: folder }), 'which cannot be read (EISDIR)')
})

test("an upstream gets none of the gateway's own secrets", () => {
  const values = { ADMIN_TOKEN: 'a-token-of-the-gateway', EZAI_API_KEY: 'sk-ezai' }

  assert.match(
    String(readKeySource({ env: 'ADMIN_TOKEN' }, values)),
    /which is one of the gateway's own secrets/,
  )
  assert.equal(readKeySource({ env: 'EZAI_API_KEY' }, values), 'sk-ezai')
})

test('a variable that UPSTREAMS_FILE names is not misspelt', () => {
  const names = { written: ['OPENAI_API_KEY2'], inherited: ['EZAI_API_KEY_1_FILE'] }

  assert.equal(misspelt(names).length, 2)
  assert.deepEqual(misspelt(names, ['OPENAI_API_KEY2', 'EZAI_API_KEY_1']), [])
})

test('with UPSTREAMS_FILE no key of an upstream is needed', () => {
  assert.equal(readConfig(environment({ UPSTREAMS_FILE: 'upstreams.yaml' })).UPSTREAMS_FILE, 'upstreams.yaml')
  assert.throws(() => readConfig(environment({})), /or UPSTREAMS_FILE, in the environment or in \.env\.$/)
})
