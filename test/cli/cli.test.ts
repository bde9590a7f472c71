import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startReplica, TOKEN } from '../plugins/replica.ts'
import { temporaryFolder } from '../servers.ts'

const CLI = fileURLToPath(new URL('../../src/cli/cli.ts', import.meta.url))

/** Runs the CLI as a process in the folder `cwd`. */
function run(cwd: string, env: Record<string, string>, ...args: string[]) {
  return new Promise<{ code: number; out: string; err: string }>(resolve => {
    const child = execFile(process.execPath, [CLI, ...args], { cwd, env }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })
}

test('the CLI reads the environment and .env, and exits with the exit code of the command', async t => {
  const replica = await startReplica(t)
  const TOLLGATE_URL = `http://127.0.0.1:${await replica.listen()}/`
  const folder = await temporaryFolder(t)
  const created = await run(
    folder,
    { TOLLGATE_URL, ADMIN_TOKEN: TOKEN },
    'clients',
    'create',
    'frontend',
    '--json',
  )
  assert.equal(created.code, 0, created.err)
  assert.equal(JSON.parse(created.out).name, 'frontend')

  await writeFile(join(folder, '.env'), `TOLLGATE_URL=${TOLLGATE_URL}\nADMIN_TOKEN=${TOKEN}\n`)
  const listed = await run(folder, {}, 'clients', 'list')
  assert.match(listed.out, /^frontend/m)
  const { port } = new URL(TOLLGATE_URL)
  await writeFile(join(folder, '.env'), `HOST=0.0.0.0\nPORT=${port}\nADMIN_TOKEN=${TOKEN}\n`)
  assert.match((await run(folder, {}, 'clients', 'list')).out, /^frontend/m)
  assert.equal((await run(folder, {}, 'clients', 'show', 'unknown')).code, 1)
  assert.equal((await run(folder, {}, 'clients', 'show')).code, 2)
})
