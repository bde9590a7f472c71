/** The stores, upstreams and open routes of this gateway, for the log line at its start. No credentials. */

import type { Config } from '../config/config.ts'
import { postgresPlace, redisPlace } from '../config/places.ts'
import type { storeUrls } from '../config/store-urls.ts'
import { configuredUpstreams } from '../config/upstreams.ts'

export interface Summary extends Access {
  redis: string
  postgres: string
  /** `anthropic at https://api.anthropic.com` */
  upstreams: string[]
}

/** Whether the routes other than calls are open, and with which token. */
export interface Access {
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
    ...accessOf(config),
  }
}

function accessOf({ ADMIN_TOKEN, METRICS_PORT, METRICS_TOKEN, PORT }: Config): Access {
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
  if (config.UPSTREAMS_FILE !== undefined) return [`those of ${config.UPSTREAMS_FILE}`]
  return configuredUpstreams(config).map(({ name, baseUrl }) => {
    // User, password and query of the URL may be secrets.
    const url = URL.parse(baseUrl)
    return url ? `${name} at ${url.origin}${url.pathname.replace(/\/$/, '')}` : name
  })
}
