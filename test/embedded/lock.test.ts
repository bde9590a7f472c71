import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { lockFolder } from '../../src/embedded/lock.ts'
import { temporaryFolder } from '../when-over.ts'

const lock = join(import.meta.dirname, '../../src/embedded/lock.ts')

/** A process that tries to take the lock, prints the result, and keeps the lock until it is killed. */
const script = `
  const { lockFolder } = await import(${JSON.stringify(lock)})
  try { lockFolder(process.argv[1]); console.log('has it') } catch (error) { console.log(error.message) }
  process.stdin.resume()
`

type Contender = ChildProcessByStdio<Writable, Readable, null>

function contend(t: TestContext, folder: string): Contender {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function says(contender: Contender): Promise<string> {
  const [line] = await once(contender.stdout, 'data')
  return String(line).trim()
}

test('the error of a second process has one line with the holder of the folder and the time', async t => {
  const folder = await temporaryFolder(t)
  const holder = lockFolder(folder)
  t.after(() => holder.release())
  const said = await says(contend(t, folder))
  assert.match(
    said,
    new RegExp(`^DATA_DIR ${folder} is in use by another gateway \\(pid ${process.pid}, since 20.+Z\\)`),
  )
  assert.equal(said.split('\n').length, 1)
})

test('the same process cannot take the lock twice', async t => {
  const folder = await temporaryFolder(t)
  const holder = lockFolder(folder)
  t.after(() => holder.release())
  assert.throws(() => lockFolder(folder), /is in use by another gateway/)
})

test('a process that released the lock can take it again', async t => {
  const folder = await temporaryFolder(t)
  lockFolder(folder).release()
  lockFolder(folder).release()
})

test('one of many simultaneous processes gets the lock of a killed holder', async t => {
  const folder = await temporaryFolder(t)
  const killed = contend(t, folder)
  assert.equal(await says(killed), 'has it')
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  const contenders = Array.from({ length: 6 }, () => contend(t, folder))
  const said = await Promise.all(contenders.map(says))
  assert.equal(said.filter(line => line === 'has it').length, 1, said.join('\n'))
  assert.equal(said.filter(line => line.includes('is in use')).length, 5, said.join('\n'))
})
