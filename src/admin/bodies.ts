/** The bodies of responses as a caller of the admin API reads them: the types of their schemas, with times as text. */

import type { Static, TSchema } from 'typebox'
import type { alert, receipt } from '../alerts/responses.ts'
import type {
  auditEvent,
  changedClient,
  currentUsage,
  gatewayWithState,
  key,
  listedClient,
  listedTeam,
  rankedBudget,
  rotatedKey,
  windowState,
} from '../clients/responses.ts'
import type {
  callResponse,
  callRow,
  performanceResponse,
  refusalsResponse,
  refusedCall,
  usageResponse,
  verifyResponse,
} from '../ledger/responses.ts'
import type { explained } from './explained.ts'
import type { madeToken, problem, token } from './response-schemas.ts'
import type { upstreams, upstreamsChecked } from './upstream-schemas.ts'

/** The type of a value after JSON encoding and parsing. */
type Json<Value> = Value extends Date
  ? string
  : Value extends object
    ? { [Name in keyof Value]: Json<Value[Name]> }
    : Value

type Body<Schema extends TSchema> = Json<Static<Schema>>

export type WindowBody = Body<typeof windowState>
export type CurrentUsageBody = Body<typeof currentUsage>
export type ClientBody = Body<typeof listedClient>
export type ChangedClientBody = Body<typeof changedClient>
export type TeamBody = Body<typeof listedTeam>
export type GatewayBody = Body<typeof gatewayWithState>
/** Only windows with a budget are listed. */
export type BudgetBody = Body<typeof rankedBudget> & Required<WindowBody>
export type KeyBody = Body<typeof key>
/** `former`: the key that a rotation replaces. */
export type MadeKeyBody = Body<typeof rotatedKey>
export type TokenBody = Body<typeof token>
export type MadeTokenBody = Body<typeof madeToken>
type Image = Record<string, unknown> | null
export type AuditEventBody = Omit<Body<typeof auditEvent>, 'before' | 'after'> & {
  before: Image
  after: Image
}
export type CallBody = Body<typeof callRow>
type CallResponse = Body<typeof callResponse>
type ChargedAttempt = Omit<CallResponse['attempts'][number], 'rows'> & { rows: CallBody[] }
export type CallRowsBody = Omit<CallResponse, 'rows' | 'attempts'> & {
  rows: CallBody[]
  attempts: ChargedAttempt[]
}
export type RefusedCallBody = Body<typeof refusedCall>
export type RefusalsBody = Body<typeof refusalsResponse>
export type UsageBody = Body<typeof usageResponse>
export type PerformanceBody = Body<typeof performanceResponse>
export type VerifyBody = Body<typeof verifyResponse>
export type AlertBody = Body<typeof alert>
export type TestAlertBody = Body<typeof receipt>
export type UpstreamsBody = Body<typeof upstreams>
export type CheckedUpstreamsBody = Body<typeof upstreamsChecked>
export type ExplainBody = Body<typeof explained>

export type Fault = NonNullable<Body<typeof problem>['errors']>[number]
