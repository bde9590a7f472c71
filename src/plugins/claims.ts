/**
 * What one call wants of every limit at once. Each concern decides without I/O and writes its wishes here; admission
 * takes all of them in one step, or none, and has the deciders decide again when the configuration was out of date.
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Edits } from '../dialects/dialect.ts'
import type { Refusal } from '../errors.ts'
import type { Admitted, Scope } from '../lua/types.ts'
import { type Level, levelsOf } from '../stores/limits.ts'

export type Refused = Extract<Admitted, { kind: 'refused' }>
export type Limit = Refused['limit']
export type Decider = (request: FastifyRequest) => void
export type LevelLimits = (level: Level) => Omit<Scope, 'key' | 'name'>

export interface Claims {
  levels: Level[]
  /** One a level, in the same order, shared by all calls of the client; a concern may add scopes of its own behind them. */
  scopes: Scope[]
  /** Units that the call takes from the `requests` buckets. */
  requests: 0 | 1
  /** Calibrated guess, for token buckets. */
  tokens: number
  /** For budgets: the highest cost of the call, or of its first seconds if its hold grows. */
  nanos: number
  /** Highest output tokens a second of one response; undefined: only the output limit bounds it. */
  outputRate: number | undefined
  /** Is the hold extended while the call runs? */
  grows: boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Registers what a level's limits claim on: told once a client, since its settings alone decide it. */
    onLevel(limitsOf: LevelLimits): void
    /** Registers a decider: it claims, or refuses by throwing. They run in order of registration. */
    onDecision(decider: Decider): void
    decide: Decider
    /** How each limit says no, by the plugin that claims on it. */
    wording: Map<Limit, (refused: Refused, request: FastifyRequest) => Refusal>
    /** Registers what is said on every answer about where the client stands, be it granted or refused. */
    onAdmission(announce: (reply: FastifyReply, admitted: Admitted) => void): void
    announce(reply: FastifyReply, admitted: Admitted): void
  }
  interface FastifyRequest {
    claims: Claims
    /** What is put into the request on its way up. */
    edits: Edits
  }
}

const NOTHING = { requests: 1, tokens: 0, nanos: 0, outputRate: undefined, grows: false } as const

export default fp(
  async app => {
    const deciders: Decider[] = []
    const limiters: LevelLimits[] = []
    const known = new WeakMap<Level[], Scope[]>()
    const announcers: ((reply: FastifyReply, admitted: Admitted) => void)[] = []
    app.decorate('wording', new Map())
    app.decorateRequest('claims')
    app.decorateRequest('edits')
    app.decorate('onLevel', (limitsOf: LevelLimits) => void limiters.push(limitsOf))
    app.decorate('onDecision', (decider: Decider) => void deciders.push(decider))
    app.decorate('onAdmission', announcer => void announcers.push(announcer))
    app.decorate('announce', (reply, admitted) => {
      for (const announcer of announcers) announcer(reply, admitted)
    })
    app.decorate('decide', (request: FastifyRequest) => {
      const levels = levelsOf(request.client)
      request.claims = { levels, scopes: [...scopesOf(levels)], ...NOTHING }
      request.edits = {}
      for (const decider of deciders) decider(request)
    })
    app.addHook('preHandler', function decideCall(request, _reply, done) {
      if (request.call) app.decide(request)
      done()
    })

    function scopesOf(levels: Level[]): Scope[] {
      const found = known.get(levels)
      if (found) return found
      const scopes = levels.map(level =>
        Object.assign({ key: level.key, name: level.name }, ...limiters.map(limitsOf => limitsOf(level))),
      )
      known.set(levels, scopes)
      return scopes
    }
  },
  { name: 'claims', dependencies: ['auth', 'call'] },
)
