/**
 * The real Claude Code and Codex against the simulated provider, on a client with $2 a day: twenty prompts, two at a time,
 * three of them interrupted by the user. No call may be refused, and the charge must be near the true cost.
 *
 *     npm run agents        installs the agents first, some 700 MB
 */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { costNanos } from '../../src/pricing/cost.ts'
import { type Gateway, startGateway } from '../gateway.ts'
import { table } from '../pricing/usage.ts'
import { type Call, usedBy } from '../provider.ts'
import { temporaryFolder } from '../servers.ts'
import { until } from '../until.ts'
import { installAgents } from './install.ts'

const PROMPTS = 20
const INTERRUPTED = [4, 9, 15]
const AT_ONCE = 2
/** Esc, after the response has begun. */
const PATIENCE_MS = 2000
const TOKENS_PER_SECOND = 60
/** The share of a response that is reasoning. Reasoning comes first and is hidden. */
const HIDDEN = 0.4
const FACTOR = 4

interface Agent {
  name: string
  /** Input that the provider reports, in the words of its scenarios. */
  input: string
  start(home: string, url: string, key: string, prompt: string): Promise<ChildProcess>
}

const bin = installAgents()

const agents: Agent[] = [
  {
    name: 'Claude Code',
    input: '200 in 27000 read 1500 write5m',
    async start(home, url, key, prompt) {
      return launch('claude', ['-p', prompt], home, {
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_AUTH_TOKEN: key,
        ANTHROPIC_MODEL: 'claude-sonnet-5-5',
        CLAUDE_CODE_MAX_OUTPUT_TOKENS: '128000',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        DISABLE_TELEMETRY: '1',
        DISABLE_ERROR_REPORTING: '1',
      })
    },
  },
  {
    name: 'Codex',
    input: '12500 in',
    async start(home, url, key, prompt) {
      const settings = [
        'model = "gpt-6-luna"',
        'model_provider = "tollgate"',
        'check_for_update_on_startup = false',
        '[analytics]',
        'enabled = false',
        '[model_providers.tollgate]',
        'name = "Tollgate"',
        `base_url = "${url}/v1"`,
        'env_key = "TOLLGATE_KEY"',
        'wire_api = "responses"',
      ]
      await mkdir(join(home, '.codex'), { recursive: true })
      await writeFile(join(home, '.codex/config.toml'), `${settings.join('\n')}\n`)
      return launch('codex', ['exec', '--skip-git-repo-check', prompt], home, { TOLLGATE_KEY: key })
    },
  },
]

function launch(command: string, args: string[], home: string, env: Record<string, string>): ChildProcess {
  return spawn(join(bin, command), args, {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, ...env },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
}

/** Answers take 1 to 5 seconds, those that will be interrupted 30. */
function secondsOf(prompt: number): number {
  return INTERRUPTED.includes(prompt) ? 30 : 1 + (prompt % 5)
}

function promptIn({ body }: Call): number | undefined {
  const [, number] = /prompt number (\d+)\./.exec(body.toString()) ?? []
  return number === undefined ? undefined : Number(number)
}

for (const agent of agents) {
  test(`${agent.name} is never refused on $2 a day, and is charged at most ${FACTOR} times the true cost`, async t => {
    const gateway = await startGateway(t)
    const key = await gateway.client({ name: 'agent', budget: { day: 2 }, cache: { enabled: false } })
    gateway.provider.use(call => {
      const seconds = secondsOf(promptIn(call) ?? 0)
      return `usage ${agent.input}, generate ${TOKENS_PER_SECOND} tokens/s for ${seconds} s reasoning ${HIDDEN * seconds} s`
    })

    const failed: string[] = []
    const waiting = Array.from({ length: PROMPTS }, (_, number) => number)
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const home = await temporaryFolder(t)
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
          failed.push(...(await ask(gateway, agent, { home, key, prompt: next })))
      }),
    )

    await gateway.provider.waitForIdle()
    const { day } = await until(async () => {
      const state = await gateway.state('agent')
      return state.day?.heldUsd === 0 && state
    })
    const refused = gateway.calls().filter(({ outcome }) => outcome === 'refused')
    const actual = gateway.provider.calls
      .filter(({ status }) => status === 200)
      .reduce((sum, one) => sum + actualCost(one), 0)
    report(t, gateway, actual, Number(day?.spentUsd))
    assert.deepEqual(failed, [])
    assert.deepEqual(refused, [])
    assert.equal(
      gateway.calls().filter(({ outcome }) => outcome === 'client_gone').length,
      INTERRUPTED.length,
    )
    assert.ok(Number(day?.spentUsd) >= actual, 'less was charged than was generated')
    assert.ok(Number(day?.spentUsd) <= FACTOR * actual)
  })
}

/** What went wrong: an agent that was not interrupted ends with code 0. */
async function ask(
  gateway: Gateway,
  agent: Agent,
  { home, key, prompt }: { home: string; key: string; prompt: number },
): Promise<string[]> {
  const child = await agent.start(home, gateway.url, key, `This is prompt number ${prompt}. Answer it.`)
  const ended = once(child, 'exit')
  if (INTERRUPTED.includes(prompt)) {
    await until(async () => gateway.provider.calls.some(call => promptIn(call) === prompt))
    await wait(PATIENCE_MS)
    child.kill('SIGINT')
  }
  const [code] = await ended
  return INTERRUPTED.includes(prompt) || code === 0 ? [] : [`prompt ${prompt} ended with ${code}`]
}

/** US dollars: the cost of what the provider had generated when its response ended or its connection was gone. */
function actualCost(call: Call): number {
  const cost = costNanos(table, usedBy(call), new Date(call.startedAt))
  if (!('nanos' in cost)) throw new Error(cost.unpriced)
  return cost.nanos / 1e9
}

function report(t: TestContext, gateway: Gateway, actual: number, charged: number) {
  const outcomes = [...Map.groupBy(gateway.calls(), ({ outcome }) => String(outcome))]
  t.diagnostic(outcomes.map(([outcome, of]) => `${outcome} ${of.length}`).join(', '))
  const cutActual = gateway.provider.calls
    .filter(({ aborted }) => aborted)
    .reduce((sum, one) => sum + actualCost(one), 0)
  const cutCharge = gateway
    .calls()
    .filter(({ outcome }) => outcome === 'client_gone')
    .reduce((sum, { costUsd }) => sum + Number(costUsd), 0)
  t.diagnostic(
    `those interrupted: charged $${cutCharge.toFixed(4)}, actual $${cutActual.toFixed(4)}: ${(cutCharge / cutActual).toFixed(2)} times`,
  )
  t.diagnostic(
    `charged $${charged.toFixed(4)}, actual $${actual.toFixed(4)}: ${(charged / actual).toFixed(2)} times`,
  )
}
