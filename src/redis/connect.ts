/**
 * Parses REDIS_URL and opens its connection. Its forms:
 *
 *     redis://[user:password@]host[:port][/db]            one server
 *     redis://[user:password@]host[:port],host[:port],…   a cluster; each node may also be a URL of its own
 *     rediss://…[?ca=/path/ca.pem]                        the same two, over TLS; a private authority by its certificate
 *     unix:///path/redis.sock[?db=3&password=…]           a socket
 *     redis-sentinel://[user:password@]host[:port],…/master-name[/db][?sentinelPassword=…]
 *
 * The characters `@`, `/`, `?` and `%` must be percent-encoded inside a password.
 */

import { readFileSync } from 'node:fs'
import { Cluster, type CommonRedisOptions, Redis, type RedisOptions } from 'ioredis'
import './decoder.ts'

interface Node {
  host: string
  port: number
}

interface Access {
  username: string | undefined
  password: string | undefined
}

export type RedisTarget =
  | { kind: 'server'; tls: boolean; ca?: string; node: Node; db: number; access: Access }
  | { kind: 'socket'; path: string; db: number; access: Access }
  | { kind: 'cluster'; tls: boolean; ca?: string; nodes: Node[]; access: Access }
  | {
      kind: 'sentinel'
      sentinels: Node[]
      sentinelPassword: string | undefined
      name: string
      db: number
      access: Access
    }

/** Creates the ioredis client for the URL. */
export function connectRedis(url: string, options: CommonRedisOptions = {}): Redis | Cluster {
  const target = parseRedisUrl(url)
  switch (target.kind) {
    case 'server': {
      const { node, db, access } = target
      return new Redis({ ...node, ...access, db, ...encryption(target), ...options })
    }
    case 'socket': {
      const { path, db, access } = target
      return new Redis({ path, ...access, db, ...options })
    }
    case 'sentinel': {
      const { sentinels, sentinelPassword, name, db, access } = target
      return new Redis({ sentinels, sentinelPassword, name, ...access, db, ...options })
    }
    case 'cluster':
      return connectCluster(target, options)
  }
}

/** A cluster's client takes some of a server's options under another name, or one level up. */
function connectCluster(
  target: Extract<RedisTarget, { kind: 'cluster' }>,
  { retryStrategy, lazyConnect, enableOfflineQueue, scripts, ...redisOptions }: CommonRedisOptions,
): Cluster {
  const { nodes, access, tls } = target
  return new Cluster(nodes, {
    ...(retryStrategy !== undefined && { clusterRetryStrategy: retryStrategy }),
    ...(lazyConnect !== undefined && { lazyConnect }),
    ...(enableOfflineQueue !== undefined && { enableOfflineQueue }),
    ...(scripts && { scripts }),
    // A certificate names the host, so the host must not be replaced by its address.
    ...(tls && { dnsLookup: (host, done) => done(null, host) }),
    redisOptions: { ...access, ...encryption(target), ...redisOptions },
  })
}

/** With a private certificate authority only its certificates are accepted. */
function encryption({ tls, ca }: { tls: boolean; ca?: string }): Pick<RedisOptions, 'tls'> {
  return tls ? { tls: ca === undefined ? {} : { ca: readFileSync(ca) } } : {}
}

const shape =
  /^(?<scheme>rediss?|redis-sentinel|unix):\/\/((?<access>[^/?]*)@)?(?<hosts>[^/?]*)(?<path>\/[^?]*)?(\?(?<query>.*))?$/

interface Parts {
  scheme: string
  access: Access
  nodes: Node[]
  /** Without its leading slash. */
  path: string
  query: URLSearchParams
}

/** Its errors quote nothing of the URL: a misspelt URL may have its password anywhere. */
export function parseRedisUrl(url: string): RedisTarget {
  // `redis://a,redis://b`: the credentials and the options of the first URL apply to all nodes.
  const [first, ...others] = url.split(/,(?=[\w-]+:\/\/)/).map(takeApart)
  if (!first) throw fault('nothing', 'a URL')
  const { scheme, access, path, query } = first
  const nodes = [first, ...others].flatMap(part => part.nodes)
  if (others.some(other => other.scheme !== scheme)) {
    throw fault('nodes of different kinds', 'the same scheme before each of them')
  }
  switch (scheme) {
    case 'unix':
      if (nodes.length > 0 || path === '') throw fault('no absolute path', 'unix:///path/redis.sock')
      return { kind: 'socket', path: `/${path}`, db: database(query.get('db') ?? ''), access }
    case 'redis-sentinel': {
      const [name, db = '', ...more] = path.split('/')
      if (!name || more.length > 0 || nodes.length === 0) {
        throw fault('no sentinels or no master name', 'redis-sentinel://host:26379,host:26379/master-name')
      }
      const sentinelPassword = query.get('sentinelPassword') ?? undefined
      return { kind: 'sentinel', sentinels: nodes, sentinelPassword, name, db: database(db), access }
    }
    default: {
      const ca = query.get('ca')
      const encrypted = { tls: scheme === 'rediss', ...(ca && { ca }) }
      const [node, ...more] = nodes
      if (!node) throw fault('no host', `${scheme}://host:6379`)
      if (more.length === 0) return { kind: 'server', ...encrypted, node, db: database(path), access }
      if (database(path) !== 0) throw fault('a cluster and a database', 'no database: a cluster has but one')
      return { kind: 'cluster', ...encrypted, nodes, access }
    }
  }
}

/** Every password in the URL, decoded; none for an invalid URL. */
export function redisPasswords(url: string): string[] {
  try {
    const target = parseRedisUrl(url)
    const passwords = [
      target.access.password,
      target.kind === 'sentinel' ? target.sentinelPassword : undefined,
    ]
    return passwords.filter(password => password !== undefined)
  } catch {
    return []
  }
}

const defaultPorts: Record<string, number> = { 'redis-sentinel': 26_379 }
const parameters: Record<string, string[]> = {
  rediss: ['ca'],
  unix: ['db', 'username', 'password'],
  'redis-sentinel': ['sentinelPassword'],
}

function takeApart(url: string): Parts {
  const groups = shape.exec(url)?.groups
  if (!groups)
    throw fault('something else', 'redis://, rediss://, unix:// or redis-sentinel:// and what follows')
  const { scheme = '', hosts = '' } = groups
  // A plus is a plus: only HTML forms encode a space so.
  const query = new URLSearchParams(groups.query?.replaceAll('+', '%2B'))
  const known = parameters[scheme] ?? []
  if ([...query.keys()].some(name => !known.includes(name))) {
    throw fault('an unknown parameter', known.length > 0 ? `only ${known.join(', ')}` : 'none')
  }
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/.exec(groups.access ?? '') ?? []
  return {
    scheme,
    access: {
      username: unescaped(username) || query.get('username') || undefined,
      password: unescaped(password) || query.get('password') || undefined,
    },
    nodes: hosts === '' ? [] : hosts.split(',').map(host => readNode(host, defaultPorts[scheme] ?? 6379)),
    path: unescaped((groups.path ?? '').slice(1)),
    query,
  }
}

function readNode(text: string, defaultPort: number): Node {
  // The scheme is only there for the parser, and has no default port of its own.
  const url = URL.parse(`redis://${text}`)
  if (!url?.hostname || url.port === '0') {
    throw fault('a host or port that cannot be read', 'host:port, with a port from 1 to 65535')
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) }
}

function database(text: string): number {
  if (!/^\d{0,9}$/.test(text)) throw fault('a database that is not a number', 'a number such as 0')
  return Number(text)
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw fault("a '%' that begins no escape", '%25 for a plain percent sign')
  }
}

function fault(found: string, expected: string): Error {
  return new Error(`REDIS_URL: found ${found}, expected ${expected}`)
}
