/** The address of the gateway: TOLLGATE_URL, else HOST and PORT, which a gateway on this machine reads as well. */
export function addressOf(env: Record<string, string | undefined>): string {
  if (env.TOLLGATE_URL) return env.TOLLGATE_URL
  return `http://${reachable(env.HOST || '127.0.0.1')}:${env.PORT || 4000}`
}

/** `fetch` takes no URL with a user. */
export function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
}

/** The loopback address reaches a gateway that listens on every address. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
