/** Why a port could not be opened, as one line: variable, what was found, what is expected, how to fix it. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

export interface Address {
  host: string
  port: number
  /** Names the port: `PORT` or `METRICS_PORT`. */
  variable: string
}

const FAULTS: Record<string, (address: Address) => string> = {
  EADDRINUSE: ({ host, port, variable }) =>
    `${variable}: found port ${port} on ${host} in use by ${holderOf(port) ?? `an unknown process (${commandFor(port)} shows it)`}, ` +
    `expected a free port. Set ${variable} to another one, such as ${port < 65_535 ? port + 1 : port - 1}, or end that process.`,
  EACCES: ({ port, variable }) =>
    `${variable}: found port ${port}, which this user may not open, expected a port that it may open. Set ${variable} to 1024 or above, such as ${port + 8000}.`,
  EADDRNOTAVAIL: notHere,
  ENOTFOUND: notHere,
  EAI_AGAIN: notHere,
  EINVAL: notHere,
  EAFNOSUPPORT: notHere,
}

/** Undefined if the error does not come from opening a port. */
export function listenFault(error: unknown, address: Address): string | undefined {
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) return undefined
  const isOurs = /^(listen|bind|getaddrinfo)/.test(String(error.syscall)) && !('path' in error)
  return isOurs ? FAULTS[String(error.code)]?.(address) : undefined
}

function notHere({ host }: Address): string {
  return (
    `HOST: found ${JSON.stringify(host)}, which is no address of this machine, expected one that is. ` +
    'Set HOST to 127.0.0.1 (this machine only) or 0.0.0.0 (every address).'
  )
}

/** `process 4711 (node, in /srv/app)`. Only on Linux, for processes of the same user, or for root. */
function holderOf(port: number): string | undefined {
  try {
    const sockets = new Set(listening(port).map(inode => `socket:[${inode}]`))
    const pid = readdirSync('/proc').find(name => /^\d+$/.test(name) && holdsOne(name, sockets))
    return pid && `process ${pid} (${describe(pid)})`
  } catch {
    return undefined
  }
}

/** The inodes of the sockets that listen on that port. */
function listening(port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return ['tcp', 'tcp6'].flatMap(name => {
    const rows = attempt(() => readFileSync(`/proc/net/${name}`, 'utf8').split('\n')) ?? []
    return rows.flatMap(row => {
      const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/)
      return local.endsWith(suffix) && state === LISTEN ? [inode] : []
    })
  })
}

const LISTEN = '0A'

function holdsOne(pid: string, sockets: ReadonlySet<string>): boolean {
  const files = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []
  return files.some(file => sockets.has(attempt(() => readlinkSync(`/proc/${pid}/fd/${file}`)) ?? ''))
}

/** The program and its folder, without arguments, which may hold secrets. */
function describe(pid: string): string {
  const program = attempt(() => basename(readlinkSync(`/proc/${pid}/exe`)))
  const folder = attempt(() => readlinkSync(`/proc/${pid}/cwd`))
  return [program ?? 'an unknown program', ...(folder ? [`in ${folder}`] : [])].join(', ')
}

function commandFor(port: number): string {
  if (process.platform === 'linux') return `sudo ss -ltnp 'sport = :${port}'`
  return process.platform === 'win32' ? `netstat -ano | findstr :${port}` : `sudo lsof -nP -iTCP:${port}`
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
