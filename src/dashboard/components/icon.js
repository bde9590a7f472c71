/** Line icons: 16 units, 1.5 thick, in the colour of the text beside them. */

import { html } from 'htm/preact'

/** @type {Record<string, string>} */
const paths = {
  overview: 'M2.5 13.5V9m3.7 4.5V4.5m3.6 9V7m3.7 6.5v-11',
  calls: 'M2 8h2.6l1.9-5 3 10 1.9-5H14',
  performance: 'M2 12.5 6 8l2.5 2.5L14 4m0 0h-3.5M14 4v3.5',
  refusals: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM3.8 3.8l8.4 8.4',
  clients:
    'M10.5 13.5v-1a2.5 2.5 0 0 0-2.5-2.5H5a2.5 2.5 0 0 0-2.5 2.5v1M6.5 7.5a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8Zm4.3-4.6a2.4 2.4 0 0 1 0 4.4m2.7 6.2v-1a2.5 2.5 0 0 0-1.8-2.4',
  teams:
    'M5.5 7.2a2.1 2.1 0 1 0 0-4.2 2.1 2.1 0 0 0 0 4.2Zm5 0a2.1 2.1 0 1 0 0-4.2M1.8 13v-1.2a2.3 2.3 0 0 1 2.3-2.3h2.8a2.3 2.3 0 0 1 2.3 2.3V13m2.1-3.5h.6a2.3 2.3 0 0 1 2.3 2.3V13',
  limits: 'M2.2 11.5a6 6 0 1 1 11.6 0M8 9.8l2.6-3.6',
  upstreams: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01M11 5h-2.5m2.5 6h-2.5',
  alerts: 'M12 6.2a4 4 0 0 0-8 0c0 4-1.5 5-1.5 5h11S12 10.2 12 6.2ZM6.7 13.5a1.5 1.5 0 0 0 2.6 0',
  explain:
    'M6.2 6.1A1.9 1.9 0 0 1 9.9 6.7c0 1.3-1.9 1.7-1.9 2.8m0 2h.01M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Z',
  verify: 'M8 14.5s5-2 5-6.5V3.5L8 1.5l-5 2V8c0 4.5 5 6.5 5 6.5ZM5.8 7.8l1.6 1.6 3-3.2',
  changes: 'M2.5 2.8v3.4h3.4M2.8 6.2a5.8 5.8 0 1 1-.6 3M8 5v3.2l2.2 1.3',
  menu: 'M2.5 4.5h11m-11 3.5h11m-11 3.5h11',
  close: 'm4 4 8 8m0-8-8 8',
  plus: 'M8 3v10M3 8h10',
  copy: 'M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2m1-5h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1Z',
  check: 'm3 8.5 3.2 3.2L13 5',
  left: 'M9.8 3.5 5.3 8l4.5 4.5',
  arrow: 'M2.5 8h11m-4-4 4 4-4 4',
  right: 'm6.2 3.5 4.5 4.5-4.5 4.5',
  pause: 'M5.5 3.5v9m5-9v9',
  play: 'M5 3.5v9l7-4.5-7-4.5Z',
  system: 'M2.5 3.5h11v7.5h-11zM6 13.5h4',
  light:
    'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM8 1.5v1m0 11v1m6.5-6.5h-1m-11 0h-1m11.1-4.6-.7.7m-7.8 7.8-.7.7m9.2 0-.7-.7M4.1 4.1l-.7-.700',
  dark: 'M13.5 9.5A5.8 5.8 0 0 1 6.5 2.5a5.8 5.8 0 1 0 7 7Z',
  out: 'M6 13.5H3.5a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1H6m4.5 8.5 3-3-3-3m3 3H6',
  key: 'M9.8 9.5a3.7 3.7 0 1 0-3.4-2.2L2.5 11.2v2.3h2.3l.8-.8v-1.5h1.5l.9-1.9a3.7 3.7 0 0 0 1.8.2Zm.7-4.5h.01',
  warning:
    'M8 6v3m0 2.5h.01M7 2.7 1.7 12a1.2 1.2 0 0 0 1 1.8h10.6a1.2 1.2 0 0 0 1-1.8L9 2.7a1.2 1.2 0 0 0-2 0Z',
  keyboard:
    'M2.5 4h11a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1Zm2 2.8h.01m2.3 0h.01m2.3 0h.01m2.3 0h.01M5.5 9.5h5',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Zm6.5 2-3.2-3.2',
}

/** @param {{ name: string }} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${paths[name]} /></svg>`
}

export function Mark() {
  return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect class="mark-ground" width="32" height="32" rx="8" />
    <path class="mark-arm" d="M6.5 16.2 26 9.4" />
    <path class="mark-stripe" d="m14.3 13.5 2.4-.85m3-1.05 2.4-.85" />
    <path class="mark-post" d="M10.5 15.5v9" />
  </svg>`
}
