/** Copies a text. Without a clipboard (plain http) it selects the text instead. */

import { html } from 'htm/preact'
import { useRef, useState } from 'preact/hooks'
import { Icon } from './icon.js'

/** @param {{ text: string, label?: string, isLarge?: boolean }} props */
export function Copy({ text, label = 'Copy', isLarge = false }) {
  const [isDone, setDone] = useState(false)
  const timer = useRef(0)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      if (!copyTheOldWay(text)) return
    }
    setDone(true)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setDone(false), 1600)
  }
  return html`<button type="button" class="button ${isLarge ? '' : 'is-ghost is-small'}" onClick=${copy} aria-label=${isLarge ? undefined : label}>
    <${Icon} name=${isDone ? 'check' : 'copy'} />${isLarge && html`<span>${isDone ? 'Copied' : label}</span>`}
    <span class="hidden" role="status">${isDone ? 'Copied' : ''}</span>
  </button>`
}

/** @param {string} text */
function copyTheOldWay(text) {
  const field = document.createElement('textarea')
  field.value = text
  const host = document.querySelector('dialog[open]') ?? document.body
  host.append(field)
  field.select()
  const isDone = document.execCommand('copy')
  field.remove()
  return isDone
}
