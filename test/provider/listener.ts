/** Serves the provider's calls one by one: reads, decides, responds, and records them. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { endpointOf, faultOf, parse } from './apis.ts'
import { generatedAfter } from './generation.ts'
import type { Call, History } from './records.ts'
import { replyTo } from './reply.ts'
import { type ProviderResponse, respond, type Stage } from './responder.ts'
import { buildResponse, failureResponse } from './responses.ts'
import { ordinary, type Scenario } from './scenario.ts'
import type { ScenarioQueue } from './scenario-queue.ts'

export function listener(history: History, scenarioQueue: ScenarioQueue) {
  return (request: IncomingMessage, response: ServerResponse) => {
    const queued = scenarioQueue.onArrival()
    const call = newCall(request, queued)
    const gone = new AbortController()
    const breakOff = () => {
      call.closedEarly = !gone.signal.aborted
    }
    let generatedNow: ((elapsedMs?: number) => number) | undefined
    const begin: Stage['begin'] = generated => {
      const begun = performance.now()
      generatedNow = (elapsedMs = performance.now() - begun) => generatedAfter(generated, elapsedMs)
    }
    history.begin(call)
    response.once('close', () => {
      call.aborted = !call.closedEarly && !response.writableFinished
      const whole = !call.closedEarly && response.writableFinished
      // A timer may be a millisecond early: a response that was sent whole was generated whole.
      call.generated = generatedNow?.(whole ? Number.POSITIVE_INFINITY : undefined)
      call.reported &&= whole
      history.end(call)
      if (!response.writableFinished) gone.abort()
    })
    if (queued?.ending === 'unread') {
      breakOff()
      request.socket.destroy()
      return
    }
    readBody(request, body => {
      call.body = body
      const built = decideResponse(call, () => queued ?? scenarioQueue.onceRead(call))
      const stage = { response, gone: gone.signal, released: scenarioQueue.released, breakOff, begin }
      respond(stage, built, call.scenario).catch(error => {
        // That its caller left during a pause is the only error there should be.
        if (!gone.signal.aborted) response.destroy(error)
      })
    })
  }
}

export function readBody(request: IncomingMessage, done: (body: Buffer) => void) {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => done(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
}

function decideResponse(call: Call, decide: () => Scenario): ProviderResponse {
  try {
    call.scenario = decide()
  } catch (error) {
    // A prompt names an unknown scenario: the error goes to the author of the test.
    return failureResponse('openai', {
      status: 400,
      body: JSON.stringify({ error: { message: String(error) } }),
    })
  }
  const built = responseTo(call)
  call.status = ['silent', 'unread'].includes(call.scenario.ending) ? undefined : built.status
  return built
}

/** Also records the usage that the response reports, if it is sent whole. */
function responseTo(call: Call): ProviderResponse {
  const endpoint = endpointOf(call.path)
  if (!endpoint) return failureResponse('openai', { status: 404 })
  const { api } = endpoint
  const request = parse(call.body)
  const failure = call.scenario.failure ?? faultOf(endpoint, call.headers, request)
  if (failure || !request) return failureResponse(api.family, failure ?? { status: 400 })
  const reply = replyTo(call.body, request, call.scenario)
  call.served = api.served(reply)
  call.reported = reply.report !== 'none' && call.scenario.nonsense === undefined
  return buildResponse(api, reply, call.scenario)
}

function newCall(request: IncomingMessage, scenario: Scenario = ordinary): Call {
  return {
    path: request.url ?? '/',
    headers: request.headers,
    body: Buffer.alloc(0),
    scenario,
    status: undefined,
    served: [],
    reported: false,
    aborted: false,
    closedEarly: false,
    startedAt: Date.now(),
    endedAt: undefined,
    generated: undefined,
  }
}
