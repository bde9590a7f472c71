/** The gateway that an alert is from, and the page of the dashboard that it links to. */

import type { Config } from '../config/config.ts'

export interface Sender {
  /** A company may have several gateways that post to one channel. */
  name: string
  /** Without a slash at its end. Undefined: alerts have no link. */
  dashboardUrl?: string
}

type Named = Pick<Config, 'PUBLIC_URL' | 'ADMIN_TOKEN' | 'OTEL_SERVICE_NAME'>

/** Without ADMIN_TOKEN there is no dashboard, so alerts have no link. */
export function senderOf({ PUBLIC_URL, ADMIN_TOKEN, OTEL_SERVICE_NAME }: Named): Sender {
  if (PUBLIC_URL === undefined) return { name: OTEL_SERVICE_NAME }
  const { host, href } = new URL(PUBLIC_URL)
  const isOpen = ADMIN_TOKEN !== undefined
  return { name: host, ...(isOpen && { dashboardUrl: `${href.replace(/\/+$/, '')}/dashboard` }) }
}

/** The path of the page of each kind of scope that has one. */
const PAGES: Record<string, string> = { client: 'clients', team: 'teams' }

/** The page of the client or team that an alert is about, or else the list of alerts. */
export function pageOf({ dashboardUrl }: Sender, scope: string): { url: string; label: string } | undefined {
  if (dashboardUrl === undefined) return undefined
  const [, kind = '', name = ''] = /^(\w+):(.+)$/.exec(scope) ?? []
  const page = PAGES[kind]
  if (page === undefined) return { url: `${dashboardUrl}/alerts`, label: 'Open the alerts' }
  return { url: `${dashboardUrl}/${page}/${encodeURIComponent(name)}`, label: `Open ${kind} ${name}` }
}
