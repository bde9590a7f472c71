/**
 * A real Chromium for tests of the dashboard: the system's, if there is one. Without it a message informs a developer
 * in one line and the page's tests are skipped; in CI its absence is a failure.
 */

import { after } from 'node:test'
import { type Browser, chromium } from 'playwright-core'
import { findChromium, QUIET } from '../demo/screenshots/chromium.ts'

const MISSING =
  'The dashboard was not tested: there is no Chromium. Install it (Debian: apt-get install chromium), or name one in CHROMIUM_PATH.'

/** One browser for a file's tests. Undefined: there is none, and the message was printed. */
export async function testBrowser(): Promise<Browser | undefined> {
  const executablePath = findChromium()
  if (executablePath === undefined && process.env.CI) throw new Error(MISSING)
  if (executablePath === undefined) {
    console.error(MISSING)
    return undefined
  }
  const browser = await chromium.launch({ executablePath, args: QUIET })
  after(() => browser.close())
  return browser
}
