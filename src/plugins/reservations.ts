/**
 * The reservation of a call. Each plugin adds its part without I/O; the admission takes all parts in one step, or none. After
 * a stale configuration the parts are added again.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type LimitedScope, scopesOf } from '../clients/limits.ts'
import type { Edits } from '../dialects/dialect.ts'
import type { Refusal } from '../errors.ts'
import type { Admitted, Scope } from '../lua/types.ts'

export type Refused = Extract<Admitted, { kind: 'refused' }>
export type Limit = Refused['limit']
export type ScopeLimits = (scope: LimitedScope) => Omit<Scope, 'key' | 'name'>

export class CallReservation {
  readonly limitedScopes: LimitedScope[]
  /** One for each limited scope, in the same order, shared by all calls of the client. Scopes of single plugins follow. */
  readonly scopes: Scope[]
  /** Units of the `requests` buckets. */
  requests: 0 | 1 = 1
  /** Calibrated guess, for token buckets. */
  tokens = 0
  /** Highest output tokens a second of one response; undefined: only the output limit bounds it. */
  outputRate: number | undefined = undefined
  /** Is the hold extended while the call runs? */
  grows = false
  /** Key of the cached response that would answer the call. */
  cacheKey: string | undefined = undefined
  /** Computes `nanos`. */
  bound: () => number = free

  constructor(limitedScopes: LimitedScope[], scopes: Scope[]) {
    this.limitedScopes = limitedScopes
    this.scopes = scopes
  }

  /** For budgets: the highest cost of the call, or of its first seconds if its hold grows. */
  get nanos(): number {
    return this.bound()
  }
}

const free = () => 0

/** The part of one plugin: its reservation, and its edits to the request for the provider. */
export interface Part extends Partial<Omit<CallReservation, 'limitedScopes' | 'nanos'>> {
  edits?: Edits
}

/** Returns the part of a plugin, or throws a refusal. */
export type Reserve = (request: FastifyRequest) => Part | undefined

declare module 'fastify' {
  interface FastifyInstance {
    /** Registers the limits of a scope. Called once for each client, because they depend only on its settings. */
    onScope(limitsOf: ScopeLimits): void
    /** Registers the part of a plugin as a `preValidation` hook with the name of the function. */
    onReservation(reserve: Reserve): void
    /** Adds up all parts again. */
    reserve(request: FastifyRequest): void
    /** Creates the refusal of each limit. The plugin of the limit sets it. */
    limitRefusals: Map<Limit, (refused: Refused, request: FastifyRequest) => Refusal>
    /** Calls the listener with each admission, granted or refused, to set response headers. */
    onAdmission(listener: (reply: FastifyReply, admitted: Admitted) => void): void
    reportAdmission(reply: FastifyReply, admitted: Admitted): void
  }
  interface FastifyRequest {
    reservation: CallReservation
    /** Changes to the request before it is sent to the provider. */
    edits: Edits
  }
}

export default fp(
  async app => {
    const reserves: Reserve[] = []
    const limiters: ScopeLimits[] = []
    const known = new WeakMap<LimitedScope[], Scope[]>()
    const listeners: ((reply: FastifyReply, admitted: Admitted) => void)[] = []
    app.decorate('limitRefusals', new Map())
    app.decorateRequest('reservation')
    app.decorateRequest('edits')
    app.decorate('onScope', (limitsOf: ScopeLimits) => void limiters.push(limitsOf))
    app.decorate('onAdmission', listener => void listeners.push(listener))
    app.decorate('reportAdmission', (reply, admitted) => {
      for (const listener of listeners) listener(reply, admitted)
    })
    app.decorate('reserve', (request: FastifyRequest) => {
      begin(request)
      for (const reserve of reserves) add(request, reserve(request))
    })
    app.decorate('onReservation', function onReservation(this: FastifyInstance, reserve: Reserve) {
      reserves.push(reserve)
      const hook = (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
        if (request.call) add(request, reserve(request))
        done()
      }
      this.addHook('preValidation', Object.defineProperty(hook, 'name', { value: reserve.name }))
    })
    app.addHook('preValidation', function beginReservation(request, _reply, done) {
      if (request.call) begin(request)
      done()
    })

    function begin(request: FastifyRequest) {
      const limitedScopes = scopesOf(request.client)
      request.reservation = new CallReservation(limitedScopes, [...redisScopes(limitedScopes)])
      request.edits = {}
    }

    function redisScopes(limitedScopes: LimitedScope[]): Scope[] {
      const found = known.get(limitedScopes)
      if (found) return found
      const scopes = limitedScopes.map(limited =>
        Object.assign(
          { key: limited.key, name: limited.name },
          ...limiters.map(limitsOf => limitsOf(limited)),
        ),
      )
      known.set(limitedScopes, scopes)
      return scopes
    }
  },
  { name: 'reservations', dependencies: ['auth', 'call'], decorators: { request: ['call', 'client'] } },
)

function add({ reservation, edits }: FastifyRequest, part: Part | undefined) {
  if (!part) return
  const { scopes, edits: added, ...rest } = part
  if (scopes) reservation.scopes.push(...scopes)
  if (added) Object.assign(edits, added)
  Object.assign(reservation, rest)
}
