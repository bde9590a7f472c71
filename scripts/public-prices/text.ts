/** The text of src/pricing/public.json: one model per line, so that a diff of the list is readable. */

import packageFile from '../../package.json' with { type: 'json' }
import { builtin } from '../../src/pricing/builtin.ts'
import { check } from '../../src/pricing/faults.ts'
import { priceFile } from '../../src/pricing/file.ts'
import { publicPrices } from './build.ts'

const NAME = '@pydantic/genai-prices'

export function publicText(): string {
  const known = check(priceFile, builtin).models
  const names = Object.entries(known).flatMap(([id, { aliases = [] }]) => [id, ...aliases])
  const { list, models, hosts, sold } = publicPrices(
    `${NAME} ${packageFile.devDependencies[NAME]}`,
    new Set(names),
  )
  const byHost = Object.entries(hosts).map(([type, rows]) => `${JSON.stringify(type)}: ${linesOf(rows)}`)
  return `{\n"list": ${JSON.stringify(list)},\n"models": ${linesOf(models)},\n"hosts": {\n${byHost.join(',\n')}\n},\n"sold": ${linesOf(sold)}\n}\n`
}

function linesOf(values: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(values).map(
    ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  )
  return `{\n${lines.join(',\n')}\n}`
}
