/**
 * A real Chromium for tests of the dashboard. It is never downloaded: it is the system's, or there is none. Where there is
 * none a developer is told so in one line and the page's tests are left out; in CI its absence is a failure.
 */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { after } from 'node:test'
import { type Browser, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const ELSEWHERE = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']
const MISSING =
  'The dashboard was not tested: there is no Chromium. Install it (Debian: apt-get install chromium), or name one in CHROMIUM_PATH.'
/** Its own network services would only look for hosts that are not there. */
const QUIET = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

export function findChromium(): string | undefined {
  const given = process.env.CHROMIUM_PATH
  if (given) return given
  const folders = (process.env.PATH ?? '').split(delimiter)
  const candidates = folders.flatMap(folder => NAMES.map(name => join(folder, name)))
  return [...candidates, ...ELSEWHERE].find(isProgram)
}

export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: QUIET })
}

/** One browser for a file's tests. Undefined: there is none, and that was said. */
export async function testBrowser(): Promise<Browser | undefined> {
  const path = findChromium()
  if (path === undefined && process.env.CI) throw new Error(MISSING)
  if (path === undefined) {
    console.error(MISSING)
    return undefined
  }
  const browser = await launchChromium(path)
  after(() => browser.close())
  return browser
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
