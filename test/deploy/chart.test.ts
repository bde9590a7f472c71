/** The Helm chart: its values and schema against the gateway's variables, what it renders, and a gateway that starts with it. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { Check, Errors } from 'typebox/schema'
import { parse } from 'yaml'
import { documentation } from '../../src/config/config.ts'
import { pricePatch } from '../../src/pricing/file.ts'
import { readPrices } from '../../src/pricing/read.ts'
import { readUpstreams } from '../../src/upstreams/file/read.ts'
import { upstreamsFile } from '../../src/upstreams/file/schema.ts'
import { ADMIN_TOKEN, UPSTREAM_KEY } from '../gateway.ts'
import { startProcess } from '../processes.ts'
import { scrape } from '../prometheus.ts'
import { freePort, testDatabase, testRedis } from '../servers.ts'
import { temporaryFolder } from '../when-over.ts'
import { chart, container, manifests, type Part, sums } from './rendered.ts'

const read = (file: string) => readFileSync(join(chart, file), 'utf8')
const schema = JSON.parse(read('values.schema.json'))
const values = parse(read('values.yaml'))
const templates = readdirSync(join(chart, 'templates'))
  .filter(name => /\.(yaml|tpl)$/.test(name))
  .map(name => read(`templates/${name}`))
  .join('\n')

const secrets = documentation.flatMap(({ name, secret }) => (secret ? [name] : []))
/** Set by the templates themselves, from values of another name. */
const derived = [
  ...[
    'HOST',
    'PORT',
    'DATA_DIR',
    'PRICES_FILE',
    'UPSTREAMS_FILE',
    'DRAIN_DELAY_SECONDS',
    'DRAIN_SECONDS',
    'METRICS_PORT',
  ],
]
/** Variables that the chart reads from a Secret with its own value. */
const referred = ['REDIS_URL', 'DATABASE_URL', 'METRICS_TOKEN']

/** Variables the templates name, a secret's file under its own name. */
function named(text: string): string[] {
  const names = text.match(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g) ?? []
  return names.map(name => (secrets.includes(name.replace(/_FILE$/, '')) ? name.replace(/_FILE$/, '') : name))
}

test('the values of the chart match its schema', () => {
  assert.deepEqual(Errors(schema, values)[1], [])
})

test('a value the chart does not know is refused', () => {
  assert.equal(Check(schema, { ...values, replicas: 3 }), false)
  assert.equal(Check(schema, { ...values, settings: { CACHE_TTL: 1 } }), false)
  assert.equal(Check(schema, { ...values, prices: { anthropic: {} } }), false)
  assert.equal(Check(schema, { ...values, metrics: { ...values.metrics, port: 4000 } }), false)
  assert.equal(Check(schema, { ...values, ingress: { ...values.ingress, paths: [] } }), false)
})

test('prices has the fields of PRICES_FILE', () => {
  assert.deepEqual(
    Object.keys(schema.properties.prices.properties).sort(),
    Object.keys(pricePatch.properties).sort(),
  )
})

test('upstreams has the fields of UPSTREAMS_FILE', () => {
  const { $schema: _, ...fields } = upstreamsFile.properties
  assert.deepEqual(Object.keys(schema.properties.upstreams.properties).sort(), Object.keys(fields).sort())
})

test('the upstreams of the chart are mounted as the file that the gateway reads', async t => {
  const folder = await temporaryFolder(t)
  const keys = new Map([
    ['EZAI_API_KEY', 'sk-1'],
    ['ANTHROPIC_API_KEY', 'sk-2'],
  ])
  const all = manifests('all')
  const data = all.of('ConfigMap').find(({ metadata }) => metadata.name === 'tollgate-upstreams')?.data
  const file = join(folder, 'upstreams.json')
  await writeFile(file, data['upstreams.json'])

  const { upstreams } = readUpstreams(file, readPrices(undefined), source =>
    'env' in source ? keys.get(source.env) : undefined,
  )
  assert.deepEqual(
    upstreams.map(({ name }) => name),
    ['ezai', 'anthropic'],
  )
})

test('the templates of the chart name only variables of the gateway', () => {
  const known = documentation.map(({ name }) => name)

  assert.deepEqual(
    named(templates).filter(name => !known.includes(name)),
    [],
  )
})

test("every variable of the gateway can be set by the chart: secrets by reference, the others in 'settings'", () => {
  assert.deepEqual(
    schema.properties.secret.properties.variables.items.enum.toSorted(),
    secrets.filter(name => !referred.includes(name)).sort(),
    'secret.variables in values.schema.json must list every other secret variable of src/config/variables.ts',
  )
  assert.deepEqual(
    schema.properties.settings.propertyNames.enum.toSorted(),
    documentation.flatMap(({ name }) => ([...secrets, ...derived].includes(name) ? [] : [name])).sort(),
    'settings in values.schema.json must list every other variable of src/config/variables.ts',
  )
})

test("the chart drains as long as the gateway's own defaults say", () => {
  const fallback = (wanted: string) => Number(documentation.find(({ name }) => name === wanted)?.fallback)

  assert.equal(values.drain.delaySeconds, fallback('DRAIN_DELAY_SECONDS'))
  assert.equal(values.drain.seconds, fallback('DRAIN_SECONDS'))
})

test('only the helper templates compute values from the drain times', () => {
  const uses = readdirSync(join(chart, 'templates'), { withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.yaml'))
    .filter(({ name }) => /drain\.(delaySeconds|seconds)/.test(read(`templates/${name}`)))

  assert.deepEqual(uses, [])
})

for (const set of ['values', 'all', 'few'] as const) {
  test(`deploy/helm/rendered/${set}.yaml is up to date with the chart`, () => {
    const { committed, now } = sums(set)
    assert.equal(
      committed,
      now,
      'the chart has changed: write it again with deploy/helm/check.sh --write, which needs helm',
    )
  })
}

const pathsOf = ({ http }: Part) =>
  http.paths.map(({ path, pathType, backend }: Part) => [path, pathType, backend.service.port.name])

test('an ingress publishes /v1 only, for each of its hosts', () => {
  const { rules } = manifests('all').one('Ingress').spec

  assert.deepEqual(
    rules.map(({ host }: Part) => host),
    ['ai.example.com', 'ai.example.org'],
  )
  for (const rule of rules) assert.deepEqual(pathsOf(rule), [['/v1', 'Prefix', 'http']])
})

test('an ingress without hosts has one rule, for every host', () => {
  const { rules } = manifests('few').one('Ingress').spec

  assert.equal(rules.length, 1)
  assert.deepEqual(Object.keys(rules[0]), ['http'])
  assert.deepEqual(pathsOf(rules[0]), [['/v1', 'Prefix', 'http']])
})

test('an HTTPRoute publishes the same paths; by default there is neither', () => {
  const { spec } = manifests('all').one('HTTPRoute')

  assert.deepEqual(
    spec.rules.map(({ matches }: Part) => matches),
    [[{ path: { type: 'PathPrefix', value: '/v1' } }]],
  )
  assert.deepEqual(spec.rules[0].backendRefs, [{ name: 'tollgate', port: 4000 }])
  assert.deepEqual(spec.parentRefs, [{ name: 'public', namespace: 'gateways', sectionName: 'https' }])
  assert.deepEqual([...manifests('values').of('Ingress'), ...manifests('values').of('HTTPRoute')], [])
})

test('pod, Service, NetworkPolicy and ServiceMonitor have the same metrics port', () => {
  const all = manifests('all')
  const portsOf = ({ spec }: Part) => spec.ports.map(({ name, port }: Part) => [name, port])
  const { ports, env } = all.one('Deployment').spec.template.spec.containers[0]

  assert.deepEqual(
    ports.map(({ name, containerPort }: Part) => [name, containerPort]),
    [
      ['http', 4000],
      ['metrics', 9100],
    ],
  )
  assert.ok(env.some(({ name, value }: Part) => name === 'METRICS_PORT' && value === '9100'))
  assert.deepEqual(portsOf(all.one('Service')), [
    ['http', 4000],
    ['metrics', 9100],
  ])
  const rules = all.one('NetworkPolicy').spec.ingress
  assert.deepEqual(
    rules.map(({ ports }: Part) => ports),
    [[{ port: 'http' }], [{ port: 'metrics' }]],
  )
  assert.match(JSON.stringify(rules[1].from), /monitoring/)
  const [endpoint] = all.one('ServiceMonitor').spec.endpoints
  assert.equal(endpoint.port, 'metrics')
  assert.deepEqual(endpoint.authorization, { credentials: { name: 'scraping', key: 'token' } })
  assert.deepEqual(portsOf(manifests('values').one('Service')), [
    ['http', 4000],
    ['metrics', 9464],
  ])
})

test('a Service that is reachable from outside does not have the metrics port', () => {
  const services = manifests('few')
    .of('Service')
    .map(({ metadata, spec }) => [metadata.name, spec.type, spec.ports.length, spec.ports[0].name])

  assert.deepEqual(services, [
    ['tollgate', 'LoadBalancer', 1, 'http'],
    ['tollgate-metrics', 'ClusterIP', 1, 'metrics'],
  ])
})

test('a gateway starts with the variables and files that ci/all.yaml gives to its container', async t => {
  const [{ url: redisUrl }, { url: databaseUrl }] = [await testRedis(t), await testDatabase(t)]
  const secrets = {
    'keys/EZAI_API_KEY': UPSTREAM_KEY,
    'keys/ANTHROPIC_API_KEY': UPSTREAM_KEY,
    'keys/OPENAI_API_KEY': UPSTREAM_KEY,
    'keys/ADMIN_TOKEN': ADMIN_TOKEN,
    'keys/azure-key': UPSTREAM_KEY,
    'keys/ALERT_WEBHOOK_URL': 'http://127.0.0.1:9/services/T0/B0/secret-path',
    'keys/ALERT_WEBHOOK_SECRET': 'webhook-secret',
    'scraping/token': 'scraper-token',
    'valkey/url': redisUrl,
    'tollgate-app/uri': databaseUrl,
    'ca/ca.crt': rootCertificates[0] ?? '',
  }
  const env = await container(manifests('all'), secrets, await temporaryFolder(t))
  const METRICS_PORT = String(await freePort())
  // startProcess gives these two by value.
  const fromFiles = { EZAI_API_KEY: '', ADMIN_TOKEN: '' }

  const gateway = await startProcess(t, {
    ...env,
    ...fromFiles,
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    METRICS_PORT,
  })
  await gateway.ready()

  const asAdmin = { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }
  const ready = await (await fetch(`${gateway.url}/readyz`)).json()
  assert.deepEqual(ready, { status: 'ok', degraded: [] })
  assert.equal((await fetch(`${gateway.url}/admin/clients`, asAdmin)).status, 200)
  assert.equal((await fetch(`${gateway.url}/metrics`)).status, 404)
  const { value } = await scrape(`http://127.0.0.1:${METRICS_PORT}`, {
    authorization: 'Bearer scraper-token',
  })
  assert.equal(value('tollgate_prices_faulty'), 0)
})
