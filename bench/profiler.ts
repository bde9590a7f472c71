/**
 * Loaded into a process that is to be profiled (`--import`): SIGURG starts the profiler, the next one stops it and
 * writes PROFILE_FILE (the signals made for users are taken, by Node and by the gateway). So neither the start of the process nor its warming up are in it.
 */

import { renameSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'

const file = process.env.PROFILE_FILE
const samplingMicros = 500
const session = new Session()
let running = false

if (file) {
  session.connect()
  process.on('SIGURG', async () => {
    if (!running) {
      running = true
      await session.post('Profiler.enable')
      await session.post('Profiler.setSamplingInterval', { interval: samplingMicros })
      await session.post('Profiler.start')
      return
    }
    const { profile } = await session.post('Profiler.stop')
    // Whole or not at all: whoever waits for the file must not see half of it.
    writeFileSync(`${file}.part`, JSON.stringify(profile))
    renameSync(`${file}.part`, file)
  })
}
