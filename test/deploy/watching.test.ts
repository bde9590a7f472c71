/** The dashboard and the alert rules in deploy/ ask for what /metrics really has, names and labels alike. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { message, startGateway } from '../gateway.ts'
import { type Sample, scrape } from '../prometheus.ts'
import { until } from '../until.ts'

const read = (path: string) => readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8')

/** Of ours, of the conventions for generative AI, of Node and of the process. */
const METRIC = /(?<![\w:$])(?:tollgate|gen_ai|nodejs|process)_\w+/g
const SELECTOR = /((?:tollgate|gen_ai|nodejs|process)_\w+)\{([^}]*)\}/g
/** Prometheus puts these on every sample. */
const EVERYWHERE = new Set(['job', 'instance'])
/** Only a gateway with several workers has them; test/process/workers.test.ts scrapes one. */
const OF_WORKERS = new Set(['tollgate_workers', 'tollgate_worker_restarts_total'])

interface Panel {
  title: string
  targets?: { expr: string }[]
}

const dashboard: { panels: Panel[] } = JSON.parse(read('grafana/tollgate.json'))
const sources: [string, string[]][] = [
  ['the dashboard', dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))],
  ['the alert rules', expressions(read('prometheus/rules.yaml'))],
]

for (const [title, asked] of sources) {
  test(`every metric and label of ${title} is there after real calls`, async t => {
    const samples = await samplesOfRealCalls(t)
    const labels = new Set(samples.flatMap(sample => Object.keys(sample.labels)))
    const labelsOf = (name: string) =>
      new Set(samples.flatMap(sample => (sample.name === name ? Object.keys(sample.labels) : [])))

    const names = new Set(
      asked
        .flatMap(expr => expr.match(METRIC) ?? [])
        .filter(name => !labels.has(name) && !OF_WORKERS.has(name)),
    )
    const selected = asked.flatMap(expr => [...expr.matchAll(SELECTOR)])

    assert.ok(names.size > 10)
    for (const name of names)
      assert.ok(labelsOf(name).size > 0 || samples.some(one => one.name === name), name)
    for (const [selector, name = '', matchers = ''] of selected) {
      for (const [, label = ''] of matchers.matchAll(/(\w+)(?:=~|!~|!=|=)"/g))
        assert.ok(EVERYWHERE.has(label) || labelsOf(name).has(label), `${label} in ${selector}`)
    }
  })
}

test('every alert has a row in the runbook', () => {
  const alerts = [...read('prometheus/rules.yaml').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
  const explained = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')

  assert.ok(alerts.length > 10)
  for (const alert of alerts) assert.ok(explained.includes(`\`${alert}\``), alert)
})

/** The rules' expressions, of one line or folded. */
function expressions(yaml: string): string[] {
  return [...yaml.matchAll(/^( *)expr: (?:>-\n((?:\1 +.*\n)+)|(.*)\n)/gm)].map(
    ([, , folded, plain]) => folded ?? plain ?? '',
  )
}

/** One call of each kind that leaves a trace of its own. */
async function samplesOfRealCalls(t: TestContext): Promise<Sample[]> {
  const gateway = await startGateway(t)
  await gateway.admin('PUT', '/gateway', { budget: { day: 100, month: 1000 } })
  const key = await gateway.client({ name: 'frontend' })
  const send = async (body: unknown, by: string | undefined = key) =>
    (await gateway.post('/v1/messages', by, body)).text()
  await send(message('hello'))
  await send(message('hello'))
  await send(message('hello', { stream: true }))
  await send(message('[[scenario: status 500]]'))
  await send(message('[[scenario: status 401]]'))
  await send(message('hello'), 'no key at all')
  await gateway.admin('GET', '/verify')
  return until(async () => {
    const { samples, names } = await scrape(gateway.url)
    return names.has('tollgate_alerts_raised_total') && samples
  })
}
