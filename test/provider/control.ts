/** The provider's control routes, for tests and benches in other processes. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from './listener.ts'
import type { History } from './records.ts'
import type { ScenarioQueue } from './scenario-queue.ts'

/**
 * `GET /__calls`: all stored calls, bodies as text. `GET /__count`: the totals. `POST /__next`: scenarios for the next
 * calls, one a line. `POST /__reset`: deletes all of it.
 */
export function control(history: History, scenarioQueue: ScenarioQueue, openConnections: () => number) {
  const routes: Record<string, (body: string) => unknown> = {
    '/__calls': () => history.calls.map(call => ({ ...call, body: String(call.body) })),
    '/__count': () => ({ ...history.totals(), openConnections: openConnections() }),
    '/__next': body => {
      scenarioQueue.next(...body.split('\n').filter(Boolean))
      return { queued: true }
    },
    '/__reset': () => {
      scenarioQueue.forget()
      history.forget()
      return { forgotten: true }
    },
  }
  return (request: IncomingMessage, response: ServerResponse) => {
    readBody(request, body => {
      response.setHeader('content-type', 'application/json')
      try {
        const value = routes[request.url ?? '']?.(String(body)) ?? { routes: Object.keys(routes) }
        response.end(JSON.stringify(value))
      } catch (error) {
        response.writeHead(400).end(JSON.stringify({ error: String(error) }))
      }
    })
  }
}
