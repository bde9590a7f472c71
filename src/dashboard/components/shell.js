/** The frame of every view: navigation, the current token, and keyboard shortcuts. */

import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { timeOfDay } from '../format.js'
import { go, href, place } from '../router.js'
import { end, session } from '../session.js'
import { useStore } from '../store.js'
import { nextTheme, theme } from '../theme.js'
import { roleLabel } from '../words.js'
import { Dialog } from './dialog.js'
import { Icon, Mark } from './icon.js'

/** @type {[group: string, entries: [name: string, path: string, icon: string, key: string][]][]} */
const groups = [
  [
    'Usage',
    [
      ['Overview', '/', 'overview', 'o'],
      ['Calls', '/calls', 'calls', 'c'],
      ['Refusals', '/refusals', 'refusals', 'r'],
      ['Performance', '/performance', 'performance', 'p'],
    ],
  ],
  [
    'Control',
    [
      ['Clients', '/clients', 'clients', 'l'],
      ['Teams', '/teams', 'teams', 'w'],
      ['Limits', '/limits', 'limits', 'm'],
      ['Upstreams', '/upstreams', 'upstreams', 'u'],
      ['Alerts', '/alerts', 'alerts', 'a'],
      ['Access', '/access', 'key', 't'],
    ],
  ],
  [
    'Audit',
    [
      ['Explain', '/explain', 'explain', 'e'],
      ['Verify', '/verify', 'verify', 'v'],
      ['Changes', '/changes', 'changes', 'h'],
    ],
  ],
]
const entries = groups.flatMap(([, found]) => found)

/** @param {{ children: unknown }} props */
export function Shell({ children }) {
  const { path } = useStore(place)
  const [isOpen, setOpen] = useState(false)
  const [isHelp, setHelp] = useState(false)
  useEffect(() => setOpen(false), [path.join('/')])
  useKeys(() => setHelp(true))
  const main = useRef(/** @type {HTMLElement | null} */ (null))
  const skip = (/** @type {Event} */ event) => {
    event.preventDefault()
    main.current?.focus()
  }
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to content</a>
    <div class="shell">
      <header class="bar">
        <a class="brand" href=${href('/')} aria-label="Tollgate, overview"><${Mark} /><span>Tollgate</span></a>
        <button type="button" class="button is-ghost is-icon" aria-label="Menu" aria-expanded=${isOpen} onClick=${() => setOpen(true)}><${Icon} name="menu" /></button>
      </header>
      <div class="side"><${Menu} current=${path[0] ?? ''} onHelp=${() => setHelp(true)} /></div>
      ${isOpen && html`<${Drawer} onClose=${() => setOpen(false)}><${Menu} current=${path[0] ?? ''} onHelp=${() => setHelp(true)} /><//>`}
      <main class="main" id="main" ref=${main} tabindex="-1"><div class="view">${children}</div></main>
    </div>
    ${isHelp && html`<${Help} onClose=${() => setHelp(false)} />`}`
}

/** @param {{ current: string, onHelp: () => void }} props */
function Menu({ current, onHelp }) {
  const who = useStore(session)
  const shade = useStore(theme)
  return html`<nav class="menu" aria-label="Views">
      <a class="brand" href=${href('/')}><${Mark} /><span>Tollgate</span></a>
      ${groups.map(
        ([group, found]) => html`<div class="menu-group">
          <p class="menu-title">${group}</p>
          <ul>
            ${found.map(
              ([name, path, icon]) =>
                html`<li><a href=${href(path)} aria-current=${path === `/${current}` ? 'page' : undefined}><${Icon} name=${icon} />${name}</a></li>`,
            )}
          </ul>
        </div>`,
      )}
    </nav>
    <div class="menu-foot">
      <p class="who"><span class="who-name">${who?.name}</span><span class="who-role">${roleLabel(who?.role)}</span></p>
      <div class="menu-tools">
        <button type="button" class="button is-ghost is-icon" aria-label="Theme: ${shade}. Change it" title="Theme: ${shade}" onClick=${nextTheme}><${Icon} name=${shade} /></button>
        <button type="button" class="button is-ghost is-icon" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick=${onHelp}><${Icon} name="keyboard" /></button>
        <button type="button" class="button is-ghost is-icon" aria-label="Sign out" title="Sign out" onClick=${() => end()}><${Icon} name="out" /></button>
        <${Clock} />
      </div>
    </div>`
}

/** The UTC time. It is always shown, because budgets reset in UTC. */
function Clock() {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000)
    return () => clearInterval(timer)
  }, [])
  return html`<span class="clock" title="All times and days are UTC">${timeOfDay(now)} UTC</span>`
}

/** @param {{ onClose: () => void, children: unknown }} props */
function Drawer({ onClose, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null))
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return html`<dialog class="drawer" ref=${dialog} aria-label="Menu" onCancel=${onClose} onClick=${(/** @type {Event} */ event) => event.target === dialog.current && onClose()}>
    <button type="button" class="button is-ghost is-icon drawer-close" aria-label="Close menu" onClick=${onClose}><${Icon} name="close" /></button>
    ${children}
  </dialog>`
}

/** `g` and a letter open a view, `/` focuses the first filter, `?` lists all shortcuts. @param {() => void} onHelp */
function useKeys(onHelp) {
  useEffect(() => {
    let isGoing = false
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        isTyping(event.target) ||
        document.querySelector('dialog[open]')
      )
        return
      const target = entries.find(([, , , key]) => key === event.key)
      if (isGoing && target) go(href(target[1]))
      else if (event.key === '?') onHelp()
      else if (event.key === '/') {
        const first = document.querySelector('.main :is(input, select)')
        if (!(first instanceof HTMLElement)) return
        event.preventDefault()
        first.focus()
      }
      isGoing = event.key === 'g' && !isGoing
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof Element && target.closest('input, textarea, select') !== null
}

/** @param {{ onClose: () => void }} props */
function Help({ onClose }) {
  /** @type {[keys: string[], what: string][]} */
  const rows = [
    ...entries.map(([name, , , key]) => /** @type {[string[], string]} */ ([['g', key], `Go to ${name}`])),
    [['/'], 'Focus the first filter'],
    [['↑', '↓'], 'In a list with an open panel: previous or next call'],
    [['←', '→'], 'In a chart: previous or next column'],
    [['Esc'], 'Close the panel or dialog'],
    [['?'], 'This help'],
  ]
  return html`<${Dialog} title="Keyboard shortcuts" onClose=${onClose}>
    <dl class="keys-help">${rows.map(([keys, what]) => html`<div><dt>${keys.map(key => html`<kbd>${key}</kbd>`)}</dt><dd>${what}</dd></div>`)}</dl>
  <//>`
}
