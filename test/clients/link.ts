/** A real connection to Postgres that a test can cut or delay between a query and its result. */

import { once } from 'node:events'
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { Client } from 'pg'

export interface Link {
  /** A DATABASE_URL through the link. */
  url: string
  /** Delays the next result, or the one after so many others, and all later ones on its connection. */
  hold(after?: number): { isWaiting: Promise<void>; release(): void }
  /** Connections stay open, also new ones, and no query gets a result until `thaw`. */
  freeze(): void
  thaw(): void
  /** Ends all connections and refuses new ones. */
  cut(): void
  restore(): void
}

export async function linkTo(t: TestContext, databaseUrl: string): Promise<Link> {
  const target = new Client(databaseUrl)
  const { host, port } = target
  const place: NetConnectOpts = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port }
  const sockets = new Set<Socket>()
  let onReply = (_near: Socket) => {}
  let isCut = false
  let isFrozen = false
  const nears = new Set<Socket>()

  const server = createServer(near => {
    if (isCut) return near.destroy()
    const far = connect(place)
    nears.add(near)
    if (isFrozen) near.cork()
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        nears.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', chunk => far.write(chunk))
    far.on('data', chunk => {
      onReply(near)
      near.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const { user, database } = target
  const password = typeof target.password === 'string' ? `:${target.password}` : ''
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  t.after(() => {
    cut()
    server.close()
  })
  return {
    url: `postgresql://${user}${password}@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/${database}`,
    hold(after = 0) {
      const { promise: isWaiting, resolve } = Promise.withResolvers<void>()
      let held: Socket | undefined
      let passing = after
      onReply = near => {
        if (held || passing-- > 0) return
        held = near
        near.cork()
        resolve()
      }
      return { isWaiting, release: () => held?.uncork() }
    },
    freeze() {
      isFrozen = true
      for (const near of nears) near.cork()
    },
    thaw() {
      isFrozen = false
      for (const near of nears) near.uncork()
    },
    cut,
    restore: () => {
      isCut = false
    },
  }
}
