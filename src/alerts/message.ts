/**
 * An alert as a Slack message: `text` and `blocks` for people, `metadata` for programs. All three are Slack's own fields,
 * so every receiver of its incoming webhooks takes them.
 */

import { usdToNanos, writeUsd } from '../pricing/money.ts'
import type { RaisedAlert } from './alert.ts'
import { pageOf, type Sender } from './sender.ts'

/** Slack refuses a message with more fields in one section, or with longer texts: 3,000 characters, 2,000 in a field. */
const FIELDS = 10
/** Escaping makes one character five at most. */
const LONGEST_TITLE = 500
const LONGEST_VALUE = 300

/** The body to send. It contains its time, so that the signature covers the time. */
export function messageOf(alert: RaisedAlert, sentAt: Date, sender: Sender): string {
  const { kind, dedupe, severity, scope, title, details, raisedAt } = alert
  const page = pageOf(sender, scope)
  const link = page && `<${escapeText(page.url)}|${escapeText(page.label)}>`
  const head = escapeText(`[${severity}] ${shortened(title, LONGEST_TITLE)}`)
  const name = escapeText(sender.name)
  const fields = Object.entries(details).slice(0, FIELDS)
  return JSON.stringify({
    // Shown in notifications, and by receivers that do not support blocks.
    text: [`${name}: ${head}`, ...(link ? [link] : [])].join('\n'),
    blocks: [
      section({ text: markdown(head) }),
      ...(fields.length > 0
        ? [section({ fields: fields.map(([name, value]) => markdown(field(name, value))) })]
        : []),
      {
        type: 'context',
        elements: [markdown([name, `raised ${timeOf(raisedAt)}`, ...(link ? [link] : [])].join(' · '))],
      },
    ],
    metadata: {
      event_type: 'tollgate_alert',
      event_payload: {
        ...{ kind, dedupe, severity, scope, title, raisedAt, sentAt, details },
        gateway: sender.name,
        url: page?.url,
      },
    },
  })
}

function section(content: object) {
  return { type: 'section', ...content }
}

function markdown(text: string) {
  return { type: 'mrkdwn', text }
}

type Value = RaisedAlert['details'][string]

/** The format of a value by the end of its name. The first match applies. */
const forms: { name: RegExp; write(value: Value): string }[] = [
  { name: /Usd$/, write: value => writeUsd(usdToNanos(Number(value))) },
  { name: /At$/, write: value => timeOf(new Date(String(value))) },
  { name: /^percent$/, write: value => `${value} %` },
  { name: /$/, write: value => (typeof value === 'number' ? numbers.format(value) : String(value)) },
]
const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 9 })

/** `limitUsd: 1234.5` is written as `Limit` above `$1,234.50`. */
function field(name: string, value: Value): string {
  const written = forms.find(form => form.name.test(name))?.write(value) ?? ''
  return `*${escapeText(labelOf(name))}*\n${escapeText(shortened(written, LONGEST_VALUE))}`
}

function labelOf(name: string): string {
  const words = name.replace(/Usd$/, '').replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
  return words.charAt(0).toUpperCase() + words.slice(1).toLowerCase()
}

/** `2026-11-23 12:00 UTC` */
function timeOf(moment: Date): string {
  return `${moment.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function shortened(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}

/** Slack parses `<!channel>` and links between these characters, so a name could notify a whole channel. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
