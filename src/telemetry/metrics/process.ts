/** Metrics of the process and its event loop. */

import { PerformanceObserver, performance } from 'node:perf_hooks'
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { addReadings } from './readings.ts'

/** How often the delay of the event loop is measured, in ms. Each measurement wakes an idle process. */
const INTERVAL = 250
/** A day in ms, the time between two measurements of prom-client. */
const NEVER = 86_400_000
/** Upper bounds in seconds. */
const DELAY = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

let registry: Registry | undefined

/** One registry for the process: prom-client's observers cannot be stopped, so each gateway in a process shares them. */
export function processMetrics(): Registry {
  registry ??= observeProcess()
  return registry
}

function observeProcess(): Registry {
  const metrics = new Registry()
  // prom-client's monitor of the delay would wake the process a hundred times a second, and cannot be left out. Its gauges
  // are reset at each scrape, so the histogram below replaces them.
  collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: NEVER })
  for (const statistic of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'])
    metrics.removeSingleMetric(`nodejs_eventloop_lag_${statistic}_seconds`)
  addReadings(metrics, [
    {
      type: 'counter',
      name: 'nodejs_eventloop_time_seconds_total',
      help: 'Time of the event loop by state.',
      labels: ['nodejs_eventloop_state'],
      read() {
        const { active, idle } = performance.eventLoopUtilization()
        return [
          [active / 1000, 'active'],
          [idle / 1000, 'idle'],
        ]
      },
    },
  ])
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, buckets: DELAY, registers: [metrics] })

  // Several scrapers can read a histogram.
  const delay = histogram('nodejs_eventloop_delay_seconds', 'Delay of timers.')
  let dueAt = performance.now() + INTERVAL
  setInterval(() => {
    const now = performance.now()
    delay.observe(Math.max(0, now - dueAt) / 1000)
    dueAt = now + INTERVAL
  }, INTERVAL).unref()

  // prom-client observes only the first of the pauses that Node reports together, and so loses some of them (ADR 17).
  const pausesName = 'nodejs_gc_duration_seconds'
  metrics.removeSingleMetric(pausesName)
  const pauses = histogram(pausesName, 'Pauses for garbage collection.')
  new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) pauses.observe(duration / 1000)
  }).observe({ entryTypes: ['gc'] })
  return metrics
}
