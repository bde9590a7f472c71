/** Where the gateway is, as far as its own variables say. */

/** TOLLGATE_URL, else HOST and PORT: those that a gateway beside this shell, or in this folder, listens on. */
export function addressOf(env: Record<string, string | undefined>): string {
  if (env.TOLLGATE_URL) return env.TOLLGATE_URL
  return `http://${reachable(env.HOST || '127.0.0.1')}:${env.PORT || 4000}`
}

/** What listens on every address is asked on the loopback one. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
