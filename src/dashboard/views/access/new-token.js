/** The form of a new token. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api } from '../../api.js'
import { ActionDialog } from '../../components/dialog.js'
import { EndSelect, endIn } from '../../components/end.js'
import { Field, Select } from '../../components/field.js'
import { roles } from '../../words.js'

/** @import { Failure } from '../../api.js' */
/** @import { MadeToken } from '../../types.ts' */

/** @type {[string, string][]} */
const choices = Object.entries(roles).map(([role, { label, may }]) => [role, `${label}: ${may}`])

/** @param {{ onClose: () => void, onDone: (made: MadeToken) => void }} props */
export function NewToken({ onClose, onDone }) {
  const [name, setName] = useState('')
  const [role, setRole] = useState('viewer')
  const [days, setDays] = useState('')
  const create = async () =>
    onDone(await api('/tokens', { method: 'POST', body: { name: name.trim(), role, ...endIn(days) } }))
  return html`<${ActionDialog} title="New token" action="Create token" onSubmit=${create} onClose=${onClose}>
    ${(/** @type {Failure | undefined} */ failure) => html`
      <${Field} label="Name" name="name" value=${name} faults=${failure?.faults} isFirst onInput=${setName} hint="The name of a person or a program. The audit records its changes under this name." />
      <${Select} label="Role" value=${role} options=${choices} onPick=${setRole} />
      <${EndSelect} value=${days} onPick=${setDays} />
    `}
  <//>`
}
