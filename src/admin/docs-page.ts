/** The document as a page: no script, nothing from elsewhere, readable in the dark and on a phone. */

import { hash } from 'node:crypto'
import type { OpenApi, Operation, Part } from './openapi.ts'

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dce3, #353b45); --soft: light-dark(#5b6472, #9aa4b2);
  --panel: light-dark(#f6f7f9, #1b1f26); --accent: light-dark(#0b5cad, #7db7f0) }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem 6rem; font: 16px/1.5 system-ui, sans-serif;
  background: light-dark(#fff, #14171c); color: light-dark(#1d2129, #e6e9ee) }
h1 { font-size: 1.6rem } h2 { margin: 2.5rem 0 .5rem; font-size: 1.15rem; text-transform: capitalize }
a { color: var(--accent) } p { margin: .5rem 0 } code { font: .9em ui-monospace, monospace }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; background: var(--panel) }
summary { padding: .6rem .8rem; cursor: pointer; overflow-wrap: anywhere }
summary b { display: inline-block; min-width: 4.5rem; font: 600 .85em ui-monospace, monospace; color: var(--accent) }
summary span { color: var(--soft); margin-left: .6rem } details > div { padding: 0 .8rem .8rem; overflow-x: auto }
h3 { font-size: .8rem; letter-spacing: .04em; text-transform: uppercase; color: var(--soft); margin: 1rem 0 .3rem }
ul { margin: 0; padding-left: 1.1rem; list-style: none; border-left: 1px solid var(--line) } li { margin: .25rem 0 }
small { color: var(--soft) } nav a { margin-right: .8rem; text-transform: capitalize }
`

/** Nothing but this page's own style. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${hash('sha256', STYLE, 'base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export function docsPage({ info, paths, components }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))]
  const section = (tag: string) => {
    const found = operations.filter(({ operation }) => operation.tags.includes(tag))
    return `<h2 id="${text(tag)}">${text(tag)}</h2>${found.map(shown).join('')}`
  }
  const parts = Object.entries(components.schemas).map(
    ([name, part]) =>
      `<details id="part-${text(name)}"><summary><code>${text(name)}</code></summary><div>${described(part)}</div></details>`,
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${text(info.title)}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body><main>
<h1>${text(info.title)} <small>${text(info.version)}</small></h1><p>${text(info.description)}</p>
<p>Send <code>Authorization: Bearer</code> and a token. For programs: <a href="openapi.json">openapi.json</a>.</p>
<nav>${tags.map(tag => `<a href="#${text(tag)}">${text(tag)}</a>`).join(' ')} <a href="#parts">parts</a></nav>
${tags.map(section).join('')}<h2 id="parts">Parts</h2>${parts.join('')}</main></body></html>`
}

interface Shown {
  path: string
  method: string
  operation: Operation
}

function shown({ path, method, operation }: Shown): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation
  const fields = parameters.map(({ name, required, description: words, schema }) =>
    field(name, { ...schema, ...(words !== undefined && { description: words }) }, required),
  )
  const [body] = Object.entries(requestBody?.content ?? {})
  const answers = Object.entries(responses).map(([status, { description: words, content }]) => {
    const [first] = Object.values(content ?? {})
    return `<li><code>${status}</code> ${text(words)} ${first ? described(first.schema) : ''}</li>`
  })
  return `<details id="${text(operationId)}"><summary><b>${method.toUpperCase()}</b><code>${text(path)}</code><span>${text(summary)}</span></summary><div>
${description === undefined ? '' : `<p>${text(description)}</p>`}
${fields.length > 0 ? `<h3>Parameters</h3><ul>${fields.join('')}</ul>` : ''}
${body ? `<h3>Body <code>${text(body[0])}</code></h3>${described(body[1].schema)}` : ''}
<h3>Answers</h3><ul>${answers.join('')}</ul></div></details>`
}

function field(name: string, part: Part, required: boolean): string {
  const inside = part.type === 'object' || part.items !== undefined || part.anyOf !== undefined
  const words = typeof part.description === 'string' ? text(part.description) : ''
  return `<li><code>${text(name)}</code> <small>${kindOf(part)}${required ? ', required' : ''}</small> ${words}${inside ? described(part) : ''}</li>`
}

/** The content of a schema; a reference is a link. */
function described(part: Part): string {
  const { properties, required, items, anyOf } = part
  if (part.$ref !== undefined) return kindOf(part)
  if (isPart(items)) return ` <small>each</small> ${described(items) || kindOf(items)}`
  if (Array.isArray(anyOf))
    return anyOf
      .filter(isPart)
      .map(one => described(one) || kindOf(one))
      .join(' <small>or</small> ')
  if (!isPart(properties)) return ''
  const needed = Array.isArray(required) ? required : []
  const rows = Object.entries(properties).map(([name, one]) =>
    isPart(one) ? field(name, one, needed.includes(name)) : '',
  )
  return `<ul>${rows.join('')}</ul>`
}

function kindOf({ $ref, type, const: only, enum: some, anyOf, default: fallback }: Part): string {
  if (typeof $ref === 'string') {
    const name = text($ref.split('/').at(-1) ?? '')
    return `<a href="#part-${name}"><code>${name}</code></a>`
  }
  const kind = Array.isArray(some)
    ? some.map(show).join(' | ')
    : (show(only) ?? type ?? (anyOf ? 'one of' : 'any'))
  return text(`${kind}${fallback === undefined ? '' : `, default ${show(fallback)}`}`)
}

function show(value: unknown): string | undefined {
  return JSON.stringify(value)
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function text(words: string): string {
  return words.replaceAll(/[&<>"]/g, sign => ENTITIES[sign] ?? sign)
}
