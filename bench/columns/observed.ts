/** The same gateway with every call traced, and with its metrics scraped more often than usual. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Contender } from '../columns.ts'
import { miss, startTollgate } from './tollgate.ts'

const SCRAPE_EVERY = 1000

const column = { name: 'observed', title: 'Tollgate, traced and scraped' }

export const observed: Contender = {
  columns: [column],
  async start(surroundings) {
    const collector = await startCollector()
    const { gateway, stop } = await startTollgate(surroundings, 'observed', {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    }).catch(error => {
      collector.stop()
      throw error
    })
    const scraping = setInterval(() => scrape(gateway.url), SCRAPE_EVERY)
    return {
      columns: [{ ...gateway, ...column, cached: false, proof: miss }],
      async stop() {
        clearInterval(scraping)
        await stop()
        collector.stop()
      },
    }
  },
}

async function scrape(url: string): Promise<void> {
  await fetch(`${url}/metrics`)
    .then(response => response.text())
    .catch(() => {})
}

/** Receives spans and drops them, because the work of a collector is not a cost of the gateway. */
async function startCollector() {
  const server = createServer((request, response) => {
    request.resume()
    request.once('end', () => response.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
