/** A choice between a few options. */

import { html } from 'htm/preact'

/** @param {{ label: string, options: [value: string, text: string][], value: string, onPick: (value: string) => void }} props */
export function Segmented({ label, options, value, onPick }) {
  return html`<div class="segmented" role="group" aria-label=${label}>
    ${options.map(
      ([option, text]) =>
        html`<button type="button" aria-pressed=${option === value} onClick=${() => onPick(option)}>${text}</button>`,
    )}
  </div>`
}
