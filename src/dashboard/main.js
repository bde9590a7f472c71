/** The entry of the page. */

import { html } from 'htm/preact'
import { render } from 'preact'
import { App } from './app.js'
import { followEdges } from './edges.js'
import { applyTheme } from './theme.js'

applyTheme()
const root = document.querySelector('#page')
if (root instanceof HTMLElement) {
  render(html`<${App} />`, root)
  followEdges(root)
}
