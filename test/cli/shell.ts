/** A shell beside a real gateway with everything behind it. */

import type { TestContext } from 'node:test'
import { main } from '../../src/cli/main.ts'
import { ADMIN_TOKEN, type Gateway, type GatewayOptions, startGateway } from '../gateway.ts'

export interface Shell {
  gateway: Gateway
  /** Runs what is typed; words are parted by spaces. */
  run(line: string): Promise<{ code: number; out: string; err: string }>
  /** Runs a command that goes on; `printed` grows, and `stop` ends it. */
  start(line: string): { printed: string[]; stop(): Promise<number> }
}

export async function startShell(t: TestContext, options: GatewayOptions = {}): Promise<Shell> {
  const gateway = await startGateway(t, options)
  const place = { url: gateway.url, token: ADMIN_TOKEN }
  return {
    gateway,
    async run(line) {
      const out: string[] = []
      const err: string[] = []
      const code = await main(line.split(' '), place, {
        out: text => void out.push(text),
        err: text => void err.push(text),
      })
      return { code, out: out.join('\n'), err: err.join('\n') }
    },
    start(line) {
      const printed: string[] = []
      const stopped = new AbortController()
      const ended = main(line.split(' '), place, {
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
