/** The dashboard with 10,000 clients: every list is searched, ordered and paged on the server. */

import assert from 'node:assert/strict'
import { before, type TestContext, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { testBrowser } from '../browser.ts'
import { type Gateway, startGateway } from '../gateway.ts'
import { until } from '../until.ts'
import { seedClients } from './many-clients.ts'
import { type DashboardPage, openPage, type PageOptions } from './page.ts'

const COUNT = 10_000
/** A client that is neither among the first by name nor among the last. */
const FULLEST = 7777

const browser = await testBrowser()

if (browser) scenarios(browser)

function scenarios(chromium: Browser) {
  let gateway: Gateway
  before(async t => {
    gateway = await startGateway(t)
    await seedClients(gateway, COUNT, {
      spentUsd: client => (client === FULLEST ? 9.9 : (client % 100) / 20),
    })
  })
  const openDashboard = (t: TestContext, options?: PageOptions): Promise<DashboardPage> =>
    openPage(t, chromium, gateway, options)

  test('the fullest of 10,000 budgets is on top, and the chart has all spend', async t => {
    const { page, open, faults, complaints } = await openDashboard(t)
    await open()
    const budgets = page.getByRole('region', { name: 'Budgets' })
    await budgets.getByRole('row', { name: 'c-07777' }).waitFor()
    const rows = await budgets.locator('tbody tr').allInnerTexts()
    assert.match(rows[0] ?? '', /^c-07777\s+client, a day\s+\$9\.90\s+of \$10\.00\s+99\.0%/)
    assert.equal(rows.length, 10)
    // Each hundred clients spend $0 to $4.95; client 7777 spends $9.90 instead.
    const total = (COUNT / 100) * 247.5 - 3.85 + 9.9
    const legend = page.locator('.legend')
    await legend.getByText('All others').waitFor()
    assert.match(
      await legend.locator('tfoot').innerText(),
      new RegExp(`\\$${total.toLocaleString('en-US', { maximumFractionDigits: 2 }).replace('.', '[.]')}$`),
    )
    assert.deepEqual([await faults(), complaints], [[], []])
  })

  test('a search finds the last of 10,000 clients, and pages reach all', async t => {
    const { page, open, complaints } = await openDashboard(t)
    await open('/clients')
    await page.getByText('10,000 clients', { exact: true }).waitFor()
    const first = page.locator('tbody th .row-link').first()
    assert.equal(await first.innerText(), 'c-00001')
    await page.getByRole('link', { name: 'Next page' }).click()
    await page.getByRole('link', { name: 'c-00051' }).waitFor()
    await page.getByLabel('Find', { exact: true }).fill('C-10000')
    await page.getByText('1 client found').waitFor()
    await page.getByRole('link', { name: 'c-10000' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Next page' }).count(), 0)
    await page.getByRole('link', { name: 'Clear' }).click()
    await page.getByLabel('Order').selectOption('budget')
    await until(async () => (await first.innerText()) === 'c-07777')

    const seen = new Set<string>()
    let cursor = ''
    do {
      const { body } = await gateway.admin('GET', `/clients?limit=1000&sort=budget${cursor}`)
      for (const { name } of body.clients as { name: string }[]) seen.add(name)
      cursor = body.next === undefined ? '' : `&cursor=${body.next}`
    } while (cursor)
    assert.equal(seen.size, COUNT)
    assert.deepEqual(complaints, [])
  })

  test('a client is picked by its name with the keyboard, and a team has its own page', async t => {
    const { page, open, faults, complaints } = await openDashboard(t, {
      viewport: { width: 390, height: 844 },
    })
    await open('/calls')
    const client = page.getByRole('combobox', { name: 'Client' })
    await client.fill('c-0999')
    await page.getByRole('option', { name: 'c-09990' }).waitFor()
    assert.deepEqual(await faults(), [], 'an open picker')
    await client.press('ArrowDown')
    await client.press('ArrowDown')
    await client.press('Enter')
    await page.waitForURL(/client=c-09991/)
    assert.equal(await page.getByRole('listbox').count(), 0)

    await open('/clients?find=c-07777')
    await page.getByRole('link', { name: 't-2' }).click()
    await page.getByRole('heading', { name: 't-2', level: 1 }).waitFor()
    const members = page.getByRole('region', { name: 'Clients' })
    await members.getByText('2,000', { exact: true }).waitFor()
    assert.match(await members.locator('tbody tr').first().innerText(), /^c-07777/)
    await page.getByText('All others').first().waitFor()
    assert.deepEqual(await faults(), [], 'a team')
    for (const path of ['/teams', '/teams/t-2', '/limits', '/clients']) {
      await open(path)
      const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
      assert.ok(width <= 390, `${path} is ${width} wide`)
      assert.deepEqual(await faults(), [], path)
    }
    assert.deepEqual(complaints, [])
  })
}
