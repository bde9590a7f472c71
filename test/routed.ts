/** A gateway with simulated upstreams and routes of its own. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts'
import { type Provider, startProvider } from './provider.ts'
import { type Context, temporaryFolder, whenOver } from './when-over.ts'

export interface Routed<Name extends string> {
  gateway: Gateway
  providers: Record<Name, Provider>
  /** Path of UPSTREAMS_FILE. */
  file: string
  /** Replaces the content of UPSTREAMS_FILE. */
  write(content: unknown): Promise<void>
  /** The number of requests that each upstream has got. */
  seen(): Record<Name, number>
}

type Settings = Record<string, unknown>

export interface RoutedOptions<Name extends string> {
  names: readonly Name[]
  routes?: readonly Settings[]
  /** More settings of each upstream. */
  upstreams?: Partial<Record<Name, Settings>>
  options?: GatewayOptions
}

/** Each name is an upstream of the type `ezai` with the key `key-of-NAME`, unless `upstreams` says otherwise. */
export async function startRouted<Name extends string>(
  t: Context,
  { names, routes = [], upstreams = {}, options = {} }: RoutedOptions<Name>,
): Promise<Routed<Name>> {
  const providers = Object.fromEntries(
    await Promise.all(names.map(async name => [name, await startProvider()])),
  ) as Record<Name, Provider>
  for (const name of names) whenOver(t, providers[name].close)
  const file = join(await temporaryFolder(t), 'upstreams.json')
  const write = (content: unknown) =>
    writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  await write({
    upstreams: names.map(name => ({ ...entryOf(name, providers[name]), ...upstreams[name] })),
    routes,
  })
  const keys = Object.fromEntries(names.map(name => [`KEY_OF_${name.toUpperCase()}`, `key-of-${name}`]))
  const gateway = await startGateway(t, {
    ...options,
    env: { UPSTREAMS_FILE: file, ...keys, ...options.env },
    provider: providers[names[0]!],
  })
  return {
    gateway,
    providers,
    file,
    write,
    seen: () =>
      Object.fromEntries(names.map(name => [name, providers[name].calls.length])) as Record<Name, number>,
  }
}

/** The entry of an upstream in UPSTREAMS_FILE. */
export function entryOf(name: string, { url }: Pick<Provider, 'url'>) {
  return { name, type: 'ezai', baseUrl: url, keys: [{ env: `KEY_OF_${name.toUpperCase()}` }] }
}
