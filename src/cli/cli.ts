/** `npm run cli -- …`: the administration from a shell. This is the only place that reads its environment. */

import { readEnvironment } from '../config.ts'
import { main } from './main.ts'

const { TOLLGATE_URL, ADMIN_TOKEN } = readEnvironment()

process.exitCode = await main(
  process.argv.slice(2),
  { url: TOLLGATE_URL || 'http://127.0.0.1:4000', token: ADMIN_TOKEN },
  { out: text => console.log(text), err: text => console.error(text) },
)
