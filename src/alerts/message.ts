/**
 * An alert as a Slack message: `text` and `blocks` for people, `metadata` for programs. All three are Slack's own fields,
 * so every receiver of its incoming webhooks takes them.
 */

import type { RaisedAlert } from './alert.ts'

/** Slack's limit on the fields of one section. */
const FIELDS = 10

/** The body to send. What it says of its time stands inside it, so that a signature of the body covers it. */
export function messageOf(alert: RaisedAlert, sentAt: Date): string {
  const { kind, dedupe, severity, scope, title, details, raisedAt } = alert
  const text = `[${severity}] ${escapeText(title)}`
  const fields = Object.entries(details).slice(0, FIELDS)
  return JSON.stringify({
    text,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text } },
      ...(fields.length > 0
        ? [{ type: 'section', fields: fields.map(([name, value]) => field(name, String(value))) }]
        : []),
    ],
    metadata: {
      event_type: 'tollgate_alert',
      event_payload: { kind, dedupe, severity, scope, title, raisedAt, sentAt, details },
    },
  })
}

function field(name: string, value: string) {
  return { type: 'mrkdwn', text: `*${escapeText(name)}*\n${escapeText(value)}` }
}

/** Slack reads `<!channel>` and links between these: a name must not be able to call everybody. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
