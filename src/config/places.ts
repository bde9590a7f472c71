/** The address of a store for messages, without its password. */

import { Client } from 'pg'
import { parseRedisUrl } from '../redis/connect.ts'

/** `cache:6379/0`, `a:6379, b:6379 (cluster)`, `/run/redis.sock`, `main by the sentinels a:26379`. */
export function redisPlace(url: string): string {
  const target = parseRedisUrl(url)
  const addresses = (nodes: { host: string; port: number }[]) =>
    nodes.map(({ host, port }) => address(host, port)).join(', ')
  switch (target.kind) {
    case 'server':
      return addresses([target.node]) + (target.db === 0 ? '' : `/${target.db}`)
    case 'socket':
      return target.path
    case 'cluster':
      return `${addresses(target.nodes)} (cluster)`
    case 'sentinel':
      return `${target.name} by the sentinels ${addresses(target.sentinels)}`
  }
}

export interface PostgresPlace {
  user: string
  database: string
  /** `db:5432`, or `/run/postgresql:5432` for a socket. */
  address: string
}

/** The address that the driver uses: the URL, completed by the driver's own variables (`PGHOST`, …). Throws if the driver cannot read the URL. */
export function postgresPlace(url: string): PostgresPlace {
  const { database = '', host, port, user = '' } = new Client({ connectionString: url })
  return { user, database, address: address(host, port) }
}

function address(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
