/** Links to the pages of a list. The address has the cursor, so that back and forward in the browser turn pages. */

import { html } from 'htm/preact'
import { here } from '../router.js'

/** @param {{ next: string | undefined, cursor: string | undefined, of?: string }} props `of`: the cursor's name in the address. */
export function Pager({ next, cursor, of = 'cursor' }) {
  if (!next && !cursor) return null
  return html`<nav class="more" aria-label="Pages">
    ${cursor && html`<a class="button" href=${here({ [of]: undefined })} onClick=${toTop}>First page</a>`}
    ${next && html`<a class="button" href=${here({ [of]: next })} onClick=${toTop}>Next page</a>`}
  </nav>`
}

/** To the start of the list. @param {MouseEvent} event */
function toTop({ currentTarget }) {
  if (currentTarget instanceof Element) currentTarget.closest('section')?.scrollIntoView({ block: 'nearest' })
}
