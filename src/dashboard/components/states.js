/** The states of data: loading, empty and failed. */

import { html } from 'htm/preact'
import { Icon } from './icon.js'
import { Card } from './page.js'

/** @import { Failure } from '../api.js' */

/** The height of a line and the space below it, pixels. */
const LINE = 26

/** @param {{ lines?: number, label?: string }} props */
export function Loading({ lines = 4, label = 'Loading' }) {
  const widths = ['w-9', 'w-7', 'w-8', 'w-5']
  return html`<div class="loading" role="status" aria-label=${label}>
    ${Array.from({ length: lines }, (_, i) => html`<span class="bone ${widths[i % widths.length]}" />`)}
  </div>`
}

/** @param {{ title: string, children?: unknown }} props */
export function Empty({ title, children }) {
  return html`<div class="empty">
    <p class="empty-title">${title}</p>
    ${children && html`<div class="empty-text">${children}</div>`}
  </div>`
}

/** @param {{ failure: Failure, retry?: () => void, what?: string | undefined }} props `what`: the name of the data. */
export function Failed({ failure, retry, what = 'The data' }) {
  return html`<div class="failed" role="alert">
    <${Icon} name="warning" />
    <div>
      <p class="failed-title">${what} could not be loaded</p>
      <p>${failure.message}</p>
      ${retry && html`<button type="button" class="button is-small" onClick=${retry}>Retry</button>`}
    </div>
  </div>`
}

/**
 * Requested data in any state. If a later request fails, the previous data stays with a note.
 * @template T
 * @param {{ of: { data: T | undefined, failure: Failure | undefined, reload: () => Promise<void> }, lines?: number, what?: string, children: (data: T) => unknown }} props
 * `lines`: the expected height of the content. A failure takes the same height, so that the page does not shift.
 */
export function Loaded({ of: { data, failure, reload }, lines = 4, what, children }) {
  if (data === undefined)
    return html`<div class="pending" style=${{ minHeight: `${lines * LINE + 30}px` }}>
      ${failure ? html`<${Failed} failure=${failure} retry=${reload} what=${what} />` : html`<${Loading} lines=${lines} />`}
    </div>`
  return html`${failure && html`<${Stale} failure=${failure} />`}${children(data)}`
}

/**
 * The panels of a view while it is loading, or if it cannot be loaded.
 * @param {{ of: { data: unknown, failure: Failure | undefined, reload: () => Promise<void> }, panels: [title: string, lines: number][] }} props
 */
export function Unloaded({ of, panels }) {
  return panels.map(
    ([title, lines]) => html`<${Card} title=${title}><${Loaded} of=${of} lines=${lines} what=${title} /><//>`,
  )
}

/** @param {{ failure: Failure }} props */
export function Stale({ failure }) {
  return html`<p class="stale" role="status"><${Icon} name="warning" />Outdated: ${failure.message}</p>`
}
