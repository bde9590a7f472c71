/** The spend of one client or team in the last 30 days, by day and by client or model. */

import { html } from 'htm/preact'
import { question } from '../../api.js'
import { Columns } from '../../charts/columns.js'
import { bucketsOf, SHOWN, seriesOf } from '../../charts/series.js'
import { Empty, Loaded } from '../../components/states.js'
import { useData } from '../../data.js'
import { axisUsd, count, day, daysAgo, usd, weekday } from '../../format.js'
import { go } from '../../router.js'
import { callsHref } from '../calls/period.js'
import { UsageCsv } from '../overview/usage-csv.js'

/** @import { Usage } from '../../types.ts' */

const NONE = { client: 'No client', model: 'No model' }

/** @param {{ of: string, filter: { client?: string, team?: string }, by: 'client' | 'model' }} props `of`: its name; `filter`: its id. */
export function SpendOver({ of, filter, by }) {
  const now = Date.now()
  const usage = useData(
    question('/usage', {
      ...filter,
      by: `day,${by}`,
      from: daysAgo(29, now),
      to: daysAgo(-1, now),
      top: String(SHOWN + 1),
      limit: '10000',
    }),
  )
  return html`<${Loaded} of=${usage} lines=${5}>
    ${(/** @type {Usage} */ { rows, total }) => {
      const buckets = bucketsOf('30d', now)
      const series = seriesOf(rows, {
        kind: by,
        buckets,
        bucketOf: row => row.day,
        isOthers: row => row.others === true,
        nameOf: row => row[by] ?? NONE[by],
        amountOf: row => row.costUsd,
      })
      if (series.length === 0) return html`<${Empty} title="No spend in this period" />`
      return html`<div class="chart-alone">
        <ul class="chart-key">
          ${series.map(({ name, tone, total: spent }) => html`<li><span class="swatch fill-${tone}" />${name} <span class="quiet">${usd(spent)}</span></li>`)}
          <li class="chart-sum">${usd(total.costUsd)} in ${count(total.calls)} calls · ${usd(total.savedUsd)} saved</li>
          <li><${UsageCsv} name="spend-${of}" by=${by} rows=${rows} /></li>
        </ul>
        <${Columns} label="Spend of ${of} by ${by}" buckets=${buckets} series=${series} height=${190} format=${usd} formatAxis=${axisUsd} formatBucket=${weekday} formatTick=${day} partial=${buckets.at(-1)} opens="the calls of this day" onOpen=${(/** @type {string} */ bucket, /** @type {string | undefined} */ name) => go(callsHref(bucket, { ...filter, ...(name !== undefined && name !== NONE[by] && { [by]: name }) }))} />
      </div>`
    }}
  <//>`
}
