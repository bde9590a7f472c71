/** Parts of the details of a call: attempts, tokens and times. */

import { html } from 'htm/preact'
import { Facts } from '../../components/panel.js'
import { count, duration, exactUsd } from '../../format.js'
import { outcomeOf } from '../../words.js'

/** @import { Call } from '../../types.ts' */

/** @typedef {{ id: string, costUsd: number, rows: Call[] }} ChargedAttempt */

/** @param {{ call: Call }} props */
export function Tokens({
  call: { inputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0, outputTokens = 0 },
}) {
  const parts = /** @type {[string, number, number][]} */ ([
    ['Input', inputTokens, 0],
    ['Read from prompt cache', cacheReadTokens, 2],
    ['Written to prompt cache', cacheWriteTokens, 4],
    ['Output', outputTokens, 1],
  ]).filter(([, tokens]) => tokens > 0)
  const total = parts.reduce((sum, [, tokens]) => sum + tokens, 0)
  if (total === 0) return null
  return html`<h3>Tokens</h3>
    <div class="split" aria-hidden="true">${parts.map(([, tokens, tone]) => html`<span class="fill-${tone}" style=${{ flexGrow: tokens }} />`)}</div>
    <${Facts} rows=${parts.map(([name, tokens, tone]) => [html`<span class="swatch fill-${tone}" />${name}`, count(tokens)])} />`
}

/** Shown for a call that was tried again. @param {{ call: Call, charged: ChargedAttempt[] }} props */
export function Attempts({ call: { attempts = 1, tried, upstream, model, outcome }, charged }) {
  if (attempts < 2) return null
  return html`<h3>Attempts</h3>
    <ol class="targets">
      ${tried?.split('; ').map(words => html`<li class="break">${words}</li>`)}
      ${outcome !== 'upstream_error' && html`<li class="break">${upstream}/${model}: ${outcomeOf(outcome).label}</li>`}
    </ol>
    ${charged.length > 1 && html`<${Facts} rows=${charged.map(({ id, costUsd }) => [html`<code class="break">${id}</code>`, html`<span class="exact">${exactUsd(costUsd)}</span>`])} />`}`
}

/** @param {{ call: Call }} props */
export function Timing({ call: { attempts = 1, latencyMs, ttftMs, upstreamMs } }) {
  if (latencyMs === undefined) return null
  const own = upstreamMs === undefined ? latencyMs : Math.max(0, latencyMs - upstreamMs)
  return html`<h3>Time</h3>
    ${upstreamMs !== undefined && html`<div class="split" aria-hidden="true"><span class="fill-7" style=${{ flexGrow: own }} /><span class="fill-0" style=${{ flexGrow: upstreamMs }} /></div>`}
    <${Facts}
      rows=${[
        ['Total', duration(latencyMs)],
        ['Time to first token', ttftMs === undefined ? undefined : duration(ttftMs)],
        [
          'Provider',
          upstreamMs === undefined ? undefined : html`<span class="swatch fill-0" />${duration(upstreamMs)}`,
        ],
        [
          attempts > 1 ? 'Gateway and earlier attempts' : 'Gateway',
          html`${upstreamMs !== undefined && html`<span class="swatch fill-7" />`}${duration(own)}`,
        ],
      ]}
    />`
}
