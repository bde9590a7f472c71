import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { startGateway } from './gateway.ts'

test('the hooks of a call run in a fixed order', async t => {
  const { app } = await startGateway(t)

  const routes = app.printRoutes({ includeHooks: true, commonPrefix: false })

  const [, call = ''] = /\/v1\/messages \(POST\)\n([\s\S]*?)(?=\n[^\n]*─ )/.exec(routes) ?? []
  assert.deepEqual(
    call.split('\n').map(line => line.replace(/^[│ ]*•? ?/, '').trim()),
    [
      '(onRequest) ["watchCallEnd()","closeWhileDraining()","setRequestId()","checkProtocol()","authenticateCaller()","refuseOverload()"]',
      '(preValidation) ["countBodySize()","readCall()","beginReservation()","chooseRoute()","reserveTokens()","separateClients()","reserveCount()","reserveMoney()","reserveRepetition()","askForUsage()","lookUpCache()","reserveCacheKey()"]',
      '(preHandler) ["announceOutputLimit()","startMeter()","refuseSpentBudget()","admitCall()","replayCached()","checkCircuit()","countCall()"]',
      '(onSend) ["endConnection()","setCostHeader()"]',
    ],
  )
})

test('docs/lifecycle.md lists the hooks of a call in their order', async t => {
  const { app } = await startGateway(t)
  const routes = app.printRoutes({ includeHooks: true, commonPrefix: false })
  const [, call = ''] = /\/v1\/messages \(POST\)\n([\s\S]*?)(?=\n[^\n]*─ )/.exec(routes) ?? []
  const hooks = [...call.matchAll(/(\w+)\(\)/g)].map(([, name]) => name)

  const text = readFileSync(new URL('../docs/lifecycle.md', import.meta.url), 'utf8')
  const documented = [...text.matchAll(/^\| on\w+ \| `(\w+)` \||^\| pre\w+ \| `(\w+)` \|/gm)].map(
    ([, on, pre]) => on ?? pre,
  )

  assert.ok(hooks.length > 20)
  assert.deepEqual(documented, hooks)
})

test('the steps at the end of a call run in the order of their phases', async t => {
  const { app } = await startGateway(t)

  assert.deepEqual(app.callEndSteps(), [
    'price: priceCall',
    'record: recordCall',
    'settle: releaseCapacity',
    'settle: wakeQueue',
    'settle: settleCall',
    'settle: storeResponse',
    'observe: noteRequest',
    'observe: wakeDrain',
    'observe: recordOutage',
    'observe: learnUsualOutput',
    'observe: compareOutputRate',
    'observe: learnDensity',
    'observe: countRefusal',
    'observe: alertOnCallEnd',
    'observe: logCall',
    'observe: measureCall',
    'observe: showCall',
  ])
})

test('the error of a second gateway on the same data folder names the holder', async t => {
  const { startProcess } = await import('./processes.ts')
  const { temporaryFolder } = await import('./when-over.ts')
  const { testRedis } = await import('./servers.ts')
  const DATA_DIR = await temporaryFolder(t)
  const { url: REDIS_URL } = await testRedis(t)
  const first = await startProcess(t, { DATA_DIR, REDIS_URL })
  await first.ready()

  const second = await startProcess(t, { DATA_DIR, REDIS_URL })

  assert.equal(await second.ended, 1)
  assert.equal(second.complaints().trim().split('\n').length, 1)
  assert.match(second.complaints(), new RegExp(`${first.pid}`))
})
