/** Small marks for outcomes and states. */

import { html } from 'htm/preact'
import { outcomeOf } from '../words.js'

/** @import { Tone } from '../words.js' */

/** @param {{ tone: Tone, children: unknown, title?: string }} props */
export function Badge({ tone, children, title }) {
  return html`<span class="badge is-${tone}" title=${title}>${children}</span>`
}

/** An outcome without a fault is plain text. @param {{ outcome: string }} props */
export function Outcome({ outcome }) {
  const { label, tone, meaning } = outcomeOf(outcome)
  if (tone === 'good' || tone === 'calm')
    return html`<span class="state is-${tone}" title=${meaning}><span>${label}</span></span>`
  return html`<${Badge} tone=${tone} title=${meaning}>${label}<//>`
}
