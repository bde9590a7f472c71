/** Log lines. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { pino } from 'pino'
import { createLogger } from '../../src/telemetry/logger.ts'
import { until } from '../until.ts'

test('a line of plain fields is what pino itself writes', () => {
  const [ours, theirs]: [string[], string[]] = [[], []]
  const own = createLogger('trace', { write: line => void ours.push(line) })
  const pinos = pino(
    { level: 'trace', base: undefined, formatters: { level: label => ({ level: label }) } },
    { write: line => void theirs.push(line) },
  )

  const strings = ['', 'a "quote"', 'a \\ and a\nline', '\u0000\u001f\u007f', 'é', '😀', '\ud800', '\u2028']
  const facts: object[] = [
    {},
    { none: undefined },
    { zero: 0, minus: -0, huge: 1e300, tiny: 1e-9, nan: Number.NaN, infinite: Number.POSITIVE_INFINITY },
    { yes: true, no: false, none: undefined, last: 'one' },
    ...strings.map(text => ({ text, [text]: 1 })),
    // Not plain.
    { list: [1, undefined], nothing: null, nested: { a: 1 }, call: () => {}, big: 1n },
  ]
  for (const log of [own, own.child({ reqId: 'req_1' })])
    for (const one of facts) log.warn(one, 'a "message"')
  for (const log of [pinos, pinos.child({ reqId: 'req_1' })])
    for (const one of facts) log.warn(one, 'a "message"')
  own.info({ a: 1 })
  pinos.info({ a: 1 })
  own.fatal('only words')
  pinos.fatal('only words')

  const untimed = (line: string) => line.replace(/"time":("[^"]*"|\d+)/, '"time":0')
  assert.equal(ours.length, 2 * facts.length + 2)
  assert.deepEqual(ours.map(untimed), theirs.map(untimed))
})

test('the time of a line is that of its logging, in UTC', t => {
  const lines: string[] = []
  const log = createLogger('info', { write: line => void lines.push(line) })

  t.mock.timers.enable({ apis: ['Date'] })
  const times = ['2026-11-29T23:59:59.007Z', '2026-11-29T23:59:59.999Z', '2026-11-30T00:00:00.000Z']
  for (const time of times) {
    t.mock.timers.setTime(Date.parse(time))
    log.info('now')
  }

  assert.deepEqual(
    lines.map(line => JSON.parse(line).time),
    times,
  )
})

test('lines that are logged while a slow reader holds a block back are written without another line', async t => {
  const logger = new URL('../../src/telemetry/logger.ts', import.meta.url)
  // The first lines are more than a pipe takes, so their block is being written when the flush of the last line is due.
  const code = `
    import { createLogger } from ${JSON.stringify(logger.href)}
    const logger = createLogger('info')
    for (let i = 0; i < 2000; i++) logger.info({ text: 'x'.repeat(100) }, 'first')
    setTimeout(() => {
      logger.info('last')
      setTimeout(() => process.send('flushed'), 600)
    }, 300)
    process.on('message', () => {})
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'message')

  let text = ''
  child.stdout?.on('data', chunk => {
    text += chunk
  })

  await until(() => text.includes('"last"'))
  assert.equal(text.trimEnd().split('\n').length, 2001)
})
