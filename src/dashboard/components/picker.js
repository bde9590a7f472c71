/** A field with suggestions from the server: the clients or teams that match the text. */

import { html } from 'htm/preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { question } from '../api.js'
import { useData } from '../data.js'
import { Field } from './field.js'

/** @import { Fault } from '../types.ts' */

const SHOWN = 8
/** Milliseconds from the last letter until the request. */
const DEBOUNCE_MS = 150

/** `isCurrent`: whether they are for the current text, not for the previous one. @typedef {{ options: string[], hasMore: boolean, isCurrent: boolean }} Suggestions */
/** Suggestions for a text; undefined sends no request. @typedef {(text: string | undefined) => Suggestions} UseSuggestions */

/** @type {UseSuggestions} */
export function useClients(text) {
  return useNames('clients', text)
}

/** @type {UseSuggestions} */
export function useTeams(text) {
  return useNames('teams', text)
}

/** @param {'clients' | 'teams'} list @param {string | undefined} text @returns {Suggestions} */
function useNames(list, text) {
  const path = text === undefined ? undefined : question(`/${list}`, { search: text, limit: String(SHOWN) })
  /** @type {import('../data.js').Followed<Partial<Record<'clients' | 'teams', { name: string }[]>> & { next?: string }>} */
  const { data } = useData(path, { every: 0 })
  const last = useRef(data)
  if (data) last.current = data
  return {
    options: last.current?.[list]?.map(({ name }) => name) ?? [],
    hasMore: last.current?.next !== undefined,
    isCurrent: data !== undefined,
  }
}

/**
 * @param {{ label: string, name: string, value: string, useSuggestions: UseSuggestions, onInput: (text: string) => void, onPick?: (value: string) => void, placeholder?: string, faults?: Fault[] }} props
 * `onPick`: called when a suggestion is picked.
 */
export function Picker({
  label,
  name,
  value,
  useSuggestions,
  onInput,
  onPick = onInput,
  placeholder,
  faults,
}) {
  const id = useId()
  const [isOpen, setOpen] = useState(false)
  const [marked, setMarked] = useState('')
  const text = value.trim()
  const wanted = useDebounced(text)
  const { options: found, hasMore, isCurrent } = useSuggestions(isOpen ? wanted : undefined)
  // Before the suggestions for this text arrive, the matching suggestions of the previous text are shown.
  const options =
    isCurrent && wanted === text
      ? found
      : found.filter(option => option.toLowerCase().includes(text.toLowerCase()))
  const active = options.indexOf(marked)
  const isShown = isOpen && options.length > 0

  const close = () => {
    setOpen(false)
    setMarked('')
  }
  const pick = (/** @type {string} */ option) => {
    onPick(option)
    close()
  }
  const move = (/** @type {number} */ step) => {
    setOpen(true)
    const count = options.length
    const to = active < 0 ? (step > 0 ? 0 : count - 1) : (active + step + count) % count
    setMarked(options[to] ?? '')
  }
  const chosen = isShown ? options[active] : undefined
  /** The action of a key; undefined: the default of a text field. @type {Record<string, (() => void) | undefined>} */
  const keys = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Escape: isShown ? close : undefined,
    Enter: chosen === undefined ? undefined : () => pick(chosen),
  }
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const act = keys[event.key]
    if (event.key === 'Enter' && !act) close()
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }
  return html`<div class="picker">
    <${Field}
      label=${label}
      name=${name}
      value=${value}
      placeholder=${placeholder}
      faults=${faults}
      onInput=${(/** @type {string} */ text) => {
        setOpen(true)
        setMarked('')
        onInput(text)
      }}
      more=${{
        role: 'combobox',
        'aria-autocomplete': 'list',
        'aria-expanded': isShown,
        'aria-controls': isShown ? id : undefined,
        'aria-activedescendant': isShown && active >= 0 ? `${id}-${active}` : undefined,
        onFocus: () => setOpen(true),
        onClick: () => setOpen(true),
        onBlur: close,
        onKeyDown,
      }}
    >
      ${
        isShown &&
        html`<div class="picker-list" onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()}>
          <ul id=${id} role="listbox" aria-label="Suggestions">
            ${options.map(
              (option, i) =>
                html`<li id="${id}-${i}" key=${option} role="option" aria-selected=${i === active} onClick=${() => pick(option)}>${option}</li>`,
            )}
          </ul>
          ${hasMore && html`<p class="picker-more">More names match: type a part of the name.</p>`}
        </div>`
      }
    <//>
  </div>`
}

/** The value after it has not changed for a short time. @param {string} value */
export function useDebounced(value) {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), DEBOUNCE_MS)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
