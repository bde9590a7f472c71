/** The chart as helm renders it: the manifests in deploy/helm/rendered, with a checksum of the chart. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseAllDocuments } from 'yaml'

const helm = join(import.meta.dirname, '../../deploy/helm')
export const chart = join(helm, 'tollgate')

// biome-ignore lint/suspicious/noExplicitAny: manifests have many shapes, and what they hold is what the tests assert.
export type Part = Record<string, any>
export type Manifests = { of(kind: string): Part[]; one(kind: string): Part }

/** `values`: `values`, or the name of a file in ci. */
export function manifests(values: 'values' | 'all' | 'few'): Manifests {
  const parts: Part[] = parseAllDocuments(rendered(values)).flatMap(document => document.toJS() ?? [])
  const of = (kind: string) => parts.filter(part => part.kind === kind)
  return {
    of,
    one(kind) {
      const [found, ...others] = of(kind)
      if (!found || others.length > 0) throw new Error(`${values}: ${of(kind).length} manifests of ${kind}`)
      return found
    },
  }
}

function rendered(values: string): string {
  return readFileSync(join(helm, 'rendered', `${values}.yaml`), 'utf8')
}

/** The checksum in a file of deploy/helm/rendered, and the current one of the chart. */
export function sums(values: string): { committed: string | undefined; now: string } {
  const [first = ''] = rendered(values).split('\n', 1)
  return { committed: /[0-9a-f]{64}$/.exec(first)?.[0], now: chartSum() }
}

/** As deploy/helm/check.sh makes it. */
function chartSum(): string {
  const names = ['Chart.yaml', 'values.yaml', 'ci', 'templates'].flatMap(filesIn)
  const lines = names.sort().map(name => `${sha256(readFileSync(join(chart, name)))}  ${name}\n`)
  return sha256(lines.join(''))
}

function filesIn(name: string): string[] {
  if (statSync(join(chart, name)).isFile()) return [name]
  return readdirSync(join(chart, name)).flatMap(child => filesIn(`${name}/${child}`))
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

/**
 * Prepares what Kubernetes gives to the container: its variables, and its mounted files below `folder`. `secrets` by `name/key`. Paths
 * in variables point below `folder`.
 */
export async function container(
  { of, one }: Manifests,
  secrets: Record<string, string>,
  folder: string,
): Promise<Record<string, string>> {
  const { volumes, containers } = one('Deployment').spec.template.spec
  const [{ env, envFrom, volumeMounts }] = containers
  const config = (name: string): Record<string, string> =>
    of('ConfigMap').find(({ metadata }) => metadata.name === name)?.data ?? {}
  const secret = (name: string, key: string) => {
    const value = secrets[`${name}/${key}`]
    if (value === undefined)
      throw new Error(`the chart mounts ${key} of the Secret ${name}, which the test does not have`)
    return value
  }
  const filesOf = (volume: Part): Record<string, string> => {
    if (volume.configMap) return config(volume.configMap.name)
    if (volume.secret) {
      const keys = Object.keys(secrets).filter(path => path.startsWith(`${volume.secret.secretName}/`))
      return Object.fromEntries(keys.map(path => [path.split('/')[1], secrets[path] ?? '']))
    }
    const items = volume.projected.sources.flatMap(({ secret: source }: Part) =>
      source.items.map(({ key, path }: Part) => [path, secret(source.name, key)]),
    )
    return Object.fromEntries(items)
  }
  for (const { name, mountPath } of volumeMounts) {
    const files = filesOf(volumes.find((volume: Part) => volume.name === name))
    for (const [path, content] of Object.entries(files)) {
      const file = join(folder, mountPath, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, content)
    }
  }
  const given = envFrom.flatMap(({ configMapRef }: Part) => Object.entries(config(configMapRef.name)))
  const own = env.map(({ name, value }: Part) => [name, value])
  const mounted = (value: string) =>
    volumeMounts.some(({ mountPath }: Part) => value.startsWith(`${mountPath}/`))
  return Object.fromEntries(
    [...given, ...own].map(([name, value]) => [name, mounted(value) ? join(folder, value) : value]),
  )
}
