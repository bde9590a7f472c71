/** A labelled input with its hint and its faults. */

import { html } from 'htm/preact'
import { useId } from 'preact/hooks'

/** @import { Fault } from '../types.ts' */

/**
 * @param {{ label: string, name: string, value: string, onInput: (value: string) => void, hint?: string, faults?: Fault[], fields?: string[], prefix?: string, placeholder?: string, mode?: string, isFirst?: boolean, list?: string[], isSecret?: boolean, more?: Record<string, unknown>, children?: unknown }} props
 * `fields`: the paths of its settings in the faults of the admin API. `more`: further attributes of the input.
 */
export function Field({
  label,
  name,
  value,
  onInput,
  hint,
  faults = [],
  fields = [name],
  prefix,
  placeholder,
  mode,
  isFirst = false,
  list,
  isSecret = false,
  more = {},
  children,
}) {
  const id = useId()
  const found = faults.filter(({ field }) => fields.some(own => field === own || field.startsWith(`${own}.`)))
  const isWrong = found.length > 0
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <div class="input ${isWrong ? 'is-wrong' : ''}">
      ${prefix && html`<span class="input-prefix" aria-hidden="true">${prefix}</span>`}
      <input
        id=${id}
        name=${name}
        type=${isSecret ? 'password' : 'text'}
        value=${value}
        placeholder=${placeholder}
        inputmode=${mode}
        autocomplete=${isSecret ? 'current-password' : 'off'}
        autocapitalize="off"
        spellcheck=${false}
        list=${list && `${id}-list`}
        data-first=${isFirst || undefined}
        aria-invalid=${isWrong}
        aria-describedby=${isWrong || hint ? `${id}-hint` : undefined}
        onInput=${(/** @type {InputEvent} */ { currentTarget }) => currentTarget instanceof HTMLInputElement && onInput(currentTarget.value)}
        ...${more}
      />
    </div>
    ${children}
    ${list && html`<datalist id="${id}-list">${list.map(option => html`<option value=${option} />`)}</datalist>`}
    ${(isWrong || hint) && html`<p id="${id}-hint" class=${isWrong ? 'field-fault' : 'field-hint'}>${isWrong ? found.map(({ detail }) => detail).join('; ') : hint}</p>`}
  </div>`
}

/** @param {{ label: string, value: string, options: [value: string, text: string][], onPick: (value: string) => void, isCompact?: boolean, hint?: string }} props */
export function Select({ label, value, options, onPick, isCompact = false, hint }) {
  const id = useId()
  return html`<div class=${isCompact ? 'filter' : 'field'}>
    <label for=${id} class=${isCompact ? 'hidden' : ''}>${label}</label>
    <select
      id=${id}
      class=${value && isCompact ? 'is-set' : ''}
      aria-describedby=${hint ? `${id}-hint` : undefined}
      onChange=${(/** @type {Event} */ { currentTarget }) => currentTarget instanceof HTMLSelectElement && onPick(currentTarget.value)}
    >
      ${options.map(([option, text]) => html`<option value=${option} selected=${option === value}>${text}</option>`)}
    </select>
    ${hint && html`<p id="${id}-hint" class="field-hint">${hint}</p>`}
  </div>`
}

/** @param {{ label: string, isOn: boolean, onChange: (isOn: boolean) => void, hint?: string }} props */
export function Check({ label, isOn, onChange, hint }) {
  return html`<label class="check">
    <input
      type="checkbox"
      checked=${isOn}
      onChange=${(/** @type {Event} */ { currentTarget }) => currentTarget instanceof HTMLInputElement && onChange(currentTarget.checked)}
    />
    <span>${label}${hint && html`<span class="check-hint">${hint}</span>`}</span>
  </label>`
}
