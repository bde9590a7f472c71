/** A real load balancer, HAProxy, without retries: it sends each call once, to one server, and keeps connections open. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findProgram } from '../src/embedded/find-program.ts'
import { launch } from '../src/embedded/supervise.ts'
import { freePort } from './servers.ts'
import { cache, quiet } from './setup.ts'
import { type Context, temporaryFolder, whenOver } from './when-over.ts'

export interface Balancer {
  url: string
  /** Resolves once it sends calls to the server at this address. */
  uses(url: string): Promise<void>
}

const wanted = {
  name: 'HAProxy',
  programs: ['haproxy'],
  packages: ['haproxy'],
  remedy: 'Install it (apt-get install haproxy, dnf install haproxy, brew install haproxy).',
}

/** It checks every so many milliseconds, and a server that is not ready once gets no more calls. */
export const NOTICES_WITHIN = 200

/** `urls` are of servers with `GET /readyz`. */
export async function startBalancer(t: Context, urls: readonly string[]): Promise<Balancer> {
  const folder = await temporaryFolder(t)
  const [port, statistics] = [await freePort(), await freePort()]
  const program = await findProgram(wanted, cache, quiet)
  const configFile = join(folder, 'haproxy.cfg')
  await writeFile(configFile, configuration(urls, port, statistics))
  const states = async () => readStates(await (await fetch(`http://127.0.0.1:${statistics}/;csv`)).text())
  const server = {
    name: wanted.name,
    command: [program.path, '-db', '-f', configFile],
    env: program.env,
    cwd: folder,
    stopSignal: 'SIGTERM',
    marker: join(folder, 'alive'),
    logFile: join(folder, 'haproxy.log'),
    async answers(signal) {
      while (!(await states().catch(() => undefined))) await wait(20, undefined, { signal })
    },
  } satisfies Parameters<typeof launch>[0]
  const child = await launch(server, t.signal)
  whenOver(t, () => child.stop())

  return {
    url: `http://127.0.0.1:${port}`,
    async uses(url) {
      while ((await states()).get(new URL(url).host) !== 'UP') await wait(20, undefined, { signal: t.signal })
    },
  }
}

function configuration(urls: readonly string[], port: number, statistics: number): string {
  const servers = urls.map(url => new URL(url).host).map(host => `  server ${host} ${host}`)
  return `
defaults
  mode http
  retries 0
  timeout connect 5s
  timeout client 120s
  timeout server 120s
  timeout http-keep-alive 120s
  timeout check 10s
frontend calls
  bind 127.0.0.1:${port}
  default_backend gateways
backend gateways
  balance roundrobin
  http-reuse always
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter ${NOTICES_WITHIN}ms fall 1 rise 1 pool-purge-delay 120s
${servers.join('\n')}
listen statistics
  bind 127.0.0.1:${statistics}
  stats enable
  stats uri /
`
}

/** By server, from HAProxy's table: `# pxname,svname,…,status,…`. */
function readStates(table: string): Map<string, string> {
  const [names = [], ...rows] = table
    .replace(/^# /, '')
    .trim()
    .split('\n')
    .map(line => line.split(','))
  const [name, status] = [names.indexOf('svname'), names.indexOf('status')]
  return new Map(rows.map(row => [row[name] ?? '', row[status] ?? '']))
}
