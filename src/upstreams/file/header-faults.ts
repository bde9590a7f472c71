/** Checks the headers that an upstream adds to its requests. */

import { validateHeaderName, validateHeaderValue } from 'node:http'
import { fault, faultText } from '../../pricing/schema-faults.ts'
import { escaped, type FileFault, repeated } from './faults.ts'

/** The gateway or the connection sets these. */
const reserved: ReadonlySet<string> = new Set([
  ...['authorization', 'proxy-authorization', 'x-api-key', 'api-key', 'x-goog-api-key'],
  ...['host', 'content-length', 'content-type', 'content-encoding', 'accept-encoding', 'user-agent'],
  ...[
    'connection',
    'keep-alive',
    'proxy-connection',
    'transfer-encoding',
    'te',
    'trailer',
    'upgrade',
    'expect',
  ],
])

export function headerFaults(headers: Readonly<Record<string, string>>, path: string): FileFault[] {
  const names = Object.keys(headers)
  const twice = repeated(names, name => name.toLowerCase()).map(([name]) =>
    fault(`${path}/${escaped(name)}`, name, 'each header once'),
  )
  return [
    ...twice,
    ...Object.entries(headers).flatMap(([name, value]) => {
      const at = `${path}/${escaped(name)}`
      if (!isValid(() => validateHeaderName(name))) return [fault(at, name, 'the name of a header')]
      if (reserved.has(name.toLowerCase())) return [fault(at, name, 'a header that the gateway does not set')]
      if (isValid(() => validateHeaderValue(name, value))) return []
      // The value may be a secret.
      return [faultText(at, `a value of ${value.length} characters`, 'text that a header can carry')]
    }),
  ]
}

function isValid(validate: () => void): boolean {
  try {
    validate()
    return true
  } catch {
    return false
  }
}
