/** All claims in one Redis call: all are taken, or none. Whatever was sent is settled at the exit door. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Refusal, refusal } from '../errors.ts'
import type { Admitted, Claim } from '../lua/types.ts'
import { type Outage, unavailable } from '../outages.ts'
import { LOOKAHEAD_SECONDS } from '../prices/price.ts'
import { isRefusedByRedis } from '../redis-away.ts'
import { notCached } from './cache.ts'
import type { Refused } from './claims.ts'

export type Granted = Extract<Admitted, { kind: 'granted' | 'hit' }>

declare module 'fastify' {
  interface FastifyRequest {
    /** The claim as it was sent; kept until a refusal says for certain that it took nothing. */
    claimed: Claim | undefined
    admitted: Granted | undefined
    /** How long the last admission took, there and back, and when it was sent, on the monotonic clock. */
    admissionMs: number | undefined
    admissionSentAt: number | undefined
  }
}

/** A kept answer takes nothing but its place in the request bucket. */
const NOTHING: Claim = { scopes: [], tokens: 0, nanos: 0, entry: {} }

/** A configuration that changes faster than this many decisions is a fault, not a reason to go on. */
const DECISIONS = 5

export default fp<{ maxPending: number }>(
  async (app, { maxPending }) => {
    app.decorateRequest('claimed')
    app.decorateRequest('admitted')
    app.decorateRequest('admissionMs')
    app.decorateRequest('admissionSentAt')

    app.addHook('preHandler', async function admitCall(request, reply) {
      if (!request.claims) return
      const admitted = await admit(request, reply, request.cached?.key)
      const kept = admitted.kind === 'hit' ? await request.cached?.find() : undefined
      if (kept) return app.replay(reply, kept, admitted.at)
      if (request.onlyIfCached) throw notCached()
      if (admitted.kind !== 'hit') return
      // The kept answer went away between the two commands: an ordinary call after all.
      await admit(request, reply)
    })

    app.onCallEnd('settle', function settleCall({ id, claimed, admitted, cost, entry }) {
      if (!claimed || !entry) return
      app.holds.delete(id)
      app.settlements.push({
        id,
        claim: admitted?.kind === 'hit' ? NOTHING : claimed,
        at: admitted?.at,
        nanos: cost?.nanos ?? 0,
        tokens: cost ? cost.tokens : 0,
        entry: { ...entry },
        isRefused: admitted === undefined,
      })
    })

    async function admit(request: FastifyRequest, reply: FastifyReply, cacheKey?: string): Promise<Granted> {
      try {
        const late = await app.waiting.turn(request)
        if (late) throw refuse(request, reply, late)
        return await decided(request, reply, cacheKey)
      } finally {
        app.waiting.leave(request)
      }
    }

    async function decided(
      request: FastifyRequest,
      reply: FastifyReply,
      cacheKey: string | undefined,
    ): Promise<Granted> {
      let decisions = 0
      while (decisions < DECISIONS) {
        // Behind the exit door nobody would give back what is taken.
        if (request.disconnected) throw gone()
        // What is not sent needs no settlement: while Redis is away, calls leave nothing behind but their count.
        if (app.redis.status !== 'ready') throw away('redis_away')
        if (app.settlements.isStuck) throw away('settlements_wait')
        const { claims } = request
        const claim = {
          scopes: claims.scopes,
          requests: claims.requests,
          tokens: claims.tokens,
          nanos: claims.nanos,
          entry: facts(request),
        }
        request.claimed = claim
        request.admitted = undefined
        const sentAt = performance.now()
        request.admissionSentAt = sentAt
        const admitted = await ask(request, claim, cacheKey)
        request.admissionMs = performance.now() - sentAt
        // What was asked for is given back already, and nobody is there to be served.
        if (request.disconnected) throw gone()
        if (admitted.kind === 'granted' || admitted.kind === 'hit') {
          request.admitted = admitted
          if (admitted.kind === 'granted')
            app.holds.set(request.id, {
              id: request.id,
              claim,
              at: admitted.at,
              request,
              coveredUntil: sentAt + LOOKAHEAD_SECONDS * 1000,
            })
          app.announce(reply, admitted)
          return admitted
        }
        request.claimed = undefined
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
        app.decide(request)
      }
      throw away('configuration_behind')
    }

    function refuse(request: FastifyRequest, reply: FastifyReply, refused: Refused): Refusal {
      app.announce(reply, refused)
      return app.wording.get(refused.limit)!(refused, request)
    }

    async function ask(
      request: FastifyRequest,
      claim: Claim,
      cacheKey: string | undefined,
    ): Promise<Admitted> {
      const { id, configVersion: version } = request
      app.deferred.flush()
      try {
        return await app.money.admit(id, claim, { version, cacheKey, maxPending })
      } catch (error) {
        app.log.debug({ err: error, reqId: id }, 'no answer to an admission')
        const reason = error instanceof Error ? error.message : 'no answer from Redis'
        // Nothing was reserved, so no settlement is needed: it would write, and Redis may be full.
        if (isRefusedByRedis(error)) request.claimed = undefined
        throw away(reason.startsWith('OOM') ? 'redis_full' : 'redis_refuses', reason)
      }
    }
  },
  { name: 'admission', dependencies: ['claims', 'clients', 'money', 'cache', 'exact-count', 'waiting'] },
)

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

/** Not an outage: the caller has disconnected, so the response is not sent. */
function gone(): Refusal {
  return refusal('unavailable', AWAY, { reason: 'the caller has gone' })
}

/** Written into the hold, for the ledger's sake, should this replica die with the call. */
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
