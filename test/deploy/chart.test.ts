/** The Helm chart, as far as it can be held to the gateway without helm; deploy/helm/check.sh renders it. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Check, Errors } from 'typebox/schema'
import { parse } from 'yaml'
import { documentation } from '../../src/config.ts'

const chart = join(import.meta.dirname, '../../deploy/helm/tollgate')
const read = (file: string) => readFileSync(join(chart, file), 'utf8')
const schema = JSON.parse(read('values.schema.json'))
const values = parse(read('values.yaml'))
const templates = readdirSync(join(chart, 'templates'))
  .filter(name => /\.(yaml|tpl)$/.test(name))
  .map(name => read(`templates/${name}`))
  .join('\n')

const secrets = documentation.flatMap(({ name, secret }) => (secret ? [name] : []))
/** Set by the templates themselves, from values of another name. */
const derived = ['HOST', 'PORT', 'DATA_DIR', 'PRICES_FILE', 'DRAIN_DELAY_SECONDS', 'DRAIN_SECONDS']
const urls = ['REDIS_URL', 'DATABASE_URL']

/** Variables the templates name, a secret's file under its own name. */
function named(text: string): string[] {
  const names = text.match(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g) ?? []
  return names.map(name => (secrets.includes(name.replace(/_FILE$/, '')) ? name.replace(/_FILE$/, '') : name))
}

test('the values of the chart are what its schema allows', () => {
  assert.deepEqual(Errors(schema, values)[1], [])
})

test('a value the chart does not know is refused', () => {
  assert.equal(Check(schema, { ...values, replicas: 3 }), false)
  assert.equal(Check(schema, { ...values, settings: { CACHE_TTL: 1 } }), false)
})

test("every variable the chart's templates name is one of the gateway's", () => {
  const known = documentation.map(({ name }) => name)

  assert.deepEqual(
    named(templates).filter(name => !known.includes(name)),
    [],
  )
})

test("every variable of the gateway can be set by the chart: secrets by reference, the others in 'settings'", () => {
  assert.deepEqual(
    schema.properties.secret.properties.variables.items.enum.toSorted(),
    secrets.filter(name => !urls.includes(name)).sort(),
    'secret.variables in values.schema.json must list every secret variable of src/variables.ts',
  )
  assert.deepEqual(
    schema.properties.settings.propertyNames.enum.toSorted(),
    documentation.flatMap(({ name }) => ([...secrets, ...derived].includes(name) ? [] : [name])).sort(),
    'settings in values.schema.json must list every other variable of src/variables.ts',
  )
})

test("the chart drains as long as the gateway's own defaults say", () => {
  const fallback = (wanted: string) => Number(documentation.find(({ name }) => name === wanted)?.fallback)

  assert.equal(values.drain.delaySeconds, fallback('DRAIN_DELAY_SECONDS'))
  assert.equal(values.drain.seconds, fallback('DRAIN_SECONDS'))
})

test('what is made of the drain is made in one place', () => {
  const uses = readdirSync(join(chart, 'templates'), { withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.yaml'))
    .filter(({ name }) => /drain\.(delaySeconds|seconds)/.test(read(`templates/${name}`)))

  assert.deepEqual(uses, [])
})
