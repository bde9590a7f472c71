/** A side panel with details of a row. It is not modal. Escape closes it and returns the focus. */

import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from './icon.js'

/** @param {{ title: string, name: string, onClose: () => void, children: unknown }} props `name`: its subject. A new subject takes the focus. */
export function Panel({ title, name, onClose, children }) {
  const panel = useRef(/** @type {HTMLElement | null} */ (null))
  const close = useRef(onClose)
  close.current = onClose
  useEffect(() => {
    const before = document.activeElement
    panel.current?.focus({ preventScroll: true })
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
    }
  }, [name])
  useEffect(() => {
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'Escape' && !document.querySelector('dialog[open]')) close.current()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  return html`<aside class="panel" ref=${panel} tabindex="-1" aria-label=${title}>
    <header class="panel-head">
      <h2>${title}</h2>
      <button type="button" class="button is-ghost is-icon" aria-label="Close ${title}" onClick=${onClose}><${Icon} name="close" /></button>
    </header>
    <div class="panel-body">${children}</div>
  </aside>`
}

/** @param {{ rows: [label: unknown, value: unknown][] }} props Rows without a value are left out. */
export function Facts({ rows }) {
  const known = rows.filter(([, value]) => value !== undefined && value !== null && value !== '')
  return html`<dl class="facts">${known.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`
}
