/** Calls as they end: server-sent events, read with fetch, because an EventSource cannot send a token. */

import { useEffect, useRef, useState } from 'preact/hooks'
import { Failure, question, request } from './api.js'

/** @import { Call } from './types.ts' */

const FIRST_WAIT = 1000
const LAST_WAIT = 15_000

/** @typedef {'connecting' | 'live' | 'lost'} LiveState */

/**
 * Follows the feed while `isOn`. `onCalls` is called with each batch, `onOpen` each time the feed begins.
 * @param {{ isOn: boolean, filter: Record<string, string | undefined>, onCalls: (calls: Call[], skipped: number) => void, onOpen: () => void }} options
 * @returns {LiveState}
 */
export function useLive({ isOn, filter, onCalls, onOpen }) {
  const [state, setState] = useState(/** @type {LiveState} */ ('connecting'))
  const handlers = useRef({ onCalls, onOpen })
  handlers.current = { onCalls, onOpen }
  const path = question('/calls/live', filter)

  useEffect(() => {
    if (!isOn) return
    const gone = new AbortController()
    follow(path, gone.signal, {
      onState: setState,
      onOpen: () => handlers.current.onOpen(),
      onCalls: (calls, skipped) => handlers.current.onCalls(calls, skipped),
    })
    return () => gone.abort()
  }, [isOn, path])

  return state
}

/**
 * @param {string} path
 * @param {AbortSignal} signal
 * @param {{ onState: (state: LiveState) => void, onOpen: () => void, onCalls: (calls: Call[], skipped: number) => void }} handlers
 */
async function follow(path, signal, { onState, onOpen, onCalls }) {
  let wait = FIRST_WAIT
  onState('connecting')
  while (!signal.aborted) {
    try {
      const response = await request(path, { signal })
      onState('live')
      onOpen()
      wait = FIRST_WAIT
      for await (const { calls, skipped } of events(response)) {
        // Received batches belong to the former filter.
        if (signal.aborted) return
        onCalls(calls, skipped)
      }
    } catch (error) {
      if (signal.aborted || (error instanceof Failure && error.status === 401)) return
      onState('lost')
    }
    await pause(wait, signal)
    wait = Math.min(LAST_WAIT, wait * 2)
  }
}

/**
 * @param {Response} response
 * @returns {AsyncGenerator<{ calls: Call[], skipped: number }>}
 */
async function* events(response) {
  if (!response.body) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const parts = (rest + value).split('\n\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const data = part.split('\n').flatMap(line => (line.startsWith('data: ') ? [line.slice(6)] : []))
      if (data.length > 0) yield JSON.parse(data.join('\n'))
    }
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 */
function pause(ms, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
}
