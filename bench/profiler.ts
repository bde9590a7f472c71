/**
 * Loaded into the profiled process by `--import`. SIGURG starts the profiler; the next SIGURG stops it and writes
 * PROFILE_FILE. So the profile has neither the start of the process nor its warm-up. Node and the gateway use SIGUSR1 and
 * SIGUSR2.
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
    // Renamed when it is complete, so that a reader never sees a part of it.
    writeFileSync(`${file}.part`, JSON.stringify(profile))
    renameSync(`${file}.part`, file)
  })
}
