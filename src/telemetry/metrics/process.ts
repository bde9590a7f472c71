/** The process and its event loop, by the names that Prometheus's client libraries and OpenTelemetry give them. */

import { readdir, readFile } from 'node:fs/promises'
import { type EventLoopUtilization, PerformanceObserver, performance } from 'node:perf_hooks'
import type { Registry } from './registry.ts'

/** How late the event loop is, is looked at so often. Unlike a maximum, a histogram can be read by any number of scrapers. */
const LOOK_EVERY = 20
const DELAY = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

export function registerProcess(registry: Registry): { stop(): void } {
  const cpu = registry.sampled('counter', 'process_cpu_seconds_total', 'User and system CPU time.')
  const memory = registry.sampled('gauge', 'process_resident_memory_bytes', 'Resident memory.')
  const started = registry.sampled('gauge', 'process_start_time_seconds', 'When the process began.')
  const openFiles = registry.sampled('gauge', 'process_open_fds', 'Open file descriptors.')
  const mostFiles = registry.sampled('gauge', 'process_max_fds', 'The most that may be open.')
  const heapUsed = registry.sampled('gauge', 'nodejs_heap_size_used_bytes', 'Heap in use.')
  const heapTotal = registry.sampled('gauge', 'nodejs_heap_size_total_bytes', 'Heap taken from the system.')
  const external = registry.sampled(
    'gauge',
    'nodejs_external_memory_bytes',
    'Memory of buffers, outside the heap.',
  )
  const time = registry.sampled(
    'counter',
    'nodejs_eventloop_time_seconds_total',
    'Event loop time by state.',
    ['nodejs_eventloop_state'],
  )

  registry.onScrape(function readProcess() {
    const { user, system } = process.cpuUsage()
    const { heapUsed: used, heapTotal: total, external: outside, rss } = process.memoryUsage()
    const { active, idle }: EventLoopUtilization = performance.eventLoopUtilization()
    show(cpu, (user + system) / 1e6)
    show(memory, rss)
    show(started, performance.timeOrigin / 1000)
    show(heapUsed, used)
    show(heapTotal, total)
    show(external, outside)
    time.clear()
    time.set(active / 1000, 'active')
    time.set(idle / 1000, 'idle')
  })
  // Only where the kernel tells.
  registry.onScrape(async function readFiles() {
    const [open, limits] = await Promise.all([
      readdir('/proc/self/fd'),
      readFile('/proc/self/limits', 'utf8'),
    ])
    show(openFiles, open.length)
    show(mostFiles, Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]))
  })

  const delay = registry.histogram('nodejs_eventloop_delay_seconds', 'How late timers fire.', DELAY).series()
  let dueAt = performance.now() + LOOK_EVERY
  const looking = setInterval(() => {
    const now = performance.now()
    delay.observe(Math.max(0, now - dueAt) / 1000)
    dueAt = now + LOOK_EVERY
  }, LOOK_EVERY).unref()

  const pauses = registry
    .histogram('nodejs_gc_duration_seconds', 'Pauses of the garbage collector.', DELAY)
    .series()
  const collections = new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) pauses.observe(duration / 1000)
  })
  collections.observe({ entryTypes: ['gc'] })

  return {
    stop() {
      clearInterval(looking)
      collections.disconnect()
    },
  }
}

function show(series: ReturnType<Registry['sampled']>, value: number) {
  series.clear()
  series.set(value)
}
