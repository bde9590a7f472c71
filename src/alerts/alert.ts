/** An alert is raised once for each window in which it is true, whatever the number of replicas. */

export const severities = ['info', 'warning', 'critical'] as const
/** Whether the webhook received an alert. `no_webhook`: none is set, so it will not be sent. */
export const deliveries = ['delivered', 'waiting', 'no_webhook'] as const

export interface Alert {
  /** The rule that found it, in snake_case. */
  kind: string
  /** Rule, scope and window. Receivers may use it too: delivery is at least once. */
  dedupe: string
  severity: (typeof severities)[number]
  /** The subject: `client:frontend`, `team:web`, `gateway`, `upstream:ezai`. */
  scope: string
  /** One sentence for readers. */
  title: string
  /** The numbers for programs. */
  details: Record<string, string | number | boolean>
  /** Keys of more severe alerts. If one of them was raised, this alert is not raised. */
  unless?: string[]
  /** Delivered even while Postgres is away, because it may report that outage. */
  urgent?: boolean
}

/** An alert on its way to the webhook. */
export interface RaisedAlert extends Alert {
  raisedAt: Date
}

/** Sent when an administrator asks for it. */
export function testAlert(dedupe: string): Alert {
  return {
    kind: 'test',
    dedupe,
    severity: 'info',
    scope: 'gateway',
    title: 'This is a test alert. Alerts of this gateway arrive here.',
    details: {},
  }
}

/** The UTC month of a time. */
export function monthOf(now: number): string {
  return new Date(now).toISOString().slice(0, 7)
}

/** The UTC hour of a time: the window of alerts about a lasting fault. */
export function hourOf(now: number): string {
  return new Date(now).toISOString().slice(0, 13)
}
