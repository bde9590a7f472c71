/** Converts limits and budgets between form texts and the fields of the admin API. */

import { html } from 'htm/preact'
import { Field } from '../../components/field.js'

/** @import { Fault, Settings } from '../../types.ts' */

/** @typedef {{ day: string, month: string, requests: string, requestsPer: string, tokens: string, tokensPer: string, concurrency: string }} LimitTexts */

/** @param {Settings} settings @returns {LimitTexts} */
export function textsOf({ limits = {}, budget = {} }) {
  const text = (/** @type {number | undefined} */ value) => (value === undefined ? '' : String(value))
  return {
    day: text(budget.day),
    month: text(budget.month),
    requests: text(limits.requests?.capacity),
    requestsPer: limits.requests?.per ?? '1m',
    tokens: text(limits.tokens?.capacity),
    tokensPer: limits.tokens?.per ?? '1m',
    concurrency: text(limits.concurrency),
  }
}

/** A text that is not a number is sent unchanged, so that the admin API reports the fault. @param {string} text */
export function numberOf(text) {
  const plain = text
    .trim()
    .replaceAll(/[,_\s]/g, '')
    .replace(/^\$/, '')
  return plain !== '' && Number.isFinite(Number(plain)) ? Number(plain) : text.trim()
}

/** @param {LimitTexts} texts */
export function settingsOf({ day, month, requests, requestsPer, tokens, tokensPer, concurrency }) {
  const bucket = (/** @type {string} */ capacity, /** @type {string} */ per) => ({
    capacity: numberOf(capacity),
    per: per.trim(),
  })
  return {
    limits: {
      ...(requests.trim() && { requests: bucket(requests, requestsPer) }),
      ...(tokens.trim() && { tokens: bucket(tokens, tokensPer) }),
      ...(concurrency.trim() && { concurrency: numberOf(concurrency) }),
    },
    budget: { ...(day.trim() && { day: numberOf(day) }), ...(month.trim() && { month: numberOf(month) }) },
  }
}

/** @param {{ texts: LimitTexts, onChange: (changes: Partial<LimitTexts>) => void, faults: Fault[] | undefined, isFirst?: boolean }} props */
export function LimitFields({ texts, onChange, faults, isFirst = false }) {
  return html`<fieldset>
      <legend>Budget</legend>
      <div class="form-grid">
        <${Field} label="A day" name="budget.day" prefix="$" mode="decimal" placeholder="no budget" value=${texts.day} faults=${faults} isFirst=${isFirst} onInput=${(/** @type {string} */ day) => onChange({ day })} />
        <${Field} label="A month" name="budget.month" prefix="$" mode="decimal" placeholder="no budget" value=${texts.month} faults=${faults} onInput=${(/** @type {string} */ month) => onChange({ month })} />
      </div>
    </fieldset>
    <fieldset>
      <legend>Limits</legend>
      <div class="form-grid is-pairs">
        <${Field} label="Requests" name="limits.requests.capacity" fields=${['limits.requests']} mode="numeric" placeholder="no limit" value=${texts.requests} faults=${faults} onInput=${(/** @type {string} */ requests) => onChange({ requests })} />
        <${Field} label="Requests, per" name="limits.requests.per" value=${texts.requestsPer} onInput=${(/** @type {string} */ requestsPer) => onChange({ requestsPer })} />
        <${Field} label="Tokens" name="limits.tokens.capacity" fields=${['limits.tokens']} mode="numeric" placeholder="no limit" value=${texts.tokens} faults=${faults} onInput=${(/** @type {string} */ tokens) => onChange({ tokens })} />
        <${Field} label="Tokens, per" name="limits.tokens.per" value=${texts.tokensPer} onInput=${(/** @type {string} */ tokensPer) => onChange({ tokensPer })} />
        <${Field} label="Calls at once" name="limits.concurrency" mode="numeric" placeholder="no limit" value=${texts.concurrency} faults=${faults} onInput=${(/** @type {string} */ concurrency) => onChange({ concurrency })} />
      </div>
      <p class="field-hint">A bucket starts full and refills evenly: 100 per 1h adds one about every 36 seconds. Durations: 30s, 1m, 1h, 1d.</p>
    </fieldset>`
}
