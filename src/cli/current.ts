/** Reads the current settings of the gateway, teams and clients, for `apply` and `export`. */

import type { ClientBody, TeamBody } from '../admin/bodies.ts'
import type { Api } from './api.ts'
import type { Page } from './commands/pages.ts'
import type { ScopeResponse } from './commands/responses.ts'

/** The settings of a team or client, with its name. */
export type Named = { name: string; team?: string } & Record<string, unknown>

export async function currentGateway(api: Api): Promise<object> {
  return settingsOf(await api.call<ScopeResponse>('GET', '/gateway'))
}

export async function currentTeams(api: Api): Promise<Named[]> {
  return (await all<TeamBody, 'teams'>(api, 'teams')).map(named)
}

export async function currentClients(api: Api): Promise<Named[]> {
  return (await all<ClientBody, 'clients'>(api, 'clients')).map(named)
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

function named(record: { name: string }): Named {
  return { name: record.name, ...settingsOf(record) }
}

/** Leaves out the fields that the gateway sets. */
function settingsOf(record: object): object {
  const readOnly = ['id', 'createdAt', 'updatedAt', 'state', 'restoring']
  return Object.fromEntries(Object.entries(record).filter(([field]) => !readOnly.includes(field)))
}
