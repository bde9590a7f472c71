/** Daily work at the dashboard: reading charts, opening the calls of a column, searching calls and alerts. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { createOutbox } from '../../src/alerts/outbox.ts'
import { until } from '../until.ts'
import type { DashboardPage, PageOptions } from './page.ts'
import type { SeededGateway } from './seed.ts'

type OpenDashboard = (t: TestContext, options?: PageOptions) => Promise<DashboardPage>

const DAY = 86_400_000

const names = ['amber', 'birch', 'cedar', 'dogwood']

/** The UTC day that is `days` before today. */
function dayOf({ app }: SeededGateway, days: number): string {
  return new Date(app.clock.now() - days * DAY).toISOString().slice(0, 10)
}

/** Writes usage of past days. The largest client of three weeks ago is the smallest of yesterday. */
export async function writePast(seeded: SeededGateway): Promise<void> {
  const yesterday = dayOf(seeded, 1)
  for (const [i, name] of names.entries()) {
    await addUsage(seeded, 'usage_daily', name, dayOf(seeded, 20), 100 - 20 * i)
    await addUsage(seeded, 'usage_daily', name, yesterday, 1 + i)
  }
  await addUsage(seeded, 'usage_hourly', 'amber', `${yesterday}T03:00:00Z`, 2)
  await addUsage(seeded, 'usage_hourly', 'amber', `${yesterday}T14:00:00Z`, 40)
}

export function dayToDay(openDashboard: OpenDashboard, seeded: () => SeededGateway): void {
  const dayBefore = (days: number) => dayOf(seeded(), days)

  test('a colour belongs to a client: another order, another period and a reload do not change it', async t => {
    const { page, open } = await openDashboard(t)
    await open()
    const long = await colours(page, names)
    assert.equal(new Set(long.values()).size, names.length)
    const rows = () => page.locator('.legend tbody th').allInnerTexts()
    const order = (await rows()).filter(name => names.includes(name))
    assert.deepEqual(order, names)
    await page.getByRole('button', { name: '7 days' }).click()
    await until(async () => (await rows()).filter(name => names.includes(name))[0] === 'dogwood')
    assert.deepEqual(await colours(page, names), long)
    await page.reload()
    assert.deepEqual(await colours(page, names), long)
  })

  test('all amounts of a column have the same decimals', async t => {
    const { page, open } = await openDashboard(t)
    await open()
    await page.locator('.legend tbody tr').first().waitFor()
    assert.equal((await decimals(page, '.legend :is(tbody, tfoot) td:last-child')).size, 1)
    assert.equal((await decimals(page, '.legend tbody td:nth-child(3)')).size, 1)
    const budgets = page.getByRole('region', { name: 'Budgets' })
    for (const cell of ['td:nth-child(2) .budget-cell > span > .quiet', 'td:nth-child(3)'])
      assert.deepEqual(
        new Set((await budgets.locator(`tbody ${cell}`).allInnerTexts()).map(decimalsOf)),
        new Set([2]),
      )
    await open('/calls')
    await page.locator('.is-calls tbody tr').first().waitFor()
    assert.deepEqual([...(await decimals(page, '.is-calls tbody td:last-child'))], [6])
  })

  test("today is compared with yesterday until the same hour, and today's column is marked as partial", async t => {
    const { page, open, complaints } = await openDashboard(t, { ownContext: true })
    await page.clock.setFixedTime(`${dayBefore(0)}T14:37:00Z`)
    await open()
    const note = (label: string) => page.locator('.figure', { hasText: label }).locator('.figure-note')
    await note('Spent today').getByText('$2.00 yesterday until 14:00', { exact: true }).waitFor()
    await note('Calls today').getByText('1 yesterday until 14:00', { exact: true }).waitFor()
    await page.locator('.chart-partial', { hasText: 'so far' }).waitFor()
    assert.match(await page.locator('.chart table tbody tr').last().innerText(), /, so far/)
    await page.clock.setFixedTime(`${dayBefore(0)}T00:05:00Z`)
    await page.reload()
    await note('Spent today').getByText('$0.00 yesterday until 01:00', { exact: true }).waitFor()
    assert.deepEqual(complaints, [])
  })

  test('a click and Enter on a column open the calls of that day and of the series', async t => {
    const { page, open } = await openDashboard(t, { ownContext: true })
    await page.clock.setFixedTime(`${dayBefore(0)}T23:59:00Z`)
    await open('?range=7d')
    const chart = page.locator('.chart-place')
    await chart.focus()
    const here = () => {
      const { pathname, searchParams } = new URL(page.url())
      return [pathname, Object.fromEntries(searchParams)]
    }
    const day = { from: dayBefore(1), to: dayBefore(0) }
    for (const key of ['End', 'ArrowLeft', 'Enter']) await page.keyboard.press(key)
    await page.getByRole('heading', { name: 'Calls', level: 1 }).waitFor()
    assert.deepEqual(here(), ['/dashboard/calls', day])
    await page.goBack()
    await chart.focus()
    for (const key of ['End', 'ArrowLeft', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
    await page.getByRole('heading', { name: 'Calls', level: 1 }).waitFor()
    assert.deepEqual(here(), ['/dashboard/calls', { ...day, client: 'dogwood' }])
    await page.goBack()
    // The lowest part of yesterday's column.
    const box = await chart.boundingBox()
    assert.ok(box)
    await page.locator('.chart g.is-partial').waitFor()
    const column = await page
      .locator('.chart svg > g:has(path)')
      .nth(-2)
      .locator('path')
      .first()
      .boundingBox()
    assert.ok(column)
    await page.mouse.click(column.x + column.width / 2, column.y + column.height - 1)
    await page.getByRole('heading', { name: 'Calls', level: 1 }).waitFor()
    assert.deepEqual(here(), ['/dashboard/calls', { ...day, client: 'dogwood' }])
  })

  test('a call is found by request id, key and status, and calls are sorted; the address keeps all of it', async t => {
    const { body } = await seeded().admin('GET', '/calls?client=frontend&limit=1&order=asc')
    const id = String(Reflect.get(Object(body.calls)[0], 'id'))
    const { page, open, faults } = await openDashboard(t)
    await open('/calls')
    const rows = page.locator('.is-calls tbody tr')
    await page.getByLabel('Request id').fill(id)
    await page.keyboard.press('Enter')
    await page.getByRole('complementary', { name: 'Call' }).getByText(id).waitFor()
    await until(async () => (await rows.count()) === 1)

    await open('/calls')
    await page.getByLabel('Key', { exact: true }).fill(seeded().key)
    await page.keyboard.press('Enter')
    const [, keyId] = seeded().key.split('_')
    await page.waitForURL(url => url.searchParams.get('key') === keyId)
    await page.getByLabel('Status').fill('2xx')
    await page.keyboard.press('Enter')
    await page.waitForURL(/status=2xx/)
    await page.getByRole('link', { name: 'Cost' }).click()
    await page.waitForURL(/sort=cost/)
    const head = page.getByRole('columnheader', { name: 'Cost' })
    await until(async () => (await head.getAttribute('aria-sort')) === 'descending')
    const costs = async () =>
      (await rows.locator('td:last-child').allInnerTexts()).map(text => Number(text.slice(1)))
    await until(async () => (await rows.count()) > 1)
    assert.deepEqual(
      await costs(),
      (await costs()).toSorted((a, b) => b - a),
    )
    assert.deepEqual(await faults(), [])
    await page.reload()
    await page.getByText('Not live with this filter or order').waitFor()
    assert.equal(await page.getByLabel('Status').inputValue(), '2xx')
    assert.equal(await page.getByLabel('Sort').inputValue(), 'cost')
    await page.getByLabel('Status').fill('418')
    await page.keyboard.press('Enter')
    await page.getByText('No call in the ledger has this status').waitFor()
  })

  test('alerts are filtered and show amounts in dollars, and the address keeps the filters', async t => {
    const outbox = createOutbox(seeded().app.pg, { webhook: false, leaseMs: 1000 })
    await outbox.add({
      ...{ kind: 'budget_threshold', dedupe: 'filtered', severity: 'warning', scope: 'client:cedar' },
      ...{ title: 'Filtered.', details: { percent: 80, limitUsd: 5, spentUsd: 4.123456789, reqId: 'r1' } },
      raisedAt: new Date(seeded().app.clock.now()),
    })
    await outbox.add({
      ...{ kind: 'ledger_behind', dedupe: 'other', severity: 'critical', scope: 'gateway' },
      ...{ title: 'Something else.', details: { pending: 12_000 } },
      raisedAt: new Date(seeded().app.clock.now()),
    })
    const { page, open, faults } = await openDashboard(t)
    await open('/alerts')
    await page.getByRole('row', { name: /Something else/ }).waitFor()
    await page.getByLabel('Severity').selectOption('warning')
    await page.getByLabel('Client').fill('cedar')
    await page.keyboard.press('Enter')
    await page.waitForURL(/severity=warning&client=cedar/)
    const row = page.getByRole('row', { name: /Filtered/ })
    await until(async () => (await page.locator('tbody tr').count()) === 1)
    assert.match(await row.innerText(), /Budget \$5\.00/)
    assert.match(await row.innerText(), /Spent \$4\.12(?!\d)/)
    await page.reload()
    await row.waitFor()
    assert.equal(await page.locator('tbody tr').count(), 1)
    assert.deepEqual(await faults(), [])
    await page.getByLabel('Delivery').selectOption('delivered')
    await page.getByText('No matching alerts').waitFor()
  })

  test('content that is cut off has a mark at its edge, and the arrow keys scroll it', async t => {
    const { page, open } = await openDashboard(t, { viewport: { width: 375, height: 800 } })
    await open('/limits')
    const card = page.getByRole('region', { name: 'Limits of teams' })
    await until(async () => (await card.getAttribute('data-more')) === 'right')
    await card.focus()
    await page.keyboard.press('ArrowRight')
    await until(async () => (await card.getAttribute('data-more')) === 'left right')
  })

  test('a failed first load keeps the panels in place, and each can be tried again', async t => {
    const { page, open, faults } = await openDashboard(t)
    await open('/alerts')
    await page.route('**/admin/**', route => route.abort())
    await open()
    const figures = page.getByRole('heading', { name: 'Spent today' }).locator('xpath=../..')
    await figures.getByText('Could not be loaded').first().waitFor()
    const chart = page.getByRole('region', { name: 'Spend over time' })
    await chart.getByText('The usage could not be loaded').waitFor()
    for (const name of ['Budgets', 'Refused', 'Alerts'])
      await page.getByRole('region', { name, exact: true }).getByRole('button', { name: 'Retry' }).waitFor()
    assert.deepEqual(await faults(), [])
    const failed = await chart.boundingBox()
    await page.unroute('**/admin/**')
    await figures.getByRole('button', { name: 'Retry' }).first().click()
    await chart.getByRole('button', { name: 'Retry' }).click()
    await chart.locator('.legend').waitFor()
    await page.locator('.figure-graph').first().waitFor()
    const after = await chart.boundingBox()
    assert.ok(failed && after && Math.abs(failed.y - after.y) < 30, `${failed?.y} became ${after?.y}`)
  })
}

/** Adds one call of a client to the sums of a day or an hour. */
async function addUsage(
  { app }: SeededGateway,
  table: 'usage_daily' | 'usage_hourly',
  client: string,
  at: string,
  usd: number,
) {
  const columns = ['ok', 'calls', 'cost_nanos']
  const zeros =
    'cached coalesced refused upstream_error client_gone interrupted lost gateway_error input_tokens cache_read_tokens cache_write_tokens output_tokens saved_nanos'
  const time = table === 'usage_daily' ? 'day' : 'hour'
  await app.pg.query(
    `insert into ${table} (client_id, client, team_id, team, model, ${time}, ${columns.join()}, ${zeros.replaceAll(' ', ',')})
     values ($1, $1, '', '', 'claude-haiku-4-5', $2, 1, 1, $3, ${zeros
       .split(' ')
       .map(() => 0)
       .join()})`,
    [client, at, Math.round(usd * 1e9)],
  )
}

/** The colour of each name in the chart. */
async function colours(page: Page, names: string[]): Promise<Map<string, string>> {
  const found = names.map(async name => {
    const swatch = page.locator('.legend tbody th', { hasText: name }).locator('.swatch')
    return [name, (await swatch.getAttribute('class')) ?? ''] as const
  })
  return new Map(await Promise.all(found))
}

/** The number of decimals in these cells. */
async function decimals(page: Page, cells: string): Promise<Set<number>> {
  return new Set((await page.locator(cells).allInnerTexts()).map(decimalsOf))
}

function decimalsOf(text: string): number {
  return text.replace('%', '').split('.')[1]?.length ?? 0
}
