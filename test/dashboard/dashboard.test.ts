/** The dashboard in a real Chromium, with a real gateway. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, type TestContext, test } from 'node:test'
import type { Browser, Locator, Page } from 'playwright-core'
import { testBrowser } from '../browser.ts'
import { ADMIN_TOKEN, message } from '../gateway.ts'
import { until } from '../until.ts'
import { dayToDay, writePast } from './day-to-day.ts'
import { type DashboardPage, openPage, type PageOptions } from './page.ts'
import { type SeededGateway, startSeededGateway } from './seed.ts'

const browser = await testBrowser()

if (browser) scenarios(browser)

function scenarios(chromium: Browser) {
  let gateway: SeededGateway
  before(async t => {
    gateway = await startSeededGateway(t)
    await writePast(gateway)
  })
  const openDashboard = (t: TestContext, options?: PageOptions): Promise<DashboardPage> =>
    openPage(t, chromium, gateway, options)
  dayToDay(openDashboard, () => gateway)

  test('sign-in with a token opens the view of the address', async t => {
    const { page, complaints } = await openDashboard(t, { token: '' })
    await page.goto(`${gateway.url}/dashboard/clients`)
    await page.getByLabel('Admin token').fill(ADMIN_TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Clients', level: 1 }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Clients', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Admin token').waitFor()
    assert.deepEqual(complaints, [])
  })

  test('a wrong token shows an error', async t => {
    const { page } = await openDashboard(t, { token: '' })
    await page.goto(`${gateway.url}/dashboard`)
    await page.getByLabel('Admin token').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('This token is not valid').waitFor()
  })

  test("the overview shows today's spend from the counters", async t => {
    const { page, open, complaints } = await openDashboard(t)
    await open()
    const spent = Number((await gateway.state('frontend')).day?.spentUsd)
    const figure = page.locator('.figure', { hasText: 'Spent today' })
    await figure.getByText('left of $100').waitFor()
    const shown = Number((await figure.locator('.figure-value').innerText()).replace('$', ''))
    assert.ok(spent > 0 && Math.abs(shown - spent) <= spent * 0.05, `${shown} is shown, ${spent} was spent`)
    await page
      .getByRole('row', { name: /frontend/ })
      .first()
      .waitFor()
    assert.deepEqual(complaints, [])
  })

  test('a refused call shows its reason and what to do', async t => {
    const { page, open } = await openDashboard(t)
    await open('/refusals')
    await page.getByRole('link', { name: 'Request exceeds budget' }).click()
    const why = page.getByRole('complementary', { name: 'Reason' })
    await why.getByText('Advice:').waitFor()
    await why.getByText('Client poor', { exact: false }).first().waitFor()
    await page
      .getByRole('region', { name: 'Refused calls' })
      .getByRole('row', { name: /Model not allowed/ })
      .getByRole('link')
      .click()
    const call = page.getByRole('complementary', { name: 'Call' })
    await call.getByText('claude-opus-5-5').first().waitFor()
    await page.reload()
    await call.getByText('Add the model').waitFor()
  })

  test('the explanation of a rate-limited call names every limit that can refuse it', async t => {
    const key = await gateway.client({ name: 'hasty', limits: { requests: { capacity: 1, per: '1d' } } })
    for (const prompt of ['first', 'second']) await gateway.post('/v1/messages', key, message(prompt))
    await until(async () => {
      const { rows } = (await gateway.admin('GET', '/refusals?reason=rate_limited')).body
      return Array.isArray(rows) && rows.length > 0
    })
    const { page, open } = await openDashboard(t)
    await open('/refusals')
    await page.getByRole('link', { name: 'Rate limit reached' }).first().click()
    const why = page.getByRole('complementary', { name: 'Reason' })
    await why.getByText('requests, tokens, calls at once or token counting (count_tokens)').waitFor()
  })

  test('a key is made, shown once, used, and revoked after a confirmation', async t => {
    const { page, open, complaints } = await openDashboard(t)
    await open('/clients/frontend')
    await page.getByRole('button', { name: 'New key' }).click()
    await page.getByRole('button', { name: 'Create key' }).click()
    const key = await page.getByLabel('The key', { exact: true }).innerText()
    assert.equal((await gateway.post('/v1/messages', key, message('with the new key'))).status, 200)
    await page.getByRole('button', { name: 'Done' }).click()
    assert.equal((await page.content()).includes(key), false)

    const [, id = ''] = key.split('_')
    await page.getByRole('button', { name: `Revoke ${id}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click()
    await page.getByRole('row', { name: id }).getByText('Revoked').waitFor()
    await until(async () => (await gateway.post('/v1/messages', key, message('too late'))).status === 403)
    assert.deepEqual(complaints, [])
  })

  test("an administrator's token is made, shown once, used, and revoked after a confirmation", async t => {
    const { page, open, complaints } = await openDashboard(t)
    await open('/access')
    const tokens = page.getByRole('region', { name: 'Tokens' })
    await tokens.getByRole('row', { name: 'ADMIN_TOKEN' }).first().waitFor()
    assert.equal(await page.getByRole('button', { name: 'Revoke ADMIN_TOKEN' }).count(), 0)
    await page.getByRole('button', { name: 'New token' }).click()
    await page.getByLabel('Name').fill('deployer')
    await page.getByLabel('Role').selectOption('admin')
    await page.getByLabel('Expires').selectOption('90')
    await page.getByRole('button', { name: 'Create token' }).click()
    const token = await page.getByLabel('The token', { exact: true }).innerText()
    const whoami = () =>
      fetch(`${gateway.url}/admin/whoami`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal((await whoami()).status, 200)
    await page.getByRole('button', { name: 'Done' }).click()
    assert.equal((await page.content()).includes(token), false)

    const row = tokens.getByRole('row', { name: 'deployer' })
    await row.getByRole('cell', { name: 'in 89 d' }).waitFor()
    await page.getByRole('button', { name: 'Revoke deployer' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click()
    await row.waitFor({ state: 'detached' })
    await until(async () => (await whoami()).status === 401)
    assert.deepEqual(complaints, [])
  })

  test("a client's page links to its changes, with author, old and new budget", async t => {
    await gateway.admin('PATCH', '/clients/spare', { budget: { day: 3.25 } })
    const { page, open, complaints } = await openDashboard(t)
    await open('/clients/spare')
    await page.getByRole('link', { name: 'Change history' }).click()
    await page.waitForURL(/target=client%3Aspare/)
    const change = page.getByRole('row', { name: /Client changed/ })
    const shown = await change.innerText()
    assert.match(shown, /ADMIN_TOKEN/)
    assert.match(shown, /Budget a day\s+\$2\s+became\s+\$3\.25/)
    assert.doesNotMatch(shown, /Models/)
    assert.deepEqual(complaints, [])
  })

  test('changes are filtered by author, and paged', async t => {
    const made = await gateway.admin('POST', '/tokens', { name: 'ci', role: 'admin' })
    const ci = { authorization: `Bearer ${made.body.token}`, 'content-type': 'application/json' }
    for (let day = 1; day <= 51; day++)
      await fetch(`${gateway.url}/admin/clients/spare`, {
        method: 'PATCH',
        headers: ci,
        body: JSON.stringify({ budget: { month: day } }),
      })
    const { page, open } = await openDashboard(t)
    await open('/changes')
    await page.getByLabel('Author').fill('ci')
    await page.keyboard.press('Enter')
    await page.waitForURL(/who=ci/)
    await page.getByText('$51').waitFor()
    assert.equal(await page.locator('tbody tr').count(), 50)
    await page.getByRole('link', { name: 'Older changes' }).click()
    const oldest = page.getByRole('row', { name: /Budget a month not set became \$1/ })
    await oldest.waitFor()
    assert.equal(await page.locator('tbody tr').count(), 1)
    await page.goBack()
    await page.getByText('$51').waitFor()
  })

  test('a budget is changed, and a fault appears at its field', async t => {
    const { page, open } = await openDashboard(t)
    await open('/clients/poor')
    await page.getByRole('button', { name: 'Change settings' }).click()
    const budget = page.getByLabel('A day')
    await budget.fill('a lot')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('expected a number of US dollars').waitFor()
    await budget.fill('7.50')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByText('of $7.50').first().waitFor()
    assert.deepEqual((await gateway.admin('GET', '/clients/poor')).body.budget, { day: 7.5 })
  })

  test('the hold and the maximum wait of a client are set, a fault appears at its field, and its page shows them', async t => {
    const { page, open, faults, complaints } = await openDashboard(t)
    await open('/clients/spare')
    const settings = page.locator('section', {
      has: page.getByRole('heading', { name: 'Settings', exact: true }),
    })
    await settings.getByText(/^Growing Holds the input/).waitFor()
    await page.getByRole('button', { name: 'Change settings' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('the gateway ends a call when a budget has no room').waitFor()
    await dialog.getByLabel('Hold of a budget').selectOption('ceiling')
    await dialog.getByText('no budget ends a running call').waitFor()
    const wait = dialog.getByLabel('Maximum wait, ms')
    await wait.fill('20000')
    assert.deepEqual(await faults(), [])
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('expected a whole number of milliseconds from 0 to 10000').waitFor()
    await wait.fill('2,000')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    await settings.getByText(/^Ceiling Holds the input/).waitFor()
    await settings.getByText('2 s before a 429').waitFor()
    const { body } = await gateway.admin('GET', '/clients/spare')
    assert.deepEqual([body.hold, body.limits], ['ceiling', { maxWaitMs: 2000 }])

    await page.getByRole('link', { name: 'Change history' }).click()
    const change = page.getByRole('row', { name: /Hold not set became ceiling/ })
    assert.match(await change.innerText(), /Maximum wait, ms\s+not set\s+became\s+2,000/)
    const refused = complaints.filter(text => !text.includes('400 (Bad Request)'))
    assert.deepEqual(refused, [])
  })

  test('a new client with an unknown team and an unknown model', async t => {
    const { page, open, faults } = await openDashboard(t)
    await open('/clients')
    await page.getByRole('button', { name: 'New client' }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('Name').fill('newcomer')
    await form.getByLabel('Team').fill('wbe')
    await form.getByLabel('Models').fill('claude-haiku-4-5, gpt-6-lunna')
    await form.getByRole('button', { name: 'Create client' }).click()
    await form.getByText('expected a team that exists. Did you mean web?').waitFor()
    assert.equal((await gateway.admin('GET', '/clients/newcomer')).status, 404)
    await form.getByLabel('Create this team').check()
    assert.deepEqual(await faults(), [])
    await form.getByRole('button', { name: 'Create client' }).click()
    await page.getByRole('heading', { name: 'newcomer is saved, with a warning' }).waitFor()
    await page.getByText('Did you mean gpt-6-luna?', { exact: false }).waitFor()
    assert.deepEqual(await faults(), [])
    await page.getByRole('button', { name: 'Understood' }).click()
    await page.getByRole('heading', { name: 'newcomer', level: 1 }).waitFor()
    assert.equal((await gateway.admin('GET', '/clients/newcomer')).body.team, 'wbe')
  })

  test('an estimated call shows its hold, its estimate and that it had no bound', async t => {
    const response = await gateway.post('/v1/messages', gateway.key, message('to be estimated'))
    const id = response.headers.get('request-id')
    await until(async () => (await gateway.admin('GET', `/calls/${id}`)).status === 200)
    await gateway.app.pg.query(
      'update calls set estimated = true, estimate = $2, unbounded = true, held_nanos = 5000000 where id = $1',
      [id, 'input: reported; output: 3.0 s x 240 tokens/s'],
    )
    const { page, open, faults, complaints } = await openDashboard(t)
    await open(`/calls?call=${id}`)
    const panel = page.getByRole('complementary', { name: 'Call' })
    await panel.getByText('Unbounded', { exact: true }).waitFor()
    await panel.getByText('input: reported; output: 3.0 s x 240 tokens/s').waitFor()
    await panel.getByText('so it may cost more than its hold').waitFor()
    await panel.getByText('$0.005', { exact: false }).first().waitFor()
    assert.deepEqual([await faults(), complaints], [[], []])
  })

  test('the alert about an upstream faster than its output rate has an explanation and advice', async t => {
    gateway.app.alerts.raise({
      kind: 'output_rate_exceeded',
      dedupe: 'output_rate_exceeded',
      severity: 'critical',
      scope: 'upstream:ezai',
      title: 'claude-haiku-4-5 came at 900 tokens/s.',
      details: { model: 'claude-haiku-4-5' },
    })
    await until(async () =>
      JSON.stringify((await gateway.admin('GET', '/alerts')).body).includes('900 tokens/s'),
    )
    const { page, open } = await openDashboard(t)
    await open('/alerts')
    const row = page.getByRole('row', { name: /900 tokens/ })
    await row.getByText('An upstream generates faster than the price table states.').waitFor()
    await row.getByText('Raise maxOutputTokensPerSecond').waitFor()
  })

  test('explain shows the hold that applies to client and model', async t => {
    const { page, open } = await openDashboard(t)
    await open('/explain?client=frontend&model=claude-haiku-4-5')
    await page.getByText(/A running call holds its input and/).waitFor()
  })

  test('a provider that refuses the key is named on the overview and in explain, until a call is accepted', async t => {
    const { page, open } = await openDashboard(t)
    const call = async () =>
      (await gateway.post('/v1/messages', gateway.key, message(`circuit ${Math.random()}`))).status
    gateway.provider.next('status 401')
    assert.equal(await call(), 502)
    await open()
    const notice = page.getByRole('status').filter({ hasText: 'An upstream or a key is set aside' })
    await notice.getByText(/ezai for claude-haiku-4-5 since .*: the provider answered 401/).waitFor()
    await open('/explain?client=frontend&model=claude-haiku-4-5')
    await page.getByText('Its circuit is not closed: the provider answered 401.').first().waitFor()
    await until(async () => (await call()) === 200)
    await open()
    await notice.waitFor({ state: 'detached' })
  })

  test('finished calls appear live, and refused calls with their reason', async t => {
    const { page, open, complaints } = await openDashboard(t)
    await open('/calls')
    await page.getByText('Live', { exact: true }).waitFor()
    const rows = page.locator('tbody tr')
    const before = await rows.count()
    // The replicas check once a second for viewers. Calls before that are not sent.
    await until(async () => {
      await gateway.post('/v1/messages', gateway.key, message(`live ${Math.random()}`))
      await gateway.post('/v1/messages', gateway.key, message('not mine', { model: 'claude-opus-5-5' }))
      return (await page.getByText('Model not allowed').count()) > 0
    })
    assert.ok((await rows.count()) > before)
    // By the keyboard, because new calls move the row.
    await page
      .locator('tr', { hasText: 'Model not allowed' })
      .first()
      .getByRole('link')
      .first()
      .press('Enter')
    await page.getByRole('complementary', { name: 'Call' }).getByText('Add the model').waitFor()
    assert.deepEqual(complaints, [])
  })

  test('each list and chart is downloaded as CSV, with its names', async t => {
    const { page, open, complaints } = await openDashboard(t)
    const files: [path: string, region: string, head: string, name: string][] = [
      ['', 'Spend over time', 'time,client,calls,costUsd', 'frontend'],
      ['', 'Budgets', 'kind,name,period,limitUsd', 'frontend'],
      ['/limits', 'Teams', 'name,budgetDayUsd,spentDayUsd', 'web'],
      ['/limits', 'Clients', 'name,budgetDayUsd,spentDayUsd', 'frontend'],
      ['/teams/web', 'Spend', 'time,client,calls,costUsd', 'frontend'],
      ['/teams/web', 'Clients', 'name,team,models,disabled', 'frontend'],
      ['/clients/frontend', 'Spend by model', 'time,model,calls,costUsd', 'claude-haiku-4-5'],
      ['/clients/frontend', 'Keys', 'id,status,createdAt', 'active'],
      ['/teams', '', 'name,budgetDayUsd,spentDayUsd', 'web'],
      ['/access', '', 'name,role,createdAt', 'ADMIN_TOKEN'],
    ]
    for (const [path, region, head, name] of files) {
      await open(path)
      const place = region ? page.getByRole('region', { name: region, exact: true }) : page.getByRole('main')
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        place.getByRole('button', { name: 'Download CSV' }).click(),
      ])
      const [first, ...rows] = (await readFile(await download.path(), 'utf8')).split('\r\n')
      assert.ok(first?.startsWith(head), `${path} ${region}: ${first}`)
      assert.ok(
        rows.some(row => row.split(',').includes(name)),
        `${path} ${region}: ${rows.join(' ')}`,
      )
    }
    assert.deepEqual(complaints, [])
  })

  test('a test alert without a webhook shows how to set one', async t => {
    const { page, open } = await openDashboard(t)
    await open('/alerts')
    await page.getByRole('button', { name: 'Send a test alert' }).click()
    await page.getByRole('status').getByText('ALERT_WEBHOOK_URL: found nothing').waitFor()
  })

  test("a team's page links to its calls", async t => {
    const { page, open } = await openDashboard(t)
    await open('/teams/web')
    await page.getByRole('link', { name: 'Calls of this team' }).click()
    await page.waitForURL(/calls\?team=web/)
    await page.locator('tbody tr', { hasText: 'frontend' }).first().waitFor()
  })

  test('a model has the same colour on the overview and on the performance page', async t => {
    const { page, open } = await openDashboard(t)
    const tone = async (row: Locator) =>
      /fill-\d+/.exec((await row.locator('.swatch').getAttribute('class')) ?? '')?.[0]
    await open('/?by=model')
    const shown = await tone(page.locator('.legend').getByRole('row', { name: /claude-haiku-4-5/ }))
    await open('/performance')
    const other = page
      .getByRole('region', { name: 'By model', exact: true })
      .getByRole('row', { name: /claude-haiku-4-5/ })
    assert.equal(await tone(other), shown)
  })

  test('filters are in the address, so back and forward change them', async t => {
    const { page, open } = await openDashboard(t)
    await open('/calls')
    await page.getByLabel('Outcome').selectOption('cached')
    await page.waitForURL(/outcome=cached/)
    const outcomes = page.locator('tbody td .state, tbody td .badge')
    await until(async () => [...new Set(await outcomes.allInnerTexts())].join() === 'Cached')
    await page.goBack()
    assert.equal(await page.getByLabel('Outcome').inputValue(), '')
    await page.goForward()
    assert.equal(await page.getByLabel('Outcome').inputValue(), 'cached')
  })

  test('the keyboard reaches a view and a dialog, and a closed dialog returns the focus', async t => {
    const { page, open } = await openDashboard(t)
    await open()
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'Skip to content')
    await page.keyboard.press('g')
    await page.keyboard.press('l')
    await page.getByRole('heading', { name: 'Clients', level: 1 }).waitFor()
    await page.getByRole('link', { name: 'frontend' }).focus()
    await page.keyboard.press('Enter')
    const change = page.getByRole('button', { name: 'Change settings' })
    await change.waitFor()
    await change.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    for (let i = 0; i < 25; i++) {
      await page.keyboard.press('Tab')
      assert.ok(
        await page.evaluate(
          'document.activeElement === document.body || !!document.activeElement.closest("dialog")',
        ),
      )
    }
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.equal(await focused(page), 'Change settings')
  })

  test('a viewer sees everything and no button that changes anything', async t => {
    const made = await gateway.admin('POST', '/tokens', { name: 'auditor', role: 'viewer' })
    const { page, open, complaints } = await openDashboard(t, { token: String(made.body.token) })
    await open('/clients/frontend')
    await page.getByText('Viewer', { exact: true }).waitFor()
    await page.getByRole('region', { name: 'Keys' }).getByText('Active').first().waitFor()
    for (const name of [/Change/, /New key/, /Revoke/, /Rotate/, /Delete/, /Disable/])
      assert.equal(await page.getByRole('main').getByRole('button', { name }).count(), 0, String(name))
    await open('/alerts')
    await page.getByRole('button', { name: 'Download CSV' }).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Send a test alert' }).count(), 0)
    await open('/access')
    await page.getByRole('row', { name: 'auditor' }).waitFor()
    for (const name of [/New token/, /Revoke/])
      assert.equal(await page.getByRole('main').getByRole('button', { name }).count(), 0, String(name))
    assert.deepEqual(complaints, [])
  })

  test('on a phone nothing is wider than the screen, and the menu opens over it', async t => {
    const { page, open } = await openDashboard(t, { viewport: { width: 390, height: 844 } })
    for (const path of [
      '',
      '/calls',
      '/performance',
      '/refusals',
      '/teams',
      '/teams/web',
      '/explain?client=frontend&model=claude-haiku-4-5',
      '/clients',
      '/clients/frontend',
      '/limits',
      '/upstreams',
      '/alerts',
      '/access',
      '/verify',
      '/changes',
    ]) {
      await open(path)
      const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
      assert.ok(width <= 390, `${path || '/'} is ${width} wide`)
    }
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('dialog', { name: 'Menu' }).getByRole('link', { name: 'Overview' }).last().click()
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
  })

  test('the theme follows the system until one is chosen, and the choice is remembered', async t => {
    const { page, open } = await openDashboard(t, { colorScheme: 'dark' })
    const ground = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor')
    await open()
    const dark = await ground()
    await page.getByRole('button', { name: /Theme: system/ }).click()
    const light = await ground()
    assert.notEqual(light, dark)
    await page.reload()
    await page.locator('h1').waitFor()
    assert.equal(await ground(), light)
  })

  for (const colorScheme of ['light', 'dark'] as const)
    test(`axe finds nothing serious on any view in the ${colorScheme}, and the console is silent`, async t => {
      const { page, open, faults, complaints } = await openDashboard(t, { colorScheme })
      const call = await gateway.admin('GET', '/calls?outcome=ok&limit=1')
      const id = String(Reflect.get(Object(call.body.calls)[0], 'id'))
      for (const path of [
        ...[
          '',
          '/performance',
          '/teams',
          '/teams/web',
          '/calls',
          `/calls?call=${id}`,
          '/refusals',
          '/refusals?kind=%7Cinvalid_key%7C',
          '/clients',
        ],
        ...['/clients/frontend', '/limits', '/upstreams', '/alerts', '/verify', '/nowhere', '/explain'],
        ...['/explain?client=frontend&model=claude-haiku-4-5', '/access', '/changes'],
      ]) {
        await open(path)
        assert.deepEqual(await faults(), [], path)
      }
      await open('/clients')
      await page.getByRole('button', { name: 'New client' }).click()
      assert.deepEqual(await faults(), [], 'the form of a new client')
      assert.deepEqual(complaints, [])
    })
}

function focused(page: Page): Promise<unknown> {
  return page.evaluate('document.activeElement.textContent.trim()')
}
