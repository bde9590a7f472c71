/** The command `tollgate` in the clone, and in a project that installed the npm package. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startReplica, TOKEN } from '../plugins/replica.ts'
import { temporaryFolder } from '../when-over.ts'

const clone = join(import.meta.dirname, '../..')

interface Ended {
  code: number
  out: string
  err: string
}

function run(cwd: string, env: Record<string, string>, file: string, ...args: string[]) {
  return new Promise<Ended>(resolve => {
    const options = { cwd, env: { ...process.env, ...env } }
    const child = execFile(file, args, options, (error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err: err || (error?.message ?? '') }),
    )
  })
}

/** The variables of a CLI whose gateway has the client `frontend`. */
async function target(t: TestContext) {
  const replica = await startReplica(t)
  await replica.client({ name: 'frontend' })
  return { TOLLGATE_URL: `http://127.0.0.1:${await replica.listen()}`, ADMIN_TOKEN: TOKEN }
}

/** A folder with the packed package in `node_modules`, beside links to the packages of the clone. */
async function install(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t)
  const packed = await run(clone, {}, 'npm', 'pack', '--offline', '--pack-destination', folder)
  assert.equal(packed.code, 0, packed.err)
  const archive = (await readdir(folder)).find(name => name.endsWith('.tgz')) ?? ''
  const unpacked = await run(folder, {}, 'tar', '-xzf', archive)
  assert.equal(unpacked.code, 0, unpacked.err)
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  await rename(join(folder, 'package'), join(modules, 'tollgate'))
  for (const name of await readdir(join(clone, 'node_modules'))) {
    if (!name.startsWith('.')) await symlink(join(clone, 'node_modules', name), join(modules, name))
  }
  return folder
}

const BIN = 'node_modules/tollgate/bin/tollgate.js'
/** Reports an older Node to the program. */
const OLD_NODE =
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.9.0"}})'

test('npx tollgate runs commands in the clone', async t => {
  const env = await target(t)

  const { code, out, err } = await run(clone, env, 'npx', '--offline', 'tollgate', 'clients', 'list')

  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^frontend /m)
})

test('the npm package holds only bin, src, package.json, README and LICENSE, and runs commands', async t => {
  const env = await target(t)
  const folder = await install(t)

  const help = await run(folder, env, process.execPath, BIN, '--help')
  const list = await run(folder, env, process.execPath, BIN, 'clients', 'list')

  const names = await readdir(join(folder, 'node_modules/tollgate'))
  assert.deepEqual(names.toSorted(), ['LICENSE', 'README.md', 'bin', 'package.json', 'src'])
  assert.deepEqual([help.code, help.err], [0, ''])
  assert.match(help.out, /^Usage: tollgate /)
  assert.deepEqual([list.code, list.err], [0, ''])
  assert.match(list.out, /^frontend /m)
})

test('with an old Node the command runs on the package node, and names both if that is absent', async t => {
  const folder = await install(t)
  const old = ['--import', OLD_NODE, BIN]

  const run26 = await run(folder, {}, process.execPath, ...old, '--version')
  const wrong = await run(folder, {}, process.execPath, ...old, 'nonsense')
  await rm(join(folder, 'node_modules/node'))
  const absent = await run(folder, {}, process.execPath, ...old, '--version')

  assert.deepEqual([run26.code, run26.err], [0, ''])
  assert.match(run26.out, /^tollgate \d/)
  assert.equal(wrong.code, 2, 'the exit code is that of the command')
  assert.deepEqual([absent.code, absent.out], [1, ''])
  assert.match(
    absent.err,
    /^Found Node 20\.9\.0, expected Node 26 or the npm package "node" .*npm install node@26/,
  )
})
