/** Raises alerts: some are found at the end of a call, the others by a check every few seconds. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Alert } from '../alerts/alert.ts'
import { overspentAlert, refusedAlert } from '../alerts/budget-rules.ts'
import {
  forbiddenAlert,
  ledgerAlert,
  loopAlert,
  memoryAlert,
  overspendAlert,
  pricesAlert,
  refusedUsAlert,
  secretAlert,
  shortfallAlert,
  unknownModelAlert,
  upstreamsAlert,
} from '../alerts/call-rules.ts'
import { createWatch } from '../alerts/watch.ts'
import { isBound, type LimitedScope, scopesOf } from '../clients/limits.ts'
import type { RefusalCode } from '../errors.ts'
import { countPending } from '../ledger/stream.ts'
import { windowsAt } from '../lua/calendar.ts'
import type { Overspent, Refused } from '../lua/types.ts'
import { attemptResults } from '../telemetry/attempts.ts'
import { highestBound } from './bounds.ts'

const refusals = new Map<RefusalCode, typeof refusedUsAlert>([
  ['upstream_refused_us', refusedUsAlert],
  ['upstream_forbidden', forbiddenAlert],
])

/** An upstream's own cost may exceed the computed cost by this share without an alert. */
const DRIFT = 0.01

export default fp<{ maxPending: number; everyMs?: number }>(
  async (app, { maxPending, everyMs = 3000 }) => {
    const { alerts, clients, clock, log, money, redis } = app
    const watch = createWatch(redis, money)

    app.onAdmission(function alertOnAdmission({ request }, admitted) {
      if (admitted.kind === 'granted') watch.note(request.reservation.limitedScopes, admitted.at)
      if (admitted.kind === 'refused') raiseAll(refusalAlerts(admitted, request))
    })

    app.onCallEnd('observe', function alertOnCallEnd(request) {
      const { call, hold, client, cost, id, measured, route } = request
      // A call that an open circuit refused was not sent to the provider.
      raiseAll(attemptAlerts(request, clock.now()))
      if (cost?.unknownModel !== undefined) {
        const names = { upstream: route.upstream.name, model: route.price.model, answered: cost.unknownModel }
        alerts.raise(unknownModelAlert(names, clock.now()))
      }
      const [nanos, tokens] = [cost?.shortfallNanos ?? 0, measured?.unnamedTokens ?? 0]
      if (cost && (tokens > 0 || nanos > cost.nanos * DRIFT)) {
        const { upstream, price } = route
        const shortfall = { reqId: id, upstream: upstream.name, model: price.model, nanos, tokens }
        alerts.raise(shortfallAlert(shortfall, clock.now()))
      }
      // A call with an unbounded feature may cost more than its hold; the price table is not at fault.
      const isBounded = call && call.parsed.unbounded.length === 0
      if (cost && hold && isBounded && cost.nanos > hold.reservation.nanos && isBound(client)) {
        const { model } = call.parsed
        const amounts = {
          costNanos: cost.nanos,
          heldNanos: hold.reservation.nanos,
          boundNanos: highestBound(request),
        }
        alerts.raise(overspendAlert({ reqId: id, client, model, ...amounts }, clock.now()))
      }
    })

    app.onOverspent(async function alertOnOverspend(found, entry) {
      // The client's settings allow an unbounded feature to cost more than its hold.
      if ('unbounded' in entry && entry.unbounded) return
      const scopes = () => {
        const client = 'key' in entry ? clients.find(String(entry.key))?.client : undefined
        return client ? scopesOf(client) : []
      }
      // The budget may have been raised since the call was admitted, and may be cut while the configuration is read.
      const known = found.filter(one => isOverspent(one, scopes()))
      if (known.length === 0) return
      await clients
        .poll()
        .catch(error =>
          log.debug(
            { err: error },
            'the configuration could not be read; an overspend is checked against the last one',
          ),
        )
      raiseAll(known.filter(one => isOverspent(one, scopes())).map(overspentAlert))
    })

    app.every(everyMs, checkRules, { quietMs: 3 * everyMs })

    async function checkRules(): Promise<void> {
      const { prices, upstreams } = app
      if (prices.fault !== undefined) alerts.raise(pricesAlert(prices.fault, clock.now()))
      if (upstreams.fault !== undefined)
        alerts.raise(upstreamsAlert(app.redactor.text(upstreams.fault), clock.now()))
      for (const [name, words] of app.secrets.faults) alerts.raise(secretAlert(name, words, clock.now()))
      const short = app.redisMemory && memoryAlert(app.redisMemory, clock.now())
      if (short) alerts.raise(short)
      // A little less than a tick, so that the lease has ended when its owner's next tick comes.
      if (!(await watch.takeTurn(everyMs * 0.9))) return
      const pending = await countPending(redis)
      if (pending >= maxPending) app.outages.report('ledger_full')
      const behind = ledgerAlert(pending, maxPending, clock.now())
      if (behind) alerts.raise(behind)
      raiseAll(await watch.look())
    }

    function raiseAll(found: Alert[]) {
      for (const alert of found) alerts.raise(alert)
    }
  },
  {
    name: 'alert-rules',
    dependencies: [
      'admission',
      'alerts',
      'auth',
      'call',
      'clients',
      'clock',
      'cost',
      'error-handler',
      'jobs',
      'lifecycle',
      'memory',
      'models',
      'money',
      'outages',
      'prices',
      'redis',
      'reservations',
      'secrets',
      'upstreams',
      'usage',
    ],
    decorators: {
      fastify: [
        'alerts',
        'clients',
        'clock',
        'every',
        'money',
        'onAdmission',
        'onCallEnd',
        'onOverspent',
        'outages',
        'prices',
        'redactor',
        'redisMemory',
        'secrets',
        'upstreams',
      ],
      request: ['call', 'client', 'cost', 'hold', 'measured', 'reservation', 'route'],
    },
  },
)

/** Compares with the present budget, or with that of the admission if the client no longer has the scope. */
function isOverspent({ key, period, limitNanos, spentNanos }: Overspent, scopes: LimitedScope[]): boolean {
  const scope = scopes.find(one => one.key === key)
  if (!scope) return spentNanos > limitNanos
  const { dayNanos, monthNanos } = scope.budget
  return spentNanos > ((period === 'day' ? dayNanos : monthNanos) ?? Number.POSITIVE_INFINITY)
}

/** An attempt that was refused is reported even if the next one served the call. */
function attemptAlerts(request: FastifyRequest, now: number): Alert[] {
  return attemptResults(request).flatMap(({ upstream, model, error }) => {
    const alertOf = error && refusals.get(error.code)
    return alertOf ? [alertOf(upstream, model, error.reason ?? 'it refuses the gateway', now)] : []
  })
}

function refusalAlerts(refused: Refused, { call, reservation, client }: FastifyRequest): Alert[] {
  const { at, limit, scope: name, verdict, limitNanos = 0, spentNanos = 0 } = refused
  if (limit === 'loop') return [loopAlert(client, call.parsed.model, at)]
  const scope = reservation.scopes.find(one => one.name === name)
  if (verdict !== 'spent' || (limit !== 'day' && limit !== 'month') || !scope) return []
  const window = windowsAt(at)[limit]
  return [refusedAlert({ key: scope.key, name, period: limit, window, limitNanos, spentNanos })]
}
