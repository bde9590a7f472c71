/** The theme: light, dark, or the theme of the system. The browser remembers the choice. */

import { createStore } from './store.js'

const NAME = 'tollgate-theme'
const themes = ['system', 'light', 'dark']

/** The page works without storage. */
function remembered() {
  try {
    const found = localStorage.getItem(NAME) ?? ''
    return themes.includes(found) ? found : 'system'
  } catch {
    return 'system'
  }
}

export const theme = createStore(remembered())

export function applyTheme() {
  document.documentElement.dataset.theme = theme.get()
}

export function nextTheme() {
  const next = themes[(themes.indexOf(theme.get()) + 1) % themes.length] ?? 'system'
  theme.set(next)
  applyTheme()
  try {
    localStorage.setItem(NAME, next)
  } catch {
    // Without storage the choice is kept until the page closes.
  }
}
