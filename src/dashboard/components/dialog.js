/** A native dialog. It keeps the focus, closes on Escape, and returns the focus. */

import { html } from 'htm/preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Failure } from '../api.js'
import { Icon } from './icon.js'

/** @param {{ title: string, onClose: () => void, children: unknown, isWide?: boolean, isSticky?: boolean }} props */
export function Dialog({ title, onClose, children, isWide = false, isSticky = false }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null))
  const id = useId()
  useEffect(() => {
    const before = document.activeElement
    const shown = dialog.current
    shown?.showModal()
    shown?.querySelector(/** @type {'input'} */ ('[data-first]'))?.focus()
    return () => {
      // Behind an open modal dialog nothing takes the focus.
      shown?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  // A click outside does not close a dialog whose content is shown only once.
  const closeBeside = (/** @type {MouseEvent} */ event) => {
    if (!isSticky && event.target === dialog.current) onClose()
  }
  const cancel = (/** @type {Event} */ event) => {
    event.preventDefault()
    onClose()
  }
  return html`<dialog ref=${dialog} class="dialog ${isWide ? 'is-wide' : ''}" aria-labelledby=${id} onCancel=${cancel} onMouseDown=${closeBeside}>
    <div class="dialog-body">
      <header class="dialog-head">
        <h2 id=${id}>${title}</h2>
        <button type="button" class="button is-ghost is-icon" aria-label="Close" onClick=${onClose}><${Icon} name="close" /></button>
      </header>
      ${children}
    </div>
  </dialog>`
}

/**
 * A dialog with one action. It is busy during the action, and shows its failure.
 * @param {{ title: string, action: string, isDangerous?: boolean, isWide?: boolean, onSubmit: () => Promise<void>, onClose: () => void, children: (failure: Failure | undefined) => unknown }} props
 */
export function ActionDialog({
  title,
  action,
  isDangerous = false,
  isWide = false,
  onSubmit,
  onClose,
  children,
}) {
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState(/** @type {Failure | undefined} */ (undefined))
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    if (isBusy) return
    setBusy(true)
    setFailure(undefined)
    try {
      await onSubmit()
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      setFailure(error)
    } finally {
      setBusy(false)
    }
  }
  return html`<${Dialog} title=${title} onClose=${onClose} isWide=${isWide}>
    <form class="form" onSubmit=${submit} novalidate>
      ${children(failure)}
      ${failure && html`<p class="form-failure" role="alert"><${Icon} name="warning" /><span>${failure.faults.length > 0 ? 'Some fields are not valid.' : failure.message}</span></p>`}
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${onClose}>Cancel</button>
        <button type="submit" class="button ${isDangerous ? 'is-danger' : 'is-primary'}" aria-disabled=${isBusy}>${isBusy ? 'In progress …' : action}</button>
      </footer>
    </form>
  <//>`
}
