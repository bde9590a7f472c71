/** Declares the gateway, teams and clients from a file: what is so already stays untouched. */

import { didYouMean } from '../../pricing/nearest.ts'
import type { Api, Method } from '../api.ts'
import type { Command } from '../command.ts'
import { currentClients, currentGateway, currentTeams } from '../current.ts'
import { type Declaration, readDeclaration } from '../declared.ts'
import { type Difference, differences, mergePatch, tell } from '../difference.ts'
import { refused } from '../errors.ts'
import type { ChangedClient } from './answers.ts'

interface Change {
  action: 'create' | 'change' | 'delete'
  kind: 'gateway' | 'team' | 'client'
  name: string
  differences: Difference[]
}

/** A team or a client, as it is or as it is declared. */
type Setting = { name: string; team?: string | undefined }

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
      about:
        'delete clients and teams that the file does not name; a team that still has clients only loses its limits and budgets',
    },
  },
  examples: ['apply clients.json --dry-run', 'apply clients.yaml', 'apply clients.json --prune'],
  async run({ args, flags }, api) {
    const declared = await readDeclaration(args.file ?? '')
    const steps = await plan(declared, api, flags.has('prune'))
    const isDry = flags.has('dry-run')
    const warnings = isDry ? [] : await take(steps, api)
    const changes = steps.map(({ change }) => change)
    const made = isDry ? 'Nothing was changed: --dry-run.' : `Made ${changes.length} changes.`
    const note = [...warnings.map(warning => `Warning: ${warning}`), made].join('\n')
    return {
      answer: { applied: !isDry, changes, warnings },
      shown:
        changes.length > 0
          ? { text: changes.flatMap(describe).join('\n'), note }
          : { text: 'Everything is as it is declared.' },
    }
  },
}

/** Limits that are shared come first, so that no new client is without them for a moment; deleting comes last. */
async function plan({ gateway, teams, clients }: Declaration, api: Api, prune: boolean): Promise<Step[]> {
  const theTeams = teams || clients ? await currentTeams(api) : []
  const theClients = clients || (teams && prune) ? await currentClients(api) : []
  if (clients) refuseUnknownTeams(clients, [...theTeams, ...(teams ?? [])])
  const staying = clients && prune ? clients : [...theClients, ...(clients ?? [])]
  const inUse = new Set(staying.map(({ team }) => team))
  return [
    ...(gateway ? gatewaySteps(await currentGateway(api), gateway) : []),
    ...(teams ? teamSteps(theTeams, teams, prune ? ({ name }) => inUse.has(name) : () => false) : []),
    ...(clients ? clientSteps(theClients, clients) : []),
    ...(clients && prune ? deletions('client', missing(theClients, clients)) : []),
    ...(teams && prune
      ? deletions(
          'team',
          missing(theTeams, teams).filter(({ name }) => !inUse.has(name)),
        )
      : []),
  ]
}

/** Refuses unknown teams before anything is changed: a typo would take a client out of its team's budget. */
function refuseUnknownTeams(clients: Setting[], teams: Setting[]): void {
  const names = new Set(teams.map(({ name }) => name))
  const faults = clients.flatMap(({ name, team }) =>
    team === undefined || names.has(team)
      ? []
      : [
          `client ${name}: there is no team ${team}.${didYouMean(team, [...names])} Declare it in teams, or make it with teams set ${team}.`,
        ],
  )
  if (faults.length > 0) throw refused(`${faults.join('\n')}\nNothing was changed.`)
}

function gatewaySteps(before: object, after: object): Step[] {
  const found = differences(before, after)
  if (found.length === 0) return []
  const change: Change = { action: 'change', kind: 'gateway', name: 'gateway', differences: found }
  return [{ change, request: ['PUT', '/gateway', after] }]
}

/** `loses`: whether a team that the file does not name loses its limits and budgets. */
function teamSteps(there: Setting[], declared: Setting[], loses: (team: Setting) => boolean): Step[] {
  const formers = new Map(there.map(one => [one.name, unnamed(one)]))
  const bare = missing(there, declared).filter(loses)
  return [...declared, ...bare.map(({ name }) => ({ name }))].flatMap(({ name, ...settings }) => {
    const former = formers.get(name)
    const found = differences(former ?? {}, settings)
    if (former && found.length === 0) return []
    const change: Change = { action: former ? 'change' : 'create', kind: 'team', name, differences: found }
    return [{ change, request: ['PUT', `/teams/${name}`, settings] } satisfies Step]
  })
}

function clientSteps(there: Setting[], declared: Setting[]): Step[] {
  const formers = new Map(there.map(one => [one.name, unnamed(one)]))
  return declared.flatMap(({ name, ...settings }) => {
    const former = formers.get(name)
    const found = differences(former ?? {}, settings)
    if (former && found.length === 0) return []
    const change: Change = { action: former ? 'change' : 'create', kind: 'client', name, differences: found }
    const step: Step = former
      ? { change, request: ['PATCH', `/clients/${name}`, mergePatch(former, settings)] }
      : { change, request: ['POST', '/clients', { name, ...settings }] }
    return [step]
  })
}

function deletions(kind: 'client' | 'team', gone: Setting[]): Step[] {
  return gone.map(({ name }) => ({
    change: { action: 'delete', kind, name, differences: [] },
    request: ['DELETE', `/${kind}s/${name}`],
  }))
}

/** Returns the warnings of the gateway. */
async function take(steps: Step[], api: Api): Promise<string[]> {
  const warnings: string[] = []
  for (const [made, { change, request }] of steps.entries()) {
    const answer = await api.call<Partial<ChangedClient> | undefined>(...request).catch((error: Error) => {
      throw refused(
        `${change.kind} ${change.name}: ${error.message}\nThe ${made} changes before it were made, the ${steps.length - made - 1} after it were not.`,
      )
    })
    warnings.push(...(answer?.warnings ?? []).map(warning => `client ${change.name}: ${warning}`))
  }
  return warnings
}

function unnamed({ name, ...settings }: Setting): object {
  return settings
}

function missing(there: Setting[], declared: Setting[]): Setting[] {
  const names = new Set(declared.map(({ name }) => name))
  return there.filter(({ name }) => !names.has(name))
}

const signs = { create: '+', change: '~', delete: '-' }

function describe({ action, kind, name, differences: found }: Change): string[] {
  const title = kind === 'gateway' ? kind : `${kind} ${name}`
  return [`${signs[action]} ${title}`, ...found.map(difference => `    ${tell(difference)}`)]
}
