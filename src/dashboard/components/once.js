/** A new secret. It is shown once. */

import { html } from 'htm/preact'
import { Copy } from './copy.js'
import { Dialog } from './dialog.js'

/** @param {{ title: string, kind: string, secret: string, onClose: () => void, children?: unknown }} props `kind`: such as `key`. */
export function Once({ title, kind, secret, onClose, children }) {
  return html`<${Dialog} title=${title} onClose=${onClose} isSticky>
    <div class="form">
      <p><strong>Copy it now: it is not shown again.</strong> The gateway stores only its fingerprint.</p>
      <output class="secret" tabindex="0" aria-label="The ${kind}">${secret}</output>
      ${children}
      <footer class="dialog-foot">
        <${Copy} text=${secret} label="Copy ${kind}" isLarge />
        <button type="button" class="button is-primary" data-first onClick=${onClose}>Done</button>
      </footer>
    </div>
  <//>`
}
