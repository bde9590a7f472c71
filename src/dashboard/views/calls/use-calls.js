/** Rows of the ledger, newest first, after live calls. */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { api, Failure, question } from '../../api.js'
import { useLive } from '../../live.js'

/** @import { Call } from '../../types.ts' */

const PAGE = 60
/** The limit of live calls. Older calls are dropped, because the ledger has them. */
const KEPT = 600
/** The delay of the ledger. After it the ledger has the calls that ended while the feed began. */
const CATCH_UP = 2500

/**
 * @param {Record<string, string | undefined>} filter
 * @param {boolean} isLive
 */
export function useCalls(filter, isLive) {
  const { from, client, model, outcome, sort } = filter
  const isByTime = !sort
  const path = question('/calls', { ...filter, limit: String(PAGE) })
  const [state, setState] = useState({
    calls: /** @type {Call[]} */ ([]),
    next: /** @type {string | undefined} */ (undefined),
    isLoading: true,
    skipped: 0,
  })
  const [failure, setFailure] = useState(/** @type {Failure | undefined} */ (undefined))
  const fresh = useRef(/** @type {Set<string>} */ (new Set()))
  const current = useRef(path)
  current.current = path

  const load = useCallback(
    async (/** @type {string | undefined} */ cursor) => {
      try {
        /** @type {{ calls: Call[], next?: string }} */
        const page = await api(cursor ? `${path}&cursor=${cursor}` : path)
        if (current.current !== path) return
        setFailure(undefined)
        setState(({ calls, next, skipped }) => {
          const isFirst = cursor === undefined && !calls.some(({ seq }) => seq !== undefined)
          return {
            calls: merged(calls, page.calls, isByTime),
            next: cursor !== undefined || isFirst ? page.next : next,
            isLoading: false,
            skipped,
          }
        })
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        if (current.current !== path) return
        setFailure(error)
        setState(before => ({ ...before, isLoading: false }))
      }
    },
    [path, isByTime],
  )

  useEffect(() => {
    fresh.current = new Set()
    setState({ calls: [], next: undefined, isLoading: true, skipped: 0 })
    load(undefined)
  }, [load])

  const feed = useLive({
    isOn: isLive,
    filter: { client, model, outcome },
    onOpen: () => setTimeout(() => current.current === path && load(undefined), CATCH_UP),
    onCalls: (calls, skipped) => {
      const wanted = calls.filter(call => fits(call, filter) && (from === undefined || call.at >= from))
      for (const { id } of wanted) fresh.current.add(id)
      setState(before => ({
        ...before,
        calls: merged(before.calls, wanted, isByTime).slice(0, KEPT),
        skipped: before.skipped + skipped,
      }))
    },
  })

  return {
    calls: state.calls,
    failure,
    isLoading: state.isLoading && state.calls.length === 0,
    hasMore: state.next !== undefined,
    live: feed,
    skipped: state.skipped,
    fresh: fresh.current,
    loadMore: () => load(state.next),
    reload: async () => load(undefined),
  }
}

/** The page filters live calls too, because a batch of the former filter may arrive after a change. @param {Call} call @param {Record<string, string | undefined>} filter */
function fits(call, { client, model, outcome, team, key, status }) {
  return (
    (!client || call.client === client || call.clientId === client) &&
    (!model || call.model === model) &&
    (!outcome || call.outcome === outcome) &&
    (!team || call.team === team) &&
    (!key || call.key === key) &&
    (!status || String(call.status).startsWith(status.replace('xx', '')))
  )
}

/** One row per call and correction. A row of the ledger replaces the row of the live feed. @param {Call[]} known @param {Call[]} more @param {boolean} isByTime the newest first; else in the order of the ledger */
function merged(known, more, isByTime) {
  const rows = new Map(known.map(call => [keyOf(call), call]))
  for (const call of more) if (call.seq !== undefined || !rows.has(keyOf(call))) rows.set(keyOf(call), call)
  if (!isByTime) return [...rows.values()]
  return [...rows.values()].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : a.id < b.id ? 1 : -1))
}

/** @param {Call} call */
function keyOf({ id, seq = 0 }) {
  return `${id} ${seq}`
}
