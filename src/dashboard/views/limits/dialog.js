/** The dialog for the limits of a team or the whole gateway. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api } from '../../api.js'
import { ActionDialog } from '../../components/dialog.js'
import { Field } from '../../components/field.js'
import { showToast } from '../../components/toast.js'
import { LimitFields, settingsOf, textsOf } from './form.js'

/** @import { Settings } from '../../types.ts' */
/** @import { Failure } from '../../api.js' */

/** @param {{ kind: 'gateway' | 'team', name: string, settings: Settings, onClose: () => void, onDone: (name: string) => void }} props */
export function LimitsDialog({ kind, name: given, settings, onClose, onDone }) {
  const [name, setName] = useState(given)
  const [texts, setTexts] = useState(textsOf(settings))
  const isNew = kind === 'team' && given === ''
  const save = async () => {
    const path = kind === 'gateway' ? '/gateway' : `/teams/${encodeURIComponent(name.trim() || ' ')}`
    await api(path, { method: 'PUT', body: settingsOf(texts) })
    showToast(`${kind === 'gateway' ? 'The gateway' : name} was saved. The change applies to the next call.`)
    onDone(name.trim())
  }
  return html`<${ActionDialog} title=${isNew ? 'New team' : `Limits of ${kind === 'gateway' ? 'the whole gateway' : given}`} action=${isNew ? 'Create team' : 'Save'} onSubmit=${save} onClose=${onClose} isWide>
    ${(/** @type {Failure | undefined} */ failure) => html`
      ${isNew && html`<${Field} label="Name" name="name" value=${name} onInput=${setName} faults=${failure?.faults} isFirst hint="The settings of a client name its team." />`}
      <${LimitFields} texts=${texts} faults=${failure?.faults} isFirst=${!isNew} onChange=${(/** @type {Partial<typeof texts>} */ changes) => setTexts({ ...texts, ...changes })} />
    `}
  <//>`
}
