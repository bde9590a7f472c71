/** The example of docs/configuration.md. */

import { readFileSync } from 'node:fs'

const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

export const example = /## Upstreams and routes[\s\S]*?```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
