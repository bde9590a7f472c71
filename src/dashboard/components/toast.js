/** A word on what was done, for some seconds; read out, too. */

import { html } from 'htm/preact'
import { createStore, useStore } from '../store.js'
import { Icon } from './icon.js'

const SHOWN = 4000
const toast = createStore('')
let timer = 0

/** @param {string} text */
export function tell(text) {
  toast.set(text)
  clearTimeout(timer)
  timer = setTimeout(() => toast.set(''), SHOWN)
}

export function Toast() {
  const text = useStore(toast)
  return html`<div class="toast-place" role="status" aria-live="polite">
    ${text && html`<p class="toast"><${Icon} name="check" />${text}</p>`}
  </div>`
}
