/** A filter that is typed: it holds once it is entered or left, so that not each letter asks. */

import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { Field } from './field.js'

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
