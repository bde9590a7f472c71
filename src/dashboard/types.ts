/** The types of the page: responses of the admin API, under the page's names, and the place of a view. */

import type {
  AlertBody,
  AuditEventBody,
  BudgetBody,
  CallBody,
  ChangedClientBody,
  CheckedUpstreamsBody,
  ClientBody,
  CurrentUsageBody,
  ExplainBody,
  GatewayBody,
  KeyBody,
  MadeKeyBody,
  MadeTokenBody,
  PerformanceBody,
  RefusalsBody,
  RefusedCallBody,
  TeamBody,
  TokenBody,
  UpstreamsBody,
  UsageBody,
  VerifyBody,
  WindowBody,
} from '../admin/bodies.ts'
import type { ScopeSettings } from '../clients/settings.ts'

export type { Fault } from '../admin/bodies.ts'
export type { Hold } from '../clients/settings.ts'

export type Money = WindowBody
export type CurrentUsage = CurrentUsageBody
export type Settings = ScopeSettings
export type Client = ClientBody
export type ChangedClient = ChangedClientBody
export type Team = TeamBody
export type Gateway = GatewayBody
export type Budget = BudgetBody
export type Key = KeyBody
export type MadeKey = MadeKeyBody
export type Token = TokenBody
export type MadeToken = MadeTokenBody
export type AuditEvent = AuditEventBody
export type Usage = UsageBody
export type UsageRow = Usage['rows'][number]
export type Sums = Usage['total']
/** A row of the ledger, or a live call, which is not in the ledger yet. */
export type Call = Partial<CallBody> & Pick<CallBody, 'id' | 'at' | 'outcome' | 'costUsd' | 'heldUsd'>
export type Refused = RefusedCallBody
export type Refusals = RefusalsBody
export type RefusalRow = Refusals['rows'][number]
export type PerformanceFound = PerformanceBody
export type PerformanceSeries = PerformanceFound['all']
export type Performance = PerformanceSeries['total']
export type Alert = AlertBody
export type Verified = VerifyBody
export type Upstreams = UpstreamsBody
export type Upstream = Upstreams['upstreams'][number]
export type Circuit = Upstream['circuits'][number]
export type Route = Upstreams['routes'][number]
export type CheckedUpstreams = CheckedUpstreamsBody
export type Explanation = ExplainBody

/** The place of a view: its path below /dashboard, and its query. */
export interface Place {
  path: string[]
  query: Record<string, string>
}
