import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkOf, sentenceOf } from '../bench/check.ts'
import { type Column, features } from '../bench/columns.ts'
import { page } from '../bench/page.ts'
import { reasonOf } from '../bench/peers.ts'
import type { Measured, Results } from '../bench/report.ts'
import { summary } from '../bench/statistics.ts'
import { ratedOf } from '../bench/vegeta.ts'
import { figuresOf } from '../bench/wrk.ts'

test('the figures of wrk are the line that its script prints', () => {
  const output =
    'Running 3s test\n  12 requests in 3s\nfigures {"calls":12,"seconds":3,"failed":1,"p50Ms":2,"p99Ms":4}\n'
  assert.deepEqual(figuresOf(output), { calls: 12, seconds: 3, failed: 1, p50Ms: 2, p99Ms: 4 })
  assert.throws(() => figuresOf('unable to connect'), /wrk printed no figures:\nunable to connect/)
})

test('the figures of vegeta are milliseconds, and a failed call is an error', () => {
  const report = { requests: 10, success: 1, latencies: { '50th': 1_500_000, '99th': 9_000_000 }, errors: [] }
  assert.deepEqual(ratedOf(JSON.stringify(report), 'one'), { calls: 10, p50Ms: 1.5, p99Ms: 9 })
  const failed = JSON.stringify({ ...report, success: 0.9, errors: ['429 Too Many Requests'] })
  assert.throws(() => ratedOf(failed, 'one'), /one: 1 calls failed: 429 Too Many Requests/)
})

const served = {
  url: 'http://127.0.0.1:1',
  path: '/',
  model: 'gpt-6-luna',
  headers: {},
  proof: /^/,
  cached: false,
  on: {},
}
const server = { url: served.url, pid: 1, kill: () => {}, stop: async () => {} }
const direct: Column = { ...served, name: 'direct', title: 'direct', role: 'baseline', process: undefined }
const gateway: Column = {
  ...served,
  name: 'one',
  title: 'A <gateway>',
  role: 'gateway',
  process: server,
  on: { keys: 'yes' },
}

function measured(alone: number, perCore: number): Measured {
  const figure = (key: string) => ({ key, title: key, unit: '/s', digits: 0 })
  return {
    row: { name: 'json', title: 'JSON calls', figures: [figure('rate'), figure('perCore')] },
    columns: [direct, gateway],
    cells: [
      { figure: 'rate', column: 'direct', value: summary([alone]) },
      { figure: 'rate', column: 'one', value: summary([perCore / 2]) },
      { figure: 'perCore', column: 'one', value: summary([perCore]) },
    ],
  }
}

test('provider and load must carry three times what the fastest gateway does', () => {
  const enough = checkOf(measured(30_000, 10_000), [direct, gateway])
  const short = checkOf(measured(29_000, 10_000), [direct, gateway])
  assert.equal(enough?.holds, true)
  assert.equal(short?.holds, false)
  assert.match(short ? sentenceOf(short) : '', /2\.9 times the fastest gateway .* less than 3 times/)
  assert.equal(checkOf(measured(30_000, 10_000), [gateway]), undefined)
})

test('the page has every figure and feature, and escapes titles', () => {
  const { row, columns, cells } = measured(30_000, 1_234)
  const results: Results = {
    at: '2026-01-02T03:04:05.000Z',
    machine: {
      cpu: 'a CPU',
      cores: 2,
      memoryGb: 24,
      system: 'Linux',
      node: 'v26',
      loadBefore: 0,
      placement: 'not pinned',
    },
    programs: 'wrk 4.1.0',
    pace: { rounds: 1, seconds: 1, warmUpSeconds: 1 },
    columns: [direct, gateway],
    absent: [{ name: 'other', title: 'Other', reason: 'not installed' }],
    checks: [],
    skipped: ['latency: vegeta not installed'],
    rows: [{ ...row, columns, cells }],
  }
  const html = page(results)
  for (const text of [
    ...features,
    'JSON calls',
    '1,234',
    '30,000',
    'A &lt;gateway>',
    'not installed',
    '<svg',
  ])
    assert.ok(html.includes(text), text)
})

test('the reason for a refused package is the last error, without addresses', () => {
  const stderr =
    'Looking in https://example.com/simple\nERROR: no version of one at https://example.com/one\n\nhint\n'
  const error = Object.assign(new Error('Command failed'), { stderr })
  assert.equal(reasonOf(error), 'not installed: ERROR: no version of one at …')
  assert.equal(reasonOf(new Error('spawn go ENOENT')), 'not installed: spawn go ENOENT')
})
