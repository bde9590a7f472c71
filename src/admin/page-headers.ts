/** Security headers of the pages that people open: the dashboard and the reference page of the API. */

import type { FastifyHelmetOptions } from '@fastify/helmet'

/** `sources` adds to what every page may load: its own scripts, styles, images and API. */
export function pageHeaders(sources: Record<string, string[]>): FastifyHelmetOptions {
  const { 'script-src': scripts = [], 'img-src': images = [], ...others } = sources
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'", ...scripts],
        'style-src': ["'self'"],
        'img-src': ["'self'", ...images],
        'connect-src': ["'self'"],
        ...others,
        'base-uri': ["'none'"],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    // Whether a host is only reached over TLS is for its operator to decide.
    strictTransportSecurity: false,
  }
}
