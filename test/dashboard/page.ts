/** A signed-in tab at the dashboard of a real gateway, and its console errors. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page, ViewportSize } from 'playwright-core'
import { ADMIN_TOKEN, type Gateway } from '../gateway.ts'
import { whenOver } from '../when-over.ts'

export interface DashboardPage {
  page: Page
  /** Opens a view and waits until its data is loaded. */
  open(path?: string): Promise<void>
  /** Serious and critical faults that axe finds in the current view. */
  faults(): Promise<string[]>
  /** Errors and warnings of the console, and uncaught errors. */
  complaints: string[]
}

export interface PageOptions {
  /** Empty: the page begins signed out. */
  token?: string
  viewport?: ViewportSize
  colorScheme?: 'light' | 'dark'
  /** For a test that sets the clock: Playwright sets the clock of all tabs of a context. */
  ownContext?: boolean
}

const WAIT = 15_000
const DESKTOP = { width: 1280, height: 900 }
const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const SIGNED_IN = 'tollgate-token'

/** Like a link within the page, which is faster than a reload. */
const turnTo = (address: string) =>
  `history.pushState(null, '', ${JSON.stringify(address)}); dispatchEvent(new PopStateEvent('popstate'))`

/** A new context costs about 0.4 s of CPU time, so the tests of a browser share one. */
const shared = new WeakMap<Browser, Promise<BrowserContext>>()

function sharedContext(browser: Browser): Promise<BrowserContext> {
  const context = shared.get(browser) ?? newContext(browser)
  shared.set(browser, context)
  return context
}

async function newContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: 'reduce' })
  context.setDefaultTimeout(WAIT)
  return context
}

/** Removes the cookies and the local storage of earlier tests. Session storage and routes end with their tab. */
async function forgetOrigin(page: Page, url: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Storage.clearDataForOrigin', { origin: new URL(url).origin, storageTypes: 'all' })
  await devtools.detach()
}

export async function openPage(
  t: TestContext,
  browser: Browser,
  gateway: Pick<Gateway, 'url'>,
  { token = ADMIN_TOKEN, viewport, colorScheme, ownContext = false }: PageOptions = {},
): Promise<DashboardPage> {
  const context = await (ownContext ? newContext(browser) : sharedContext(browser))
  const page = await context.newPage()
  whenOver(t, () => (ownContext ? context.close() : page.close()))
  await forgetOrigin(page, gateway.url)
  if (viewport) await page.setViewportSize(viewport)
  if (colorScheme) await page.emulateMedia({ colorScheme })
  const complaints: string[] = []
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
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
      // The policy of the page does not apply to this script. A turn to another view keeps it, a reload does not.
      if (!(await page.evaluate('"axe" in window'))) await page.evaluate(AXE)
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
