/** Applies a file that declares the gateway, teams and clients. Settings that already match send no request. */

import type { ChangedClientBody } from '../../admin/bodies.ts'
import type { ScopeKind } from '../../lua/scope-kinds.ts'
import { didYouMean } from '../../pricing/nearest.ts'
import type { Api, Method } from '../api.ts'
import type { Command } from '../command.ts'
import { currentClients, currentGateway, currentTeams } from '../current.ts'
import { type Declaration, readDeclaration } from '../declared.ts'
import { changeText, type Difference, differences, mergePatch } from '../difference.ts'
import { requestError } from '../errors.ts'

interface Change {
  action: 'create' | 'change' | 'delete'
  kind: ScopeKind
  name: string
  differences: Difference[]
}

/** The current or declared settings of a team or client. */
type Setting = { name: string; team?: string | undefined }

/** A change and the request for it. */
interface Step {
  change: Change
  request: [method: Method, path: string, body?: object]
}

export const apply: Command = {
  name: 'apply',
  about: 'Apply the settings that a file declares; a second run changes nothing',
  args: ['file'],
  options: {
    'dry-run': { about: 'print the changes without making them' },
    prune: {
      about:
        'delete clients and teams that the file does not name; a team with clients stays and loses its limits and budgets',
    },
  },
  examples: ['apply clients.json --dry-run', 'apply clients.yaml', 'apply clients.json --prune'],
  async run({ args, flags }, api) {
    const declared = await readDeclaration(args.file ?? '')
    const steps = await plan(declared, api, flags.has('prune'))
    const isDry = flags.has('dry-run')
    const warnings = isDry ? [] : await send(steps, api)
    const changes = steps.map(({ change }) => change)
    const summary = isDry ? 'Nothing was changed: --dry-run.' : `Made ${changes.length} changes.`
    const note = [...warnings.map(warning => `Warning: ${warning}`), summary].join('\n')
    return {
      response: { applied: !isDry, changes, warnings },
      ...(changes.length > 0
        ? { text: changes.flatMap(describe).join('\n'), note }
        : { text: 'The gateway matches the file.' }),
    }
  },
}

/** Shared limits come first, so that they already hold for new clients. Deletions come last. */
async function plan({ gateway, teams, clients }: Declaration, api: Api, prune: boolean): Promise<Step[]> {
  const currentTeamList = teams || clients ? await currentTeams(api) : []
  const currentClientList = clients || (teams && prune) ? await currentClients(api) : []
  if (clients) refuseUnknownTeams(clients, [...currentTeamList, ...(teams ?? [])])
  const staying = clients && prune ? clients : [...currentClientList, ...(clients ?? [])]
  const inUse = new Set(staying.map(({ team }) => team))
  return [
    ...(gateway ? gatewaySteps(await currentGateway(api), gateway) : []),
    ...(teams ? teamSteps(currentTeamList, teams, prune ? ({ name }) => inUse.has(name) : () => false) : []),
    ...(clients ? clientSteps(currentClientList, clients) : []),
    ...(clients && prune ? deletions('client', missing(currentClientList, clients)) : []),
    ...(teams && prune
      ? deletions(
          'team',
          missing(currentTeamList, teams).filter(({ name }) => !inUse.has(name)),
        )
      : []),
  ]
}

/** Refuses unknown teams before the first change. A typo would remove a client from its team's budget. */
function refuseUnknownTeams(clients: Setting[], teams: Setting[]): void {
  const names = new Set(teams.map(({ name }) => name))
  const faults = clients.flatMap(({ name, team }) =>
    team === undefined || names.has(team)
      ? []
      : [
          `client ${name}: there is no team ${team}.${didYouMean(team, [...names])} Declare it in teams, or create it with "teams set ${team}".`,
        ],
  )
  if (faults.length > 0) throw requestError(`${faults.join('\n')}\nNothing was changed.`)
}

function gatewaySteps(before: object, after: object): Step[] {
  const found = differences(before, after)
  if (found.length === 0) return []
  const change: Change = { action: 'change', kind: 'gateway', name: 'gateway', differences: found }
  return [{ change, request: ['PUT', '/gateway', after] }]
}

/** `loses`: a team that the file does not name loses its limits and budgets. */
function teamSteps(current: Setting[], declared: Setting[], loses: (team: Setting) => boolean): Step[] {
  const formers = new Map(current.map(one => [one.name, unnamed(one)]))
  const bare = missing(current, declared).filter(loses)
  return [...declared, ...bare.map(({ name }) => ({ name }))].flatMap(({ name, ...settings }) => {
    const former = formers.get(name)
    const found = differences(former ?? {}, settings)
    if (former && found.length === 0) return []
    const change: Change = { action: former ? 'change' : 'create', kind: 'team', name, differences: found }
    return [{ change, request: ['PUT', `/teams/${name}`, settings] } satisfies Step]
  })
}

function clientSteps(current: Setting[], declared: Setting[]): Step[] {
  const formers = new Map(current.map(one => [one.name, unnamed(one)]))
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

function deletions(kind: 'client' | 'team', removed: Setting[]): Step[] {
  return removed.map(({ name }) => ({
    change: { action: 'delete', kind, name, differences: [] },
    request: ['DELETE', `/${kind}s/${name}`],
  }))
}

/** Sends the requests in order. Returns the warnings of the gateway. */
async function send(steps: Step[], api: Api): Promise<string[]> {
  const warnings: string[] = []
  for (const [done, { change, request }] of steps.entries()) {
    const response = await api
      .call<Partial<ChangedClientBody> | undefined>(...request)
      .catch((error: Error) => {
        throw requestError(
          `${change.kind} ${change.name}: ${error.message}\nChanges made before it: ${done}. Changes not made: ${steps.length - done}.`,
        )
      })
    warnings.push(...(response?.warnings ?? []).map(warning => `client ${change.name}: ${warning}`))
  }
  return warnings
}

function unnamed({ name, ...settings }: Setting): object {
  return settings
}

function missing(current: Setting[], declared: Setting[]): Setting[] {
  const names = new Set(declared.map(({ name }) => name))
  return current.filter(({ name }) => !names.has(name))
}

const signs = { create: '+', change: '~', delete: '-' }

function describe({ action, kind, name, differences: found }: Change): string[] {
  const title = kind === 'gateway' ? kind : `${kind} ${name}`
  return [`${signs[action]} ${title}`, ...found.map(difference => `    ${changeText(difference)}`)]
}
