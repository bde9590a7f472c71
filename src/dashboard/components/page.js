/** The frame of a view. Its heading takes the focus when the view changes. */

import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'

let shown = ''

/** @param {{ title: string, lead?: unknown, back?: unknown, actions?: unknown, children: unknown }} props */
export function Page({ title, lead, back, actions, children }) {
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null))
  useEffect(() => {
    document.title = `${title} · Tollgate`
    if (shown && shown !== title) heading.current?.focus({ preventScroll: true })
    shown = title
  }, [title])
  return html`<header class="page-head">
      <div class="page-title">
        ${back}
        <h1 ref=${heading} tabindex="-1">${title}</h1>
        ${lead && html`<p class="lead">${lead}</p>`}
      </div>
      ${actions && html`<div class="page-actions">${actions}</div>`}
    </header>
    ${children}`
}

/** @param {{ title: string, note?: unknown, actions?: unknown, children: unknown, isFlush?: boolean }} props */
export function Card({ title, note, actions, children, isFlush = false }) {
  return html`<section class="card ${isFlush ? 'is-flush' : ''}" aria-label=${title}>
    <header class="card-head">
      <h2>${title}</h2>
      ${note && html`<span class="card-note">${note}</span>`}
      ${actions && html`<div class="card-actions">${actions}</div>`}
    </header>
    ${children}
  </section>`
}
