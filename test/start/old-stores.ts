/** Simulated stores of old versions, which answer the commands of a start. */

import { createServer, type Socket } from 'node:net'
import { type Context, whenOver } from '../when-over.ts'

async function listen(t: Context, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => {}))
    serve(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  whenOver(t, async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A Redis before 6 does not know HELLO, and repeats its arguments in the error. Returns the port. */
export function oldRedis(t: Context, version: string): Promise<number> {
  const info = `redis_version:${version}\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n`
  return listen(t, socket => {
    socket.on('data', chunk => {
      for (const [, , name = '', rest = ''] of String(chunk).matchAll(/\*\d+\r\n\$(\d+)\r\n(\w+)([^*]*)/g)) {
        if (/^hello$/i.test(name)) {
          const args = rest.split('\r\n').filter(part => part !== '' && !part.startsWith('$'))
          socket.write(
            `-ERR unknown command 'HELLO', with args beginning with: ${args.map(arg => `'${arg}'`).join(' ')}\r\n`,
          )
        } else if (/^info$/i.test(name)) socket.write(`$${info.length}\r\n${info}\r\n`)
        else socket.write('+OK\r\n')
      }
    })
  })
}

/** Accepts every login, and answers each query with its version. Returns the port. */
export function oldPostgres(t: Context, version: string): Promise<number> {
  const packet = (type: string, body: Buffer) => {
    const head = Buffer.alloc(5)
    head.write(type)
    head.writeInt32BE(body.length + 4, 1)
    return Buffer.concat([head, body])
  }
  const ready = packet('Z', Buffer.from('I'))
  const column = Buffer.from(`server_version\0${'\0'.repeat(6)}\0\0\0\x19\xff\xff${'\0'.repeat(6)}`, 'latin1')
  const text = Buffer.from(version)
  const size = Buffer.alloc(4)
  size.writeInt32BE(text.length)
  const reply = Buffer.concat([
    packet('T', Buffer.concat([Buffer.from([0, 1]), column])),
    packet('D', Buffer.concat([Buffer.from([0, 1]), size, text])),
    packet('C', Buffer.from('SHOW\0')),
    ready,
  ])
  return listen(t, socket => {
    let isIn = false
    socket.on('data', chunk => {
      if (!isIn) socket.write(Buffer.concat([packet('R', Buffer.alloc(4)), ready]))
      else if (chunk[0] === 0x51) socket.write(reply)
      isIn = true
    })
  })
}
