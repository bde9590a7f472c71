import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startReplica, TOKEN } from '../plugins/replica.ts'
import { temporaryFolder } from '../servers.ts'

const CLI = fileURLToPath(new URL('../../src/cli/cli.ts', import.meta.url))

/** As a process of its own, in a folder of its own. */
function run(cwd: string, env: Record<string, string>, ...args: string[]) {
  return new Promise<{ code: number; out: string; err: string }>(resolve => {
    const child = execFile(process.execPath, [CLI, ...args], { cwd, env }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })
}

test('the command takes its variables from the environment, or from .env, and ends with its exit code', async t => {
  const replica = await startReplica(t)
  const TOLLGATE_URL = `http://127.0.0.1:${await replica.listen()}/`
  const folder = await temporaryFolder(t)
  const made = await run(
    folder,
    { TOLLGATE_URL, ADMIN_TOKEN: TOKEN },
    'clients',
    'create',
    'frontend',
    '--json',
  )
  assert.equal(made.code, 0, made.err)
  assert.equal(JSON.parse(made.out).name, 'frontend')

  await writeFile(join(folder, '.env'), `TOLLGATE_URL=${TOLLGATE_URL}\nADMIN_TOKEN=${TOKEN}\n`)
  const listed = await run(folder, {}, 'clients', 'list')
  assert.match(listed.out, /^frontend/m)
  const { port } = new URL(TOLLGATE_URL)
  await writeFile(join(folder, '.env'), `HOST=0.0.0.0\nPORT=${port}\nADMIN_TOKEN=${TOKEN}\n`)
  assert.match((await run(folder, {}, 'clients', 'list')).out, /^frontend/m)
  assert.equal((await run(folder, {}, 'clients', 'show', 'nobody')).code, 1)
  assert.equal((await run(folder, {}, 'clients', 'show')).code, 2)
})
