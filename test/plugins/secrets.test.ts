/** Keys and tokens in files change without a restart, as Kubernetes and people change them. */

import assert from 'node:assert/strict'
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { message, startGateway } from '../gateway.ts'
import { temporaryFolder } from '../servers.ts'
import { until } from '../until.ts'

/** As the kubelet lays them out: `name` -> `..data/name`, `..data` -> a folder a version. */
async function mountedSecret(t: TestContext, name: string, content: string) {
  const folder = await temporaryFolder(t)
  let version = 0
  const turn = async (to: string) => {
    version++
    await mkdir(join(folder, `..v${version}`))
    await writeFile(join(folder, `..v${version}`, name), to)
    await symlink(`..v${version}`, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    if (version > 1) await rm(join(folder, `..v${version - 1}`), { recursive: true })
  }
  await turn(content)
  await symlink(`..data/${name}`, join(folder, name))
  return { file: join(folder, name), turn }
}

test('the next call uses a new upstream key from its mounted file, and a running call continues', async t => {
  const { file, turn } = await mountedSecret(t, 'key', 'sk-first\n')
  const gateway = await startGateway(t, { env: { EZAI_API_KEY: '', EZAI_API_KEY_FILE: file } })
  const key = await gateway.client({ name: 'frontend', cache: { enabled: false } })
  const { provider, post } = gateway
  const keys = () => provider.calls.map(({ headers }) => headers['x-api-key'])
  const running = post('/v1/messages', key, message('[[scenario: hold]]'))
  await until(async () => keys().length === 1)

  await turn('sk-second\n')
  await until(async () => {
    await (await post('/v1/messages', key, message('again'))).text()
    return keys().at(-1) === 'sk-second'
  })

  provider.release()
  assert.equal((await running).status, 200)
  assert.equal(keys()[0], 'sk-first')
})

test('a new key after a refused one is used at once', async t => {
  const { file, turn } = await mountedSecret(t, 'key', 'sk-first')
  const gateway = await startGateway(t, { env: { EZAI_API_KEY: '', EZAI_API_KEY_FILE: file } })
  const key = await gateway.client({ name: 'frontend', cache: { enabled: false } })
  const call = async () => (await gateway.post('/v1/messages', key, message('hello'))).status
  gateway.provider.use(() => 'status 401')
  assert.equal(await call(), 502)
  gateway.provider.use(() => 'ok')
  assert.equal(await call(), 502, 'the breaker is open')

  await turn('sk-second')

  await until(async () => (await call()) === 200)
})

test('a new ADMIN_TOKEN file replaces the old token', async t => {
  const file = join(await temporaryFolder(t), 'token')
  await writeFile(file, 'the-first-admin-token\n')
  const gateway = await startGateway(t, { env: { ADMIN_TOKEN: '', ADMIN_TOKEN_FILE: file } })
  const whoami = async (token: string) =>
    (await fetch(`${gateway.url}/admin/whoami`, { headers: { authorization: `Bearer ${token}` } })).status
  assert.equal(await whoami('the-first-admin-token'), 200)

  await writeFile(file, 'the-second-admin-token\n')
  await until(async () => (await whoami('the-first-admin-token')) !== 200)

  assert.equal(await whoami('the-second-admin-token'), 200)
})

test('an invalid file changes nothing, is logged and raises an alert, and is read after it is fixed', async t => {
  const file = join(await temporaryFolder(t), 'token')
  await writeFile(file, 'the-first-admin-token')
  const gateway = await startGateway(t, { env: { ADMIN_TOKEN: '', ADMIN_TOKEN_FILE: file } })
  const ask = async (path: string, token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(`${gateway.url}/admin${path}`, { headers })
    return { status: response.status, text: await response.text() }
  }

  await writeFile(file, 'two words-of-a-secret')
  await until(async () => (await ask('/alerts', 'the-first-admin-token')).text.includes('secret_faulty'))
  await rm(file)
  await until(async () => gateway.lines.some(({ fault }) => String(fault).includes('ENOENT')))
  assert.equal((await ask('/whoami', 'the-first-admin-token')).status, 200)
  assert.doesNotMatch(JSON.stringify(gateway.lines), /words-of-a-secret/)

  await writeFile(file, 'the-second-admin-token')
  await until(async () => (await ask('/whoami', 'the-first-admin-token')).status !== 200)
  assert.equal((await ask('/whoami', 'the-second-admin-token')).status, 200)
})
