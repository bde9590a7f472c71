/** Writes docs/upstream-types.md, and the table of providers in README.md, from the table of types: `npm run upstream-types`. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { typeOf, type UpstreamType, upstreamTypes } from '../src/upstreams/types.ts'

const authorization: Record<UpstreamType['auth'], string> = {
  format: "the format's own header",
  bearer: '`authorization: Bearer`',
  'api-key': '`api-key`',
  aws: '`authorization: Bearer` for an API key; a signature (SigV4) for credentials of IAM',
  google: 'an access token of a service account or of the application default credentials',
  optional: '`authorization: Bearer`, if a key is configured',
}

export function upstreamTypesPage(): string {
  const rows = names().map(name => ({ name, type: typeOf(name) }))
  return `# Types of upstreams

Each upstream in \`UPSTREAMS_FILE\` has a type. A type says where the provider's API is, how a request is authorized, which
formats it speaks, and how it differs from the provider of the format. This page is written from \`src/upstreams/types.ts\`.

## Addresses

\`{region}\` and \`{project}\` are options of the upstream. Without a base URL here, the file must give one. A base URL in
the file may include the part of the path that the paths here begin with: \`https://example.openai.azure.com/openai/v1\`.

| type | base URL | authorization | paths | models |
| --- | --- | --- | --- | --- |
${lines(rows.map(({ name, type }) => [code(name), baseUrl(type), authorization[type.auth], paths(type), code(type.modelsPath)]))}

## Models and differences

Without \`models\` in the file, an upstream serves the models of its makers by their own names.

| type | makers | output limit of a chat | further members of usage | notes | source |
| --- | --- | --- | --- | --- | --- |
${lines(rows.map(({ name, type }) => [code(name), makers(type), limit(type), usage(type), notes(type), source(type)]))}

- **Output limit.** The name under which the gateway sets a limit. Where it says "only", the provider refuses or ignores the
  other name, so the caller's limit is renamed.
- **Usage** is read at all of these places, whatever the type.
- **Names.** On Vertex AI \`claude-x-20250929\` is sent as \`claude-x@20250929\`, and a name without a slash on the chat route as
  \`google/name\`.
`
}

function names() {
  const isName = (name: string): name is keyof typeof upstreamTypes => Object.hasOwn(upstreamTypes, name)
  return Object.keys(upstreamTypes).filter(isName)
}

const lines = (rows: string[][]) => rows.map(cells => `| ${cells.join(' | ')} |`).join('\n')
const code = (text: string | undefined) => (text === undefined ? '-' : `\`${text}\``)

function baseUrl({ baseUrl: usual, baseUrls }: UpstreamType): string {
  const others = Object.entries(baseUrls ?? {}).map(([region, url]) => `${region}: ${code(url)}`)
  return [code(usual), ...others].join('<br>')
}

function paths({ paths: usual, streamPaths }: UpstreamType): string {
  const streams = Object.entries(streamPaths ?? {}).map(([name, path]) => `${name}, streams: ${code(path)}`)
  return [...Object.entries(usual).map(([name, path]) => `${name}: ${code(path)}`), ...streams].join('<br>')
}

function makers({ makers: usual }: UpstreamType): string {
  return usual?.length === 0 ? 'those of the public price list' : (usual?.join(', ') ?? 'any')
}

function limit({ quirks: { outputLimit, onlyOutputLimit } }: UpstreamType): string {
  if (outputLimit === undefined) return 'by the model'
  return `${code(outputLimit)}${onlyOutputLimit ? ' only' : ''}`
}

function usage({ quirks }: UpstreamType): string {
  return quirks.usage?.map(code).join(', ') ?? '-'
}

function notes({ quirks }: UpstreamType): string {
  const more = [
    ...(quirks.refusesStreamOptions ? ['It refuses `stream_options`.'] : []),
    ...(quirks.withoutDone ? ['A stream may end without `[DONE]`.'] : []),
  ]
  return [...more, ...(quirks.notes ?? [])].join(' ') || '-'
}

function source({ source: url, checked }: UpstreamType): string {
  return `<${url}>, ${checked}`
}

/** The formats of the routes, by the dialects that speak them. */
const formats: readonly (readonly [dialect: string, name: string])[] = [
  ['anthropic-messages', 'Messages'],
  ['openai-chat', 'Chat Completions'],
  ['openai-responses', 'Responses'],
  ['openai-embeddings', 'Embeddings'],
]

/** The table of README.md, one line per type. */
export function providersTable(): string {
  const rows = names().map(name => {
    const { paths: spoken, title } = typeOf(name)
    const spokenNames = formats.flatMap(([dialect, format]) => (dialect in spoken ? [format] : []))
    return [title, code(name), spokenNames.join(', ')]
  })
  return `| provider | type | APIs |\n| --- | --- | --- |\n${lines(rows)}`
}

const MARKS = /(<!-- providers -->\n)[\s\S]*(\n<!-- \/providers -->)/

export function withProviders(readme: string): string {
  return readme.replace(
    MARKS,
    (_, before: string, after: string) => `${before}\n${providersTable()}\n${after}`,
  )
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const readme = join(root, 'README.md')
  writeFileSync(join(root, 'docs/upstream-types.md'), upstreamTypesPage())
  writeFileSync(readme, withProviders(readFileSync(readme, 'utf8')))
}
