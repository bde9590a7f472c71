/** Light, dark, or whatever the system has; chosen once, remembered by this browser. */

import { createStore } from './store.js'

const NAME = 'tollgate-theme'
const themes = ['system', 'light', 'dark']

/** The page works without a memory, too. */
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
    // Then it holds for this visit.
  }
}
