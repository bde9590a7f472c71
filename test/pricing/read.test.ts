import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readPrices } from '../../src/pricing/read.ts'
import { temporaryFolder } from '../when-over.ts'

test('a price file that has a field twice is refused, and the field is named', async t => {
  const file = join(await temporaryFolder(t), 'prices.json')
  await writeFile(file, '{"models":{"gpt-6-luna":{"maxOutput":1},"gpt-6-luna":{}}}')

  assert.throws(() => readPrices(file), {
    message: `PRICES_FILE: in "${file}", models.gpt-6-luna stands twice in one object; expected once`,
  })
})
