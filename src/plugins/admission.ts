/** Reserves everything that a call needs in one Redis script, or nothing. The end of the call settles what was sent. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { callerGone, type Refusal } from '../errors.ts'
import { attemptId } from '../ledger/attempt-ids.ts'
import { scopesAtEnd } from '../lua/arguments.ts'
import type { Admitted, Reservation, Reserved } from '../lua/types.ts'
import { type Outage, unavailable } from '../outages.ts'
import { LOOKAHEAD_SECONDS } from '../pricing/bound.ts'
import { isRefusedByRedis } from '../redis/away.ts'
import { neededNanos } from './bounds.ts'
import type { Hold } from './money.ts'
import type { Refused } from './reservations.ts'

type Granted = Extract<Admitted, { kind: 'granted' | 'hit' }>

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Charges the ended attempt, and makes a reservation for the next one: the same limits, but no unit of the request bucket.
     * `narrow` removes the targets that the reservation need not cover, and puts the expected one first. Resolves to false if
     * there is no room; then the call holds nothing.
     */
    chargeAndAdmit(
      request: FastifyRequest,
      reply: FastifyReply,
      error: Refusal,
      narrow: () => void,
    ): Promise<boolean>
  }
  interface FastifyRequest {
    /** What was sent to Redis. It is kept until a refusal says for certain that nothing was taken. */
    hold: Hold | Pick<Hold, 'reservation'> | undefined
    admitted: Granted | undefined
    /** Attempts of the call that were charged before it ended. */
    chargedAttempts: number
    /** Duration of the last admission (ms), and when it was sent (monotonic clock). */
    admissionMs: number | undefined
    admissionSentAt: number | undefined
  }
}

/** A cached response takes one unit of the request bucket, and nothing else. */
const NOTHING: Reserved = { scopes: [], tokens: 0, nanos: 0 }

/** A call gets 503 if its configuration is still stale after this many admissions. */
const DECISIONS = 5

export default fp<{ maxPending: number }>(
  async (app, { maxPending }) => {
    app.decorateRequest('hold')
    app.decorateRequest('admitted')
    app.decorateRequest('chargedAttempts', 0)
    app.decorateRequest('admissionMs')
    app.decorateRequest('admissionSentAt')

    app.addHook('preHandler', async function admitCall(request, reply) {
      if (!request.reservation) return
      try {
        const late = await app.waiting.waitFirst(request)
        if (late) throw refuse(request, reply, late)
        await admit(request, reply)
      } finally {
        app.waiting.leave(request)
      }
    })

    app.onCallEnd('settle', settleCall)

    function settleCall(request: FastifyRequest) {
      const { hold, admitted, cost, entry } = request
      if (!hold) return
      if ('place' in hold) app.holds.delete(hold)
      const { scopes, tokens, nanos, entry: knownFacts } = hold.reservation
      app.settlements.push({
        id: holdIdOf(request),
        reservation: admitted?.kind === 'hit' ? NOTHING : { scopes: scopesAtEnd(scopes), tokens, nanos },
        at: admitted?.at,
        // If an earlier step failed, the call is charged its hold.
        nanos: cost ? cost.nanos : nanos,
        tokens: cost?.tokens,
        entry: JSON.stringify(entry ?? { ...knownFacts, outcome: 'gateway_error' }),
        isRefused: admitted === undefined,
      })
    }

    app.decorate('chargeAndAdmit', async (request, reply, error, narrow) => {
      const cost = app.costOf(request)
      request.cost = cost
      request.entry = app.entryOf(request, reply, error)
      settleCall(request)
      request.chargedNanos += cost.nanos
      request.chargedAttempts++
      if (request.attempt) request.attempt.charged = true
      request.cost = request.entry = request.hold = undefined
      const { route } = request
      try {
        return await admitNext(request, narrow)
      } finally {
        // The last attempt was at this target.
        request.route = route
      }
    })

    /** After a stale configuration the call is decided again, as at its first admission. */
    async function admitNext(request: FastifyRequest, narrow: () => void): Promise<boolean> {
      for (let decisions = 0; decisions < DECISIONS; decisions++) {
        if (request.disconnected || app.redis.status !== 'ready' || app.settlements.isStuck) return false
        narrow()
        const { scopes, tokens, nanos: highest } = request.reservation
        // The targets that are left may cost less.
        const nanos = Math.min(highest, neededNanos(request, performance.now()))
        const counted = { scopes: scopesAtEnd(scopes), requests: 0 } as const
        const admitted = await take(request, { ...counted, tokens, nanos, entry: facts(request) })
        if (admitted.kind === 'granted') return !request.disconnected
        if (admitted.kind !== 'stale') return false
        await app.clients.refresh(admitted.version)
        await app.authenticate(request)
        app.reserve(request)
      }
      return false
    }

    /** Resolves when the call is admitted, or rejects with its refusal. */
    async function admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      let decisions = 0
      while (decisions < DECISIONS) {
        // After the end of the call no step would release a new hold.
        if (request.disconnected) throw callerGone()
        // Without a sent admission no settlement is needed.
        if (app.redis.status !== 'ready') throw away('redis_away')
        if (app.settlements.isStuck) throw away('settlements_wait')
        const { scopes, requests, tokens, nanos, cacheKey } = request.reservation
        const reservation = { scopes, requests, tokens, nanos, entry: facts(request) }
        const admitted = await take(request, reservation, cacheKey)
        // The end of the call has settled the hold already.
        if (request.disconnected) throw callerGone()
        if (admitted.kind === 'granted' || admitted.kind === 'hit')
          return app.reportAdmission(reply, admitted)
        if (admitted.kind === 'refused') {
          if (await app.waiting.late(request, admitted)) continue
          const counted = await app.countExactly(request, admitted)
          if (counted === 'counted') continue
          const refused = await app.waiting.again(request, counted)
          if (refused === 'waited') continue
          throw refuse(request, reply, refused)
        }
        decisions++
        if (admitted.kind === 'rebuilding') app.settlements.resend()
        if (admitted.kind !== 'stale') throw away(OUTAGES[admitted.kind], admitted.kind)
        await app.clients.refresh(admitted.version)
        await app.authenticate(request)
        app.reserve(request)
      }
      throw away('configuration_behind')
    }

    /** Takes the reservation. Nothing is held after any result but a grant and a hit. */
    async function take(
      request: FastifyRequest,
      reservation: Reservation,
      cacheKey?: string,
    ): Promise<Admitted> {
      request.hold = { reservation }
      request.admitted = undefined
      const sentAt = performance.now()
      request.admissionSentAt = sentAt
      const admitted = await send(request, reservation, cacheKey)
      request.admissionMs = performance.now() - sentAt
      if (request.disconnected) return admitted
      if (admitted.kind === 'granted') {
        const coveredUntil = sentAt + LOOKAHEAD_SECONDS * 1000
        const { at } = admitted
        const hold: Hold = { id: holdIdOf(request), reservation, at, request, coveredUntil, place: -1 }
        request.hold = hold
        app.holds.add(hold)
      }
      if (admitted.kind === 'granted' || admitted.kind === 'hit') request.admitted = admitted
      else request.hold = undefined
      return admitted
    }

    function refuse(request: FastifyRequest, reply: FastifyReply, refused: Refused): Refusal {
      app.reportAdmission(reply, refused)
      return app.limitRefusals.get(refused.limit)!(refused, request)
    }

    async function send(
      request: FastifyRequest,
      reservation: Reservation,
      cacheKey: string | undefined,
    ): Promise<Admitted> {
      const { id, configVersion: version } = request
      app.deferred.flush()
      try {
        return await app.money.admit(holdIdOf(request), reservation, { version, cacheKey, maxPending })
      } catch (error) {
        app.log.debug({ err: error, reqId: id }, 'no reply to an admission')
        const reason = error instanceof Error ? error.message : 'no reply from Redis'
        // Nothing was reserved, so no settlement is needed: it would write, and Redis may be full.
        if (isRefusedByRedis(error)) request.hold = undefined
        throw away(reason.startsWith('OOM') ? 'redis_full' : 'redis_refuses', reason)
      }
    }
  },
  {
    name: 'admission',
    dependencies: [
      'auth',
      'call',
      'clients',
      'cost',
      'exact-count',
      'lifecycle',
      'models',
      'money',
      'record',
      'redis',
      'reservations',
      'waiting',
    ],
    decorators: {
      fastify: [
        'reportAdmission',
        'authenticate',
        'clients',
        'costOf',
        'countExactly',
        'deferred',
        'entryOf',
        'holds',
        'limitRefusals',
        'money',
        'onCallEnd',
        'reserve',
        'settlements',
        'waiting',
      ],
      request: [
        'call',
        'chargedNanos',
        'client',
        'cost',
        'disconnected',
        'entry',
        'key',
        'reservation',
        'route',
      ],
    },
  },
)

/** Each charged attempt has a hold and a ledger row of its own. */
function holdIdOf({ id, chargedAttempts }: FastifyRequest): string {
  return attemptId(id, chargedAttempts + 1)
}

/** The outage for each result of an admission that is neither a limit nor a newer configuration. */
const OUTAGES = {
  rebuilding: 'counters_incomplete',
  ledger_full: 'ledger_full',
  settled: 'redis_refuses',
} as const satisfies Record<string, Outage>

const AWAY = 'The gateway cannot check limits and budgets right now; try again shortly.'

function away(cause: Outage, reason: string = cause): Refusal {
  return unavailable(cause, AWAY, reason)
}

/** The hold stores these facts: if this replica dies, another one writes the ledger entry from them. */
function facts({ id, client, key, call, route }: FastifyRequest): Record<string, unknown> {
  return {
    reqId: id,
    clientId: client.id,
    client: client.name,
    teamId: client.team?.id,
    team: client.team?.name,
    key: key.id,
    route: call.dialect.path,
    model: call.parsed.model,
    upstream: route.upstream.name,
    stream: call.parsed.stream,
    priceVersion: route.table.version,
  }
}
