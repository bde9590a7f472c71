/** The current usage of each limit of one scope. */

import { html } from 'htm/preact'
import { Meter } from '../../components/meter.js'
import { count, limitUsd as limit, shortCount, until, usd } from '../../format.js'

/** @import { Money, Settings, CurrentUsage } from '../../types.ts' */

/** @param {{ settings: Settings, state: CurrentUsage | null | undefined }} props */
export function CurrentUsagePanel({ settings, state }) {
  if (!state) return html`<p class="note">Redis does not respond, so the counters are unknown.</p>`
  const { requests, tokens, concurrency } = state
  return html`<div class="usage-panel">
    <${Window} title="Today" money=${state.day} />
    <${Window} title="This month" money=${state.month} />
    <${Bucket} title="Requests" bucket=${requests} per=${settings.limits?.requests?.per} />
    <${Bucket} title="Tokens" bucket=${tokens} per=${settings.limits?.tokens?.per} />
    <div class="usage-item">
      <h3>Running at once</h3>
      <p class="usage-value">${count(concurrency.running)}${concurrency.max !== undefined && html` <span class="quiet">of ${count(concurrency.max)}</span>`}</p>
      ${concurrency.max === undefined ? html`<p class="usage-foot">No limit</p>` : html`<${Meter} used=${concurrency.running} limit=${concurrency.max} label="Calls at once" /><p class="usage-foot">${count(Math.max(0, concurrency.max - concurrency.running))} free</p>`}
    </div>
  </div>`
}

/** @param {{ title: string, money: Money | undefined }} props */
function Window({ title, money }) {
  if (!money) return null
  const { limitUsd, spentUsd, heldUsd, availableUsd = 0, resetsAt } = money
  return html`<div class="usage-item">
    <h3>${title}</h3>
    <p class="usage-value">${usd(spentUsd)}${limitUsd !== undefined && html` <span class="quiet">of ${limit(limitUsd)}</span>`}</p>
    ${
      limitUsd === undefined
        ? html`<p class="usage-foot">No budget${heldUsd > 0 ? `, ${usd(heldUsd)} held` : ''}</p>`
        : html`<${Meter} used=${spentUsd} held=${heldUsd} limit=${limitUsd} label="Budget: ${title}" />
            <p class="usage-foot">${usd(availableUsd)} left${heldUsd > 0 ? ` · ${usd(heldUsd)} held` : ''} · ${until(resetsAt)}</p>`
    }
  </div>`
}

/** @param {{ title: string, bucket: { capacity: number, available: number } | undefined, per: string | undefined }} props */
function Bucket({ title, bucket, per }) {
  return html`<div class="usage-item">
    <h3>${title}</h3>
    ${
      bucket
        ? html`<p class="usage-value">${shortCount(bucket.available)} <span class="quiet">left</span></p>
            <${Meter} used=${bucket.capacity - bucket.available} limit=${bucket.capacity} label=${title} />
            <p class="usage-foot">${count(bucket.capacity)} per ${per}</p>`
        : html`<p class="usage-value quiet">–</p><p class="usage-foot">No limit</p>`
    }
  </div>`
}
