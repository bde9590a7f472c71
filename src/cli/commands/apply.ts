/** Declares the gateway, teams and clients from a file: what is so already stays untouched. */

import type { Api, Method } from '../api.ts'
import { type Command, refused } from '../command.ts'
import { type Declaration, readDeclaration } from '../declared.ts'
import { type Difference, differences, mergePatch, tell } from '../difference.ts'
import type { ClientAnswer, LevelAnswer, TeamAnswer } from './answers.ts'
import type { Page } from './pages.ts'

interface Change {
  action: 'create' | 'change' | 'delete'
  kind: 'gateway' | 'team' | 'client'
  name: string
  differences: Difference[]
}

/** A change, and the request that makes it. */
interface Step {
  change: Change
  request: [method: Method, path: string, body?: object]
}

export const apply: Command = {
  name: 'apply',
  about: 'Make the gateway, teams and clients what a file declares; running it twice changes nothing',
  args: ['file'],
  options: {
    'dry-run': { about: 'show the difference, change nothing' },
    prune: {
      about: 'delete clients that the file does not name, and take away the limits and budgets of such teams',
    },
  },
  examples: ['apply clients.json --dry-run', 'apply clients.json'],
  async run({ args, flags }, api) {
    const declared = await readDeclaration(args.file ?? '')
    const steps = await plan(declared, api, flags.has('prune'))
    const isDry = flags.has('dry-run')
    if (!isDry) await take(steps, api)
    const changes = steps.map(({ change }) => change)
    const note = isDry ? 'Nothing was changed: --dry-run.' : `Made ${changes.length} changes.`
    return {
      answer: { applied: !isDry, changes },
      shown:
        changes.length > 0
          ? { text: changes.flatMap(describe).join('\n'), note }
          : { text: 'Everything is as it is declared.' },
    }
  },
}

/** Limits that are shared come first, so that no new client is without them for a moment; deleting comes last. */
async function plan({ gateway, teams, clients }: Declaration, api: Api, prune: boolean): Promise<Step[]> {
  const steps: Step[] = []
  if (gateway) {
    const { updatedAt, state, restoring, ...before } = await api.call<LevelAnswer & { updatedAt: string }>(
      'GET',
      '/gateway',
    )
    const found = differences(before, gateway)
    if (found.length > 0) {
      const change: Change = { action: 'change', kind: 'gateway', name: 'gateway', differences: found }
      steps.push({ change, request: ['PUT', '/gateway', gateway] })
    }
  }
  if (teams) {
    const there = new Map((await all<TeamAnswer, 'teams'>(api, 'teams')).map(team => [team.name, team]))
    const unnamed = prune ? without(there, teams).map(name => ({ name })) : []
    for (const { name, ...settings } of [...teams, ...unnamed]) {
      const former = there.get(name)
      const found = differences(former ? settingsOf(former) : {}, settings)
      if (former && found.length === 0) continue
      const change: Change = { action: former ? 'change' : 'create', kind: 'team', name, differences: found }
      steps.push({ change, request: ['PUT', `/teams/${name}`, settings] })
    }
  }
  if (clients) {
    const there = new Map((await all<ClientAnswer, 'clients'>(api, 'clients')).map(one => [one.name, one]))
    for (const { name, ...settings } of clients) {
      const former = there.get(name)
      const found = differences(former ? settingsOf(former) : {}, settings)
      if (!former) {
        const change: Change = { action: 'create', kind: 'client', name, differences: found }
        steps.push({ change, request: ['POST', '/clients', { name, ...settings }] })
      } else if (found.length > 0) {
        const change: Change = { action: 'change', kind: 'client', name, differences: found }
        steps.push({
          change,
          request: ['PATCH', `/clients/${name}`, mergePatch(settingsOf(former), settings)],
        })
      }
    }
    for (const name of prune ? without(there, clients) : []) {
      const change: Change = { action: 'delete', kind: 'client', name, differences: [] }
      steps.push({ change, request: ['DELETE', `/clients/${name}`] })
    }
  }
  return steps
}

async function take(steps: Step[], api: Api): Promise<void> {
  for (const [made, { change, request }] of steps.entries()) {
    await api.call(...request).catch((error: Error) => {
      throw refused(
        `${change.kind} ${change.name}: ${error.message}\nThe ${made} changes before it were made, the ${steps.length - made - 1} after it were not.`,
      )
    })
  }
}

/** All pages of a list. */
async function all<Record, List extends string>(api: Api, list: List): Promise<Record[]> {
  const found: Record[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: Page & { [name in List]: Record[] } = await api.call(
      'GET',
      `/${list}?limit=1000${cursor && `&cursor=${cursor}`}`,
    )
    found.push(...page[list])
    cursor = page.next
  }
  return found
}

/** What people set; the rest is the gateway's own. */
function settingsOf(record: object): object {
  const own = ['id', 'name', 'createdAt', 'updatedAt', 'state', 'restoring']
  return Object.fromEntries(Object.entries(record).filter(([field]) => !own.includes(field)))
}

function without(there: Map<string, unknown>, declared: { name: string }[]): string[] {
  const names = new Set(declared.map(({ name }) => name))
  return [...there.keys()].filter(name => !names.has(name))
}

const signs = { create: '+', change: '~', delete: '-' }

function describe({ action, kind, name, differences: found }: Change): string[] {
  const title = kind === 'gateway' ? kind : `${kind} ${name}`
  return [`${signs[action]} ${title}`, ...found.map(difference => `    ${tell(difference)}`)]
}
