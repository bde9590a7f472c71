/** A proxy between the gateways and Redis that a test can cut or delay. */

import { connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { whenOver } from '../when-over.ts'

export interface Wire {
  url: string
  /** From now on replies are lost or late, and commands arrive after their connection has ended. */
  spoil(): void
  restore(): void
  /** How often each happened. */
  faults: { lostReplies: number; lateReplies: number; lateQuestions: number }
}

/** Each fault occurs once in so many pieces of data, in turn. */
const EVERY = 40
/** Longer than an admission waits for its reply. */
const LATE = 2500

export async function startWire(t: TestContext, port: number): Promise<Wire> {
  const faults = { lostReplies: 0, lateReplies: 0, lateQuestions: 0 }
  const sockets = new Set<Socket>()
  let spoilt = false
  const due = (pieces: number) => spoilt && pieces % EVERY === 0
  let [questions, replies] = [0, 0]

  const server = createServer(near => {
    const far = connect(port, '127.0.0.1')
    let late = Promise.resolve()
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    }
    near.on('data', question => {
      if (!due(++questions)) return void far.write(question)
      // The gateway sees that the connection has ended; Redis gets the command after those on the next connection.
      faults.lateQuestions++
      near.destroy()
      setTimeout(() => far.end(question), LATE / 5)
    })
    far.on('data', reply => {
      const isDue = due(++replies)
      if (isDue && replies % (2 * EVERY) === 0) {
        faults.lostReplies++
        near.destroy()
        far.end()
        return
      }
      if (isDue) {
        faults.lateReplies++
        late = late.then(() => new Promise(resolve => void setTimeout(resolve, LATE)))
      }
      late = late.then(() => void near.write(reply))
    })
    near.on('close', () => !far.writableEnded && setTimeout(() => far.end(), LATE))
    far.on('close', () => near.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  whenOver(t, async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `redis://127.0.0.1:${address.port}`,
    spoil: () => {
      spoilt = true
    },
    restore: () => {
      spoilt = false
    },
    faults,
  }
}
