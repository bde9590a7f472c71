/** Somebody at the dashboard of a real gateway: a tab of its own, signed in, and everything it complains about. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { ADMIN_TOKEN, type Gateway } from '../gateway.ts'
import { whenOver } from '../when-over.ts'

export interface DashboardPage {
  page: Page
  /** Comes to the page, or goes on to another view of it, and waits until it has what it shows. */
  open(path?: string): Promise<void>
  /** Serious and critical faults that axe finds in what is shown now. */
  faults(): Promise<string[]>
  /** What the console was told, and what nobody caught. */
  complaints: string[]
}

const WAIT = 15_000
const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const SIGNED_IN = 'tollgate-token'

/** As a link within the page does it, which is sooner than loading it again. */
const turnTo = (address: string) =>
  `history.pushState(null, '', ${JSON.stringify(address)}); dispatchEvent(new PopStateEvent('popstate'))`

export async function openPage(
  t: TestContext,
  browser: Browser,
  gateway: Pick<Gateway, 'url'>,
  { token = ADMIN_TOKEN, ...options }: BrowserContextOptions & { token?: string } = {},
): Promise<DashboardPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  })
  whenOver(t, () => context.close())
  context.setDefaultTimeout(WAIT)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', told => {
    if (told.type() === 'error' || told.type() === 'warning') complaints.push(told.text())
  })
  page.on('pageerror', error => complaints.push(String(error)))
  if (token)
    await page.addInitScript(([name, value]) => sessionStorage.setItem(name, value), [
      SIGNED_IN,
      token,
    ] as const)
  return {
    page,
    complaints,
    async open(path = '') {
      const address = `${gateway.url}/dashboard${path}`
      if (page.url().startsWith(gateway.url)) await page.evaluate(turnTo(address))
      else await page.goto(address)
      await page
        .locator('h1')
        .waitFor()
        .catch(async cause => {
          const shown = await page.locator('body').innerText()
          throw new Error(
            `nothing is shown at ${path || '/'}: ${JSON.stringify(shown)} ${complaints.join('; ')}`,
            { cause },
          )
        })
      await page.locator('.loading').first().waitFor({ state: 'detached' })
    },
    async faults() {
      // Past the page's policy, as the browser's own tools are.
      await page.evaluate(AXE)
      const found: unknown = await page.evaluate(
        `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`,
      )
      assert.ok(Array.isArray(found))
      return found.map(String)
    },
  }
}
