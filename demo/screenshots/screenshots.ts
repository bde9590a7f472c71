/**
 * `npm run screenshots`: the pictures of the dashboard, docs/images/*.png, with the data of an invented company. It needs
 * a Chromium. The data is the same in each run.
 */

import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { findChromium, QUIET } from './chromium.ts'
import { type Stage, setStage } from './stage.ts'

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const PORT = 4610

interface Picture {
  name: string
  path: string
  scheme?: 'light' | 'dark'
  size?: { width: number; height: number }
  /** A link to click before the picture is taken. */
  open?: string
}

const pictures: Picture[] = [
  { name: 'overview', path: '' },
  { name: 'calls', path: '/calls', scheme: 'dark', open: 'tbody .row-link >> nth=3' },
]

const executablePath = findChromium()
if (executablePath === undefined) {
  console.error(
    'There is no Chromium. Install it (Debian: apt-get install chromium), or name one in CHROMIUM_PATH.',
  )
  process.exit(1)
}
await mkdir(FOLDER, { recursive: true })
console.log('Starting real servers and writing weeks of invented calls …')
const stage = await setStage(PORT)
const browser = await chromium.launch({ executablePath, args: QUIET })
try {
  await stage.play(24)
  for (const picture of pictures) {
    await take(browser, stage, picture)
    console.log(`docs/images/${picture.name}.png`)
  }
} finally {
  await browser.close()
  await stage.stop()
}

async function take(
  browser: Browser,
  { url, adminToken, play }: Stage,
  { name, path, scheme = 'light', size = { width: 1280, height: 860 }, open }: Picture,
): Promise<void> {
  const context = await browser.newContext({ viewport: size, colorScheme: scheme, reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.addInitScript(token => sessionStorage.setItem('tollgate-token', token), adminToken)
  await page.goto(`${url}/dashboard${path}`)
  await page.locator('h1').waitFor()
  await page.locator('.loading').first().waitFor({ state: 'detached' })
  if (open) await page.locator(open).first().click()
  await play(3)
  await page.locator('.loading').first().waitFor({ state: 'detached' })
  await page.evaluate('document.fonts.ready')
  await page.screenshot({ path: `${FOLDER}${name}.png` })
  await context.close()
}
