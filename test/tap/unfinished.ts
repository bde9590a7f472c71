/**
 * Fails a test file that exits before its tests are over.
 *
 * `.taprc` imports this into each test file. Without it, tap counts a file that calls `process.exit(0)` before it has
 * reported a test as a skipped one.
 */

import { after } from 'node:test'

let over = false
after(() => {
  over = true
})

process.on('exit', () => {
  if (over) return
  console.error('The process exited before its tests were over.')
  process.exitCode ||= 1
})
