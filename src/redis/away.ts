/** Recognizes errors of a Redis that is away: it sent no reply, or cannot serve yet. No operator is needed. */

/** Recognised by the names and messages of the client library. */
const NAMES = new Set(['AbortError', 'ClusterAllFailedError', 'MaxRetriesPerRequestError'])
const NO_REPLY =
  /^(command timed out|connection is closed|socket timeout|stream isn't writeable|cluster isn't ready|none of startup nodes|too many cluster redirections|node is disconnected)/i
/** Error codes of Redis while it starts, is a replica, runs a long script, or has no memory left. */
const NOT_READY = /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|BUSY|OOM|MISCONF|NOREPLICAS)\b/

export function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return NAMES.has(error.name) || NO_REPLY.test(error.message) || NOT_READY.test(error.message)
}

/** Redis refused the command, or the script's first write: nothing was changed. */
export function isRefusedByRedis(error: unknown): boolean {
  return error instanceof Error && NOT_READY.test(error.message)
}

/** For `catch` of a write that can be left out while the memory of Redis is full. */
export function ifFull(error: unknown): 'full' {
  if (error instanceof Error && error.message.startsWith('OOM')) return 'full'
  throw error
}
