/** A message about the result of an action. It is shown for some seconds, and screen readers read it. */

import { html } from 'htm/preact'
import { createStore, useStore } from '../store.js'
import { Icon } from './icon.js'

const SHOWN = 4000
/** Longer for a failure, whose text is longer. */
const FAILURE_SHOWN = 12_000
const toast = createStore({ text: '', isFailure: false })
let timer = 0

/** @param {string} text @param {{ isFailure?: boolean }} [options] */
export function showToast(text, { isFailure = false } = {}) {
  toast.set({ text, isFailure })
  clearTimeout(timer)
  timer = setTimeout(() => toast.set({ text: '', isFailure: false }), isFailure ? FAILURE_SHOWN : SHOWN)
}

export function Toast() {
  const { text, isFailure } = useStore(toast)
  return html`<div class="toast-place" role="status" aria-live="polite">
    ${text && html`<p class="toast"><${Icon} name=${isFailure ? 'warning' : 'check'} />${text}</p>`}
  </div>`
}
