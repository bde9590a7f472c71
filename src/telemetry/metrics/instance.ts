/** Metrics of this replica, read at each scrape. */

import type { FastifyInstance } from 'fastify'
import type { Aggregator, Registry } from 'prom-client'
import { nanosToUsd } from '../../pricing/money.ts'
import { CIRCUIT_STATES } from '../../upstreams/circuits.ts'
import { circuitsOf as circuitsIn } from '../../upstreams/upstream.ts'
import { addReadings, type Reading, type Row } from './readings.ts'

/** `read` returns one value, or undefined for an absent metric. */
type Single = readonly [
  type: Reading['type'],
  name: string,
  help: string,
  read: (app: FastifyInstance) => number | undefined,
  aggregator?: Aggregator,
]

type Labeled = readonly [
  type: Reading['type'],
  name: string,
  help: string,
  labels: readonly string[],
  read: (app: FastifyInstance) => Iterable<Row>,
  aggregator?: Aggregator,
]

const SINGLE: readonly Single[] = [
  ['gauge', 'tollgate_calls_running', 'Calls that have arrived and are not settled yet.', countCalls],
  ['gauge', 'tollgate_holds', 'Running calls with a reservation.', app => app.holds.size],
  ['gauge', 'tollgate_held_usd', 'Reserved cost of running calls of this replica.', heldUsd],
  [
    'gauge',
    'tollgate_settlements_waiting',
    'Ended calls that are not in Redis yet.',
    app => app.settlements.waiting,
  ],
  [
    'counter',
    'tollgate_lost_calls_total',
    'Calls of dead replicas; their whole reservations were charged.',
    app => app.lostCalls.calls,
  ],
  [
    'counter',
    'tollgate_lost_usd_total',
    'Cost charged for calls of dead replicas.',
    app => nanosToUsd(app.lostCalls.nanos),
  ],
  [
    'gauge',
    'tollgate_config_version',
    'Version of the configuration that this replica uses.',
    app => app.clients.version,
    'min',
  ],
  [
    'gauge',
    'tollgate_clock_offset_seconds',
    'Seconds by which the clock of this machine is ahead of the clock of Redis; below 0: behind.',
    app => app.clock.offset / 1000,
    'average',
  ],
  ['gauge', 'tollgate_draining', '1 while the gateway shuts down.', app => Number(app.draining), 'max'],
  [
    'gauge',
    'tollgate_prices_faulty',
    '1 while PRICES_FILE is faulty and older prices are used.',
    app => Number(app.prices.fault !== undefined),
    'max',
  ],
  [
    'gauge',
    'tollgate_upstreams_faulty',
    '1 while UPSTREAMS_FILE is faulty and older upstreams are used.',
    app => Number(app.upstreams.fault !== undefined),
    'max',
  ],
  [
    'counter',
    'tollgate_alerts_delivered_total',
    'Alerts that the webhook accepted.',
    app => app.alerts.tally.delivered,
  ],
  [
    'counter',
    'tollgate_alert_delivery_failures_total',
    'Failed deliveries of alerts, retries included.',
    app => app.alerts.tally.failed,
  ],
  [
    'counter',
    'tollgate_spans_exported_total',
    'Spans that the collector accepted.',
    app => app.spans?.exported ?? 0,
  ],
  ['counter', 'tollgate_spans_dropped_total', 'Spans that were dropped.', app => app.spans?.dropped ?? 0],
  [
    'gauge',
    'tollgate_redis_memory_used_bytes',
    'Memory that Redis uses, as Redis compares it with maxmemory.',
    app => app.redisMemory?.usedBytes,
    'max',
  ],
  [
    'gauge',
    'tollgate_redis_memory_max_bytes',
    'maxmemory of Redis; 0 without a limit.',
    app => app.redisMemory?.maxBytes,
    'max',
  ],
]

const LABELED: readonly Labeled[] = [
  [
    'counter',
    'tollgate_unavailable_calls_total',
    'Calls that got 503 because of the gateway or its stores.',
    ['cause'],
    app => Array.from(app.outages.calls, ([cause, count]) => [count, cause]),
  ],
  [
    'gauge',
    'tollgate_part_up',
    '1 while this component works.',
    ['part'],
    // An outage may have the name of a component, and includes its state.
    app =>
      Array.from(new Map([...app.parts, ...app.optionalParts]), ([part, isUp]) => [Number(isUp()), part]),
    'min',
  ],
  [
    'counter',
    'tollgate_alerts_raised_total',
    'Alerts that this replica raised first.',
    ['kind'],
    app => Array.from(app.alerts.tally.raised, ([kind, count]) => [count, kind]),
  ],
  [
    'gauge',
    'tollgate_upstream_connections',
    'Connections to an upstream.',
    ['upstream', 'state'],
    app =>
      app.upstreams.all().flatMap(({ name, pool }): Row[] => {
        const { connected, free, pending, queued, running } = pool.stats
        return Object.entries({ connected, free, pending, queued, running }).map(([state, count]) => [
          count,
          name,
          state,
        ])
      }),
  ],
  [
    'gauge',
    'tollgate_upstream_breakers_open',
    'Circuits of an upstream and its keys, one per model, that are not closed.',
    ['upstream'],
    app =>
      app.upstreams
        .all()
        .map(upstream => [
          circuitsIn(upstream).filter(({ state }) => state !== 'closed').length,
          upstream.name,
        ]),
    'max',
  ],
  [
    'gauge',
    'tollgate_upstream_circuit_state',
    '1 for the state of a circuit, 0 for the other states; only models that an upstream has refused since the start.',
    ['upstream', 'model', 'state'],
    app =>
      circuitsOf(app).flatMap(({ upstream, model, state }) =>
        CIRCUIT_STATES.map((one): Row => [Number(one === state), upstream, model, one]),
      ),
    'max',
  ],
  [
    'counter',
    'tollgate_upstream_circuit_openings_total',
    'Openings of circuits, each refused probe included.',
    ['upstream', 'model'],
    app => circuitsOf(app).map(({ upstream, model, openings }) => [openings, upstream, model]),
  ],
  [
    'gauge',
    'tollgate_postgres_connections',
    'Connections to Postgres.',
    ['state'],
    ({ pg }) => [
      [pg.totalCount, 'open'],
      [pg.idleCount, 'idle'],
      [pg.waitingCount, 'waited_for'],
    ],
  ],
]

export function addInstanceMetrics(registry: Registry, app: FastifyInstance): void {
  addReadings(
    registry,
    SINGLE.map(([type, name, help, read, aggregator]) => ({
      type,
      name,
      help,
      aggregator,
      read() {
        const value = read(app)
        return value === undefined ? [] : [[value]]
      },
    })),
  )
  addReadings(
    registry,
    LABELED.map(([type, name, help, labels, read, aggregator]) => ({
      ...{ type, name, help, labels, aggregator },
      read: () => read(app),
    })),
  )
}

/** Open requests to the administration are not calls. */
function countCalls({ running }: FastifyInstance): number {
  return [...running].filter(({ request }) => request.routeOptions.config.dialect).length
}

function heldUsd({ holds }: FastifyInstance): number {
  let nanos = 0
  for (const { reservation } of holds) nanos += reservation.nanos
  return nanosToUsd(nanos)
}

function circuitsOf({ upstreams }: FastifyInstance) {
  return upstreams
    .all()
    .flatMap(upstream => circuitsIn(upstream).map(circuit => ({ upstream: upstream.name, ...circuit })))
}
