/** The page of upstreams, and a call with several attempts, in a real Chromium. */

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { testBrowser } from '../browser.ts'
import { message, startGateway } from '../gateway.ts'
import { type Routed, startRouted } from '../routed.ts'
import { until } from '../until.ts'
import { openPage } from './page.ts'

const browser = await testBrowser()

if (browser) scenarios(browser)

function scenarios(chromium: Browser) {
  let routed: Routed<'first' | 'second'>
  before(async t => {
    routed = await startRouted(t, {
      names: ['first', 'second'],
      routes: [
        { models: ['claude-haiku-*'], order: ['first', 'second'] },
        {
          models: ['fast'],
          targets: [
            { upstream: 'first', model: 'gpt-6-luna', weight: 3 },
            { upstream: 'second', model: 'gpt-6-luna', weight: 1 },
          ],
          sticky: 'client',
        },
      ],
      upstreams: {
        first: { keys: [{ env: 'KEY_OF_FIRST' }, { env: 'OTHER' }], timeoutSeconds: 0.5 },
        second: { models: { 'claude-haiku-*': 'own-haiku-*', 'gpt-*': 'gpt-*' }, limits: { concurrency: 9 } },
      },
      options: { env: { OTHER: 'another-key-of-first' } },
    })
    const { gateway, providers } = routed
    const key = await gateway.client({ name: 'frontend' })
    providers.first.next('silent', 'status 401')
    for (const prompt of ['one', 'two'])
      await (await gateway.post('/v1/messages', key, message(prompt))).arrayBuffer()
    await until(async () => {
      const { calls } = (await gateway.admin('GET', '/calls')).body
      return Array.isArray(calls) && calls.length === 3
    })
  })

  for (const colorScheme of ['light', 'dark'] as const)
    test(`in the ${colorScheme} the page shows health, circuits and routes, on a phone too, without faults`, async t => {
      const viewport = colorScheme === 'dark' ? { width: 390, height: 844 } : { width: 1280, height: 1000 }
      const { page, open, complaints, faults } = await openPage(t, chromium, routed.gateway, {
        viewport,
        colorScheme,
      })
      await open('/upstreams')

      const list = page.getByRole('region', { name: 'List of upstreams' })
      const first = list.getByRole('row', { name: /first/ })
      await first.getByText('Degraded').waitFor()
      await first.getByText('1 set aside').waitFor()
      const second = list.getByRole('row', { name: /second/ })
      await second.getByText('OK', { exact: true }).waitFor()
      await second.getByText('of 9').waitFor()
      await page
        .getByRole('region', { name: 'List of circuits' })
        .getByText('the provider answered 401')
        .waitFor()
      const routes = page.getByRole('region', { name: 'List of routes' })
      await routes.getByRole('row', { name: /fast/ }).getByText('75% of calls').waitFor()
      assert.deepEqual(await faults(), [])
      assert.doesNotMatch(await page.content(), /key-of-first/)
      const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
      assert.ok(width <= viewport.width, `it is ${width} wide`)
      assert.deepEqual(complaints, [])
    })

  test('the page is reached, and an upstream is checked, by keyboard', async t => {
    const { page, open, complaints } = await openPage(t, chromium, routed.gateway)
    await open('/')
    await page.keyboard.press('g')
    await page.keyboard.press('u')
    await page.getByRole('heading', { name: 'Upstreams', level: 1 }).waitFor()
    await page.getByText('2 mapped').focus()
    await page.keyboard.press('Enter')
    await page.getByText('claude-haiku-* → own-haiku-*').waitFor()

    await page.getByRole('button', { name: 'Check all' }).focus()
    await page.keyboard.press('Enter')

    const results = page.getByRole('region', { name: 'Results of the check' })
    await results.getByRole('row', { name: /second Yes lists 4 models/ }).waitFor()
    await results.getByText('Key 2 accepted').waitFor()
    assert.deepEqual(complaints, [])
  })

  test('a call that was tried again is marked, and shows its attempts and their cost', async t => {
    const { page, open } = await openPage(t, chromium, routed.gateway)
    await open('/calls')
    await page.getByText('attempt 2').first().waitFor()
    const { calls } = (await routed.gateway.admin('GET', '/calls')).body
    const ids = Array.isArray(calls) ? calls.map(({ id }) => String(id)) : []
    const attempt = ids.find(id => id.endsWith('~2'))

    await open(`/calls?call=${attempt}`)

    const panel = page.getByRole('complementary', { name: 'Call' })
    await panel.getByRole('heading', { name: 'Attempts' }).waitFor()
    await panel.getByText(/^first\/claude-haiku-4-5: .*charged \$/).waitFor()
    await panel.getByText(String(attempt)).first().waitFor()
    await panel.getByText('own-haiku-4-5').waitFor()
  })

  test('a faulty file is named, and a failure of the request is shown', async t => {
    const { gateway, write } = await startRouted(t, { names: ['first'] })
    await write('upstreams: [')
    await until(async () => (await gateway.admin('GET', '/upstreams')).body.fault)
    const { page, open } = await openPage(t, chromium, gateway)

    await open('/upstreams')

    await page.getByRole('status').getByText('UPSTREAMS_FILE is faulty').waitFor()
    await page.route('**/admin/upstreams', route => route.abort())
    await page.getByText('Outdated: The gateway does not respond').waitFor()
  })

  test('without a file there are no routes and no open circuits', async t => {
    const gateway = await startGateway(t)
    const { page, open } = await openPage(t, chromium, gateway)

    await open('/upstreams')

    await page.getByText('All circuits are closed').waitFor()
    await page.getByText('No routes').waitFor()
  })
}
