/** Runs command lines against a real gateway with Redis, Postgres and a provider. */

import type { TestContext } from 'node:test'
import { main } from '../../src/cli/main.ts'
import { ADMIN_TOKEN, type Gateway, type GatewayOptions, startGateway } from '../gateway.ts'

export interface Shell {
  gateway: Gateway
  /** Runs a command line. Spaces separate its words. */
  run(line: string): Promise<{ code: number; out: string; err: string }>
  /** Starts a command that runs until `stop`. `printed` holds its output so far. */
  start(line: string): { printed: string[]; stop(): Promise<number> }
}

export async function startShell(t: TestContext, options: GatewayOptions = {}): Promise<Shell> {
  const gateway = await startGateway(t, options)
  const target = { url: gateway.url, token: ADMIN_TOKEN }
  return {
    gateway,
    async run(line) {
      const out: string[] = []
      const err: string[] = []
      const code = await main(line.split(' '), target, {
        out: text => void out.push(text),
        err: text => void err.push(text),
      })
      return { code, out: out.join('\n'), err: err.join('\n') }
    },
    start(line) {
      const printed: string[] = []
      const stopped = new AbortController()
      const ended = main(line.split(' '), target, {
        out: text => void printed.push(text),
        err: text => void printed.push(text),
        stopped: stopped.signal,
      })
      return {
        printed,
        stop() {
          stopped.abort()
          return ended
        },
      }
    },
  }
}
