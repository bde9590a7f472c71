/** A strict reader of Prometheus's text format and of OpenMetrics: each sample must belong to the family above it. */

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
  exemplar?: { labels: Record<string, string>; value: number; timestamp: number }
}

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)(?: # \{(.*)\} (\S+) (\S+))?$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/y

export function parseMetrics(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line is not ended')
  let family = ''
  return text
    .slice(0, -1)
    .split('\n')
    .filter(line => line !== '')
    .flatMap(line => {
      if (line.startsWith('# ')) {
        family = line.split(' ')[2] ?? ''
        return []
      }
      const [, name = '', labels = '', value = '', exemplar, of, at] = SAMPLE.exec(line) ?? []
      if (name.replace(/_(bucket|sum|count|total)$/, '') !== family && name !== family)
        throw new Error(`${line}: not of the family ${family}`)
      return [
        {
          name,
          labels: parseLabels(labels),
          value: value === '+Inf' ? Infinity : Number(value),
          ...(exemplar !== undefined && {
            exemplar: { labels: parseLabels(exemplar), value: Number(of), timestamp: Number(at) },
          }),
        },
      ]
    })
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const [, name, value] = LABEL.exec(text) ?? []
    if (name === undefined || value === undefined) throw new Error(`no labels: ${text}`)
    labels[name] = value.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char))
  }
  return labels
}

/** Scrapes a gateway. `value` is the sum of all samples of a name with these labels. */
export async function scrape(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/metrics`, { headers })
  const samples = parseMetrics(await response.text())
  return {
    samples,
    names: new Set(samples.map(({ name }) => name)),
    value(name: string, labels: Record<string, string> = {}): number | undefined {
      const found = samples.filter(
        sample =>
          sample.name === name &&
          Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      )
      return found.length === 0 ? undefined : found.reduce((sum, sample) => sum + sample.value, 0)
    },
  }
}
