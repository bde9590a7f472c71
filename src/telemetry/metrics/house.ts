/** How this replica stands, read when it is asked. */

import type { FastifyInstance } from 'fastify'
import { nanosToUsd } from '../../pricing/money.ts'
import { CIRCUIT_STATES } from '../../upstreams/circuits.ts'
import type { Registry } from './registry.ts'

/** One number of the gateway. */
type Reading = readonly ['counter' | 'gauge', name: string, help: string, read: () => number]

export function registerHouse(registry: Registry, app: FastifyInstance) {
  const { alerts, holds, pg, settlements, spans, lostCalls, upstreams } = app
  const readings: readonly Reading[] = [
    [
      'gauge',
      'tollgate_calls_running',
      'Calls between their arrival and the end of their settling.',
      runningCalls,
    ],
    ['gauge', 'tollgate_holds', 'Running calls that hold something.', () => holds.size],
    ['gauge', 'tollgate_held_usd', 'Money that running calls of this replica hold.', heldUsd],
    ['gauge', 'tollgate_settlements_waiting', 'Ended calls not in Redis yet.', () => settlements.waiting],
    [
      'counter',
      'tollgate_lost_calls_total',
      'Calls of dead replicas, charged with all they held.',
      () => lostCalls.calls,
    ],
    [
      'counter',
      'tollgate_lost_usd_total',
      'What calls of dead replicas were charged.',
      () => nanosToUsd(lostCalls.nanos),
    ],
    ['gauge', 'tollgate_config_version', 'The configuration in force here.', () => app.clients.version],
    [
      'gauge',
      'tollgate_clock_offset_seconds',
      "Seconds that this machine's clock is ahead of Redis's, or, below zero, behind it.",
      () => app.clock.offset / 1000,
    ],
    ['gauge', 'tollgate_draining', '1 while the gateway is leaving.', () => Number(app.draining)],
    [
      'gauge',
      'tollgate_prices_faulty',
      '1 while PRICES_FILE is faulty and older prices stay in force.',
      () => Number(app.prices.fault !== undefined),
    ],
    [
      'counter',
      'tollgate_alerts_delivered_total',
      'Alerts that the webhook took.',
      () => alerts.tally.delivered,
    ],
    [
      'counter',
      'tollgate_alert_delivery_failures_total',
      'Deliveries of alerts that failed, repetitions among them.',
      () => alerts.tally.failed,
    ],
    ['counter', 'tollgate_spans_exported_total', 'Spans the collector took.', () => spans?.exported ?? 0],
    ['counter', 'tollgate_spans_dropped_total', 'Spans that were given up.', () => spans?.dropped ?? 0],
  ]
  const sampled = readings.map(([type, name, help, read]) => ({
    read,
    series: registry.sampled(type, name, help),
  }))
  const used = registry.sampled(
    'gauge',
    'tollgate_redis_memory_used_bytes',
    'Memory of Redis in use, as it is compared with maxmemory.',
  )
  const max = registry.sampled(
    'gauge',
    'tollgate_redis_memory_max_bytes',
    'maxmemory of Redis; 0 without a limit.',
  )
  const unavailable = registry.sampled(
    'counter',
    'tollgate_unavailable_calls_total',
    'Calls that got 503 for a cause of the gateway or its stores.',
    ['cause'],
  )
  const parts = registry.sampled('gauge', 'tollgate_part_up', '1 while this part is there.', ['part'])
  const raised = registry.sampled('counter', 'tollgate_alerts_raised_total', 'Alerts first raised here.', [
    'kind',
  ])
  const connections = registry.sampled(
    'gauge',
    'tollgate_upstream_connections',
    'Connections to a provider.',
    ['upstream', 'state'],
  )
  const breakers = registry.sampled(
    'gauge',
    'tollgate_upstream_breakers_open',
    'Models for which the provider refuses us now.',
    ['upstream'],
  )
  const circuitStates = registry.sampled(
    'gauge',
    'tollgate_upstream_circuit_state',
    '1 for the state of a circuit, 0 for the other states; only models that an upstream has refused since the start.',
    ['upstream', 'model', 'state'],
  )
  const openings = registry.sampled(
    'counter',
    'tollgate_upstream_circuit_openings_total',
    'Openings of circuits, each refused probe included.',
    ['upstream', 'model'],
  )
  const database = registry.sampled('gauge', 'tollgate_postgres_connections', 'Connections to Postgres.', [
    'state',
  ])

  registry.onScrape(function readHouse() {
    for (const { series, read } of sampled) {
      series.clear()
      series.set(read())
    }
    used.clear()
    max.clear()
    if (app.redisMemory) {
      used.set(app.redisMemory.usedBytes)
      max.set(app.redisMemory.maxBytes)
    }
    unavailable.clear()
    for (const [cause, count] of app.outages.calls) unavailable.set(count, cause)
    parts.clear()
    // An outage may have the name of a part, and includes its state.
    for (const [part, isThere] of new Map([...app.parts, ...app.optionalParts]))
      parts.set(Number(isThere()), part)
    raised.clear()
    for (const [kind, count] of alerts.tally.raised) raised.set(count, kind)
    connections.clear()
    for (const series of [breakers, circuitStates, openings]) series.clear()
    for (const { name, pool, circuits } of upstreams.all()) {
      const { connected, free, pending, queued, running } = pool.stats
      for (const [state, count] of Object.entries({ connected, free, pending, queued, running }))
        connections.set(count, name, state)
      const found = circuits.states()
      breakers.set(found.filter(({ state }) => state !== 'closed').length, name)
      for (const { model, state, openings: times } of found) {
        for (const one of CIRCUIT_STATES) circuitStates.set(Number(one === state), name, model, one)
        openings.set(times, name, model)
      }
    }
    database.clear()
    database.set(pg.totalCount, 'open')
    database.set(pg.idleCount, 'idle')
    database.set(pg.waitingCount, 'waited_for')
  })

  /** Not a page of the administration that stays open. */
  function runningCalls(): number {
    return [...app.running.keys()].filter(({ routeOptions }) => routeOptions.config.dialect).length
  }

  function heldUsd(): number {
    let nanos = 0
    for (const { reservation } of holds.values()) nanos += reservation.nanos
    return nanosToUsd(nanos)
  }
}
