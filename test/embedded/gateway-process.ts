/**
 * A minimal gateway for the embedded servers: it starts them, prints their addresses, drains until its standard
 * input ends after a stop signal, then stops them. Arguments: DATA_DIR, and which servers, by name.
 */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { startEmbedded } from '../../src/embedded/index.ts'

const [dataDir = '', ...servers] = process.argv.slice(2)
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const log = { info: () => {}, error: (facts: object, message: string) => say({ message, ...facts }) }
createServer().listen(0, '127.0.0.1') // as a gateway does: it keeps the process alive
const drained = once(process.stdin.resume(), 'end')

try {
  const unless = (name: string) => (servers.includes(name) ? undefined : `not-wanted://${name}`)
  const urls = { redisUrl: unless('redis'), databaseUrl: unless('postgres') }
  const embedded = await startEmbedded({ dataDir, ...urls, log })
  const asked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  say({ redisUrl: embedded.redisUrl, databaseUrl: embedded.databaseUrl })
  await asked
  say({ draining: true })
  await drained
  await embedded.stop()
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
