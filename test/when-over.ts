/** Clean-up after a test and all its `t.after` hooks. */

import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'

/** A test, or a `before` hook, whose resources stay until the end of its file. */
export type Context = Pick<TestContext, 'signal'>

type CleanUp = () => Promise<unknown>

const stacks = new Map<AbortSignal, CleanUp[]>()
const unwinding: Promise<void>[] = []
after(() => Promise.all([...unwinding, ...[...stacks.keys()].map(unwind)]))

/**
 * The last resource is cleaned up first, after all `t.after` hooks. Those run in order of registration: a server
 * would stop before the app that uses it.
 */
export function whenOver({ signal }: Context, cleanUp: CleanUp): void {
  const stack = stacks.get(signal)
  if (stack) {
    stack.push(cleanUp)
  } else {
    stacks.set(signal, [cleanUp])
    signal.addEventListener('abort', () => unwinding.push(unwind(signal)), { once: true })
  }
}

async function unwind(signal: AbortSignal): Promise<void> {
  const stack = stacks.get(signal) ?? []
  stacks.delete(signal)
  for (const cleanUp of stack.reverse()) await cleanUp()
}

export async function temporaryFolder(t: Context): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-test-'))
  await chmod(folder, 0o711) // as root, Postgres runs as another user
  // A server's child processes may write for a moment after its end.
  whenOver(t, () => rm(folder, { recursive: true, maxRetries: 20 }))
  return folder
}
