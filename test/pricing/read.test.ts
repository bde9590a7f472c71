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
    message: `PRICES_FILE: in "${file}", models.gpt-6-luna stands twice in one object; expected once. Correct the file.`,
  })
})

test('a price file that is absent or not JSON is one line with its fix', async t => {
  const folder = await temporaryFolder(t)
  const broken = join(folder, 'broken.json')
  await writeFile(broken, '{"models":\n')
  const fix = 'expected a readable JSON file. Correct the path or the file, or leave PRICES_FILE out.'

  assert.throws(() => readPrices(join(folder, 'absent.json')), {
    message: `PRICES_FILE: found "${join(folder, 'absent.json')}", which cannot be read (ENOENT), ${fix}`,
  })
  assert.throws(
    () => readPrices(broken),
    ({ message }: Error) => {
      assert.match(message, /^PRICES_FILE: found ".*", which is not JSON \(.*\), expected/)
      return message.endsWith(fix) && !message.includes('\n')
    },
  )
})
