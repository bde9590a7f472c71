/** Text filters. A text applies on Enter, on blur or with a picked suggestion, so that typing sends no request. */

import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Field } from './field.js'
import { Picker, useDebounced } from './picker.js'

/** @param {{ label: string, name: string, value: string, list?: string[], placeholder?: string, onPick: (value: string) => void }} props */
export function TextFilter({ label, name, value, list, placeholder = label, onPick }) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  const pick = (/** @type {Event} */ event) => {
    event.preventDefault()
    if (text.trim() !== value) onPick(text.trim())
  }
  return html`<form class="filter is-search" onSubmit=${pick} onFocusOut=${pick}>
    <${Field} label=${label} name=${name} placeholder=${placeholder} value=${text} list=${list} onInput=${setText} />
  </form>`
}

/** The same with suggestions of the server. @param {{ label: string, name: string, value: string, useSuggestions: import('./picker.js').UseSuggestions, placeholder?: string, onPick: (value: string) => void }} props */
export function PickFilter({ label, name, value, useSuggestions, placeholder = label, onPick }) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  const pick = (/** @type {string} */ wanted) => {
    setText(wanted)
    if (wanted !== value) onPick(wanted)
  }
  const enter = (/** @type {Event} */ event) => {
    event.preventDefault()
    pick(text.trim())
  }
  return html`<form class="filter is-search" onSubmit=${enter} onFocusOut=${enter}>
    <${Picker} label=${label} name=${name} placeholder=${placeholder} value=${text} useSuggestions=${useSuggestions} onInput=${setText} onPick=${pick} />
  </form>`
}

/** Applies a short time after the last letter. @param {{ label: string, name: string, value: string, placeholder?: string, onFind: (text: string) => void }} props */
export function Find({ label, name, value, placeholder = label, onFind }) {
  const [text, setText] = useState(value)
  const settled = useDebounced(text.trim())
  const asked = useRef(value)
  useEffect(() => {
    if (value === asked.current) return
    asked.current = value
    setText(value)
  }, [value])
  useEffect(() => {
    if (settled === asked.current) return
    asked.current = settled
    onFind(settled)
  }, [settled])
  return html`<div class="filter is-search"><${Field} label=${label} name=${name} placeholder=${placeholder} value=${text} onInput=${setText} /></div>`
}
