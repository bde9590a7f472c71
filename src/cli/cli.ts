/** Entry point of `tollgate` and `npm run cli --`. Only this file reads the environment of the CLI. */

import { readEnvironment } from '../config/config.ts'
import { readSecretFiles } from '../config/secret-files.ts'
import { addressOf } from './address.ts'
import { main } from './main.ts'

const { env, faults } = readSecretFiles(['ADMIN_TOKEN'], readEnvironment())
for (const fault of faults.values()) console.error(fault)

process.exitCode = await main(
  process.argv.slice(2),
  { url: addressOf(env), token: env.ADMIN_TOKEN },
  { out: text => console.log(text), err: text => console.error(text) },
)
