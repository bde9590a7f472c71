/** What this gateway uses and what it opens, for the log line at its start. No credentials. */

import type { Config } from '../config.ts'
import type { storeUrls } from '../store-urls.ts'
import { postgresPlace, redisPlace } from './places.ts'

export interface Summary extends Openings {
  redis: string
  postgres: string
  /** `anthropic at https://api.anthropic.com` */
  upstreams: string[]
}

/** Who may ask for what, apart from calls. */
export interface Openings {
  admin: string
  dashboard: string
  metrics: string
}

export function summaryOf(config: Config, urls: ReturnType<typeof storeUrls>): Summary {
  const embedded = `embedded, in ${config.DATA_DIR}`
  return {
    redis: urls.redisUrl === undefined ? embedded : redisPlace(urls.redisUrl),
    postgres: urls.databaseUrl === undefined ? embedded : databaseOf(urls.databaseUrl),
    upstreams: upstreamsOf(config),
    ...openingsOf(config),
  }
}

function openingsOf({ ADMIN_TOKEN, METRICS_PORT, METRICS_TOKEN, PORT }: Config): Openings {
  const admin = ADMIN_TOKEN === undefined ? 'closed: ADMIN_TOKEN is not set' : 'open, with a token'
  const guard =
    METRICS_TOKEN === undefined ? 'without a token: METRICS_TOKEN is not set' : 'with METRICS_TOKEN'
  return { admin, dashboard: admin, metrics: `open on port ${METRICS_PORT ?? PORT}, ${guard}` }
}

function databaseOf(url: string): string {
  const { address, database } = postgresPlace(url)
  return `${address}/${database}`
}

function upstreamsOf(config: Config): string[] {
  return (['anthropic', 'openai', 'ezai'] as const).flatMap(name => {
    const upper = name.toUpperCase() as 'ANTHROPIC' | 'OPENAI' | 'EZAI'
    if (config[`${upper}_API_KEY`] === undefined) return []
    // Its user, password and query may be secrets.
    const url = URL.parse(config[`${upper}_BASE_URL`])
    return [url ? `${name} at ${url.origin}${url.pathname.replace(/\/$/, '')}` : name]
  })
}
