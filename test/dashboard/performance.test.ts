/** Charts of performance in a real Chromium: values, range, comparison and download. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { testBrowser } from '../browser.ts'
import { openPage } from './page.ts'
import { type SeededGateway, startSeededGateway } from './seed.ts'

const browser = await testBrowser()

if (browser) scenarios(browser)

function scenarios(chromium: Browser) {
  let seeded: SeededGateway
  before(async t => {
    seeded = await startSeededGateway(t)
  })

  test('charts show latency, first token and errors; range and comparison change them; the file has the rows', async t => {
    const { page, open, complaints, faults } = await openPage(t, chromium, seeded, {
      viewport: { width: 375, height: 800 },
    })
    await open('/performance')
    for (const title of ['Latency, p95', 'Time to first token, p95', 'Error rate'])
      await page.getByRole('region', { name: title, exact: true }).locator('canvas').waitFor()
    assert.deepEqual(await faults(), [])
    const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
    assert.ok(width <= 375, `it is ${width} wide`)
    const latency = page.getByRole('region', { name: 'Latency, p95', exact: true })
    // The table beside the drawing has a number for the model.
    assert.match(String(await latency.locator('table').textContent()), /claude-haiku-4-5.*\d ?m?s/)
    await latency.locator('.chart-place').focus()
    await page.keyboard.press('End')
    await latency.locator('.chart-reading strong').waitFor()

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download CSV' }).click(),
    ])
    const [head, ...rows] = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n')
    assert.match(String(head), /^at,model,calls,errors,latency_ms_p50,ttft_ms_p50,/)
    assert.ok(
      rows.length >= 1 && rows.every(row => /^20\d\d-[^,]+,[^,]+,\d+,\d+,/.test(row)),
      rows.join('\n'),
    )

    await page.getByRole('button', { name: 'Upstream', exact: true }).click()
    await page.getByRole('region', { name: 'By upstream', exact: true }).waitFor()
    await page.getByLabel('From').fill('2026-01-01T00:00')
    await page.getByLabel('to', { exact: true }).fill('2026-01-02T00:00')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('No calls in this period').waitFor()
    assert.match(page.url(), /from=2026-01-01T00%3A00&to=2026-01-02T00%3A00/)
    await page.goBack()
    await page.getByRole('region', { name: 'By upstream', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Compare with the previous period' }).click()
    await page.waitForURL(/compare=no/)
    assert.deepEqual(complaints, [])
  })

  test('a file cannot carry a formula, and keeps commas, quotes and line ends', async t => {
    const { page, open } = await openPage(t, chromium, seeded)
    await open('/performance')
    const address = await page.locator('script[type=module]').getAttribute('src')
    const text = await page.evaluate(
      `import(${JSON.stringify(address?.replace('main.js', 'components/csv.js'))}).then(({ csvText }) =>
        csvText(['a', 'b'], [['=1+1', -1], ['+a', '-b'], ['@c', ' =d'], ['a,"b"\\n', null], ['é', 0.5]]))`,
    )
    assert.equal(text, `a,b\r\n'=1+1,-1\r\n'+a,'-b\r\n'@c,' =d\r\n"a,""b""\n",\r\né,0.5\r\n`)
  })
}
