/**
 * Prometheus's text format, and the numbers behind it. Recording is an addition on an object that is found once: no key is
 * built and nothing is allocated on the way, which is what a call can afford.
 */

export interface Counter {
  add(amount: number): void
}

export interface Histogram {
  observe(value: number): void
}

/** Of one name: one series for each combination of its labels' values, made when it is first asked for. */
export interface Family<Series> {
  series(...values: string[]): Series
}

/** Read from elsewhere at each scrape, not recorded. */
export interface Sampled {
  /** What is not set again after this is not shown. */
  clear(): void
  set(value: number, ...values: string[]): void
}

/** Names with their help and labels; values are given in the labels' order. */
export interface Registry {
  /** `shown` turns what is added up into what is shown, such as nano-dollars into dollars. */
  counter(
    name: string,
    help: string,
    labels?: readonly string[],
    shown?: (total: number) => number,
  ): Family<Counter>
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly string[],
  ): Family<Histogram>
  sampled(type: 'counter' | 'gauge', name: string, help: string, labels?: readonly string[]): Sampled
  /** Sets what is sampled. One that fails leaves its numbers out; the others are shown all the same. */
  onScrape(sample: () => void | Promise<void>): void
  scrape(): Promise<string>
}

type Lines = () => string

export function createRegistry(): Registry {
  const families: { head: string; lines: Lines[] }[] = []
  const samplers: (() => void | Promise<void>)[] = []

  function family(type: string, name: string, help: string): Lines[] {
    const lines: Lines[] = []
    families.push({ head: `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`, lines })
    return lines
  }

  return {
    counter(name, help, labels = [], shown = total => total) {
      const lines = family('counter', name, help)
      return {
        series: remembered((...values) => {
          const prefix = name + labelText(labels, values)
          let total = 0
          lines.push(() => `${prefix} ${shown(total)}\n`)
          return {
            add(amount) {
              total += amount
            },
          }
        }),
      }
    },

    histogram(name, help, buckets, labels = []) {
      const lines = family('histogram', name, help)
      return {
        series: remembered((...values) => {
          const { lines: text, observe } = histogram(name, buckets, labels, values)
          lines.push(text)
          return { observe }
        }),
      }
    },

    sampled(type, name, help, labels = []) {
      const lines = family(type, name, help)
      return {
        clear() {
          lines.length = 0
        },
        set(value, ...values) {
          const line = `${name}${labelText(labels, values)} ${value}\n`
          lines.push(() => line)
        },
      }
    },

    onScrape(sample) {
      samplers.push(sample)
    },

    async scrape() {
      await Promise.allSettled(samplers.map(async sample => sample()))
      return families.map(({ head, lines }) => head + lines.map(line => line()).join('')).join('')
    },
  }
}

function histogram(
  name: string,
  buckets: readonly number[],
  labels: readonly string[],
  values: readonly string[],
): Histogram & { lines: Lines } {
  const counts = new Array<number>(buckets.length + 1).fill(0)
  let sum = 0
  const bounds = [...buckets.map(String), '+Inf']
  const prefixes = bounds.map(le => `${name}_bucket${labelText([...labels, 'le'], [...values, le])} `)
  const suffix = labelText(labels, values)
  return {
    observe(value) {
      let i = 0
      while (i < buckets.length && value > buckets[i]!) i++
      counts[i]! += 1
      sum += value
    },
    lines() {
      let total = 0
      const cumulated = counts.map((count, i) => {
        total += count
        return `${prefixes[i]}${total}\n`
      })
      return `${cumulated.join('')}${name}_sum${suffix} ${sum}\n${name}_count${suffix} ${total}\n`
    },
  }
}

interface Branch<T> {
  next: Map<string, Branch<T>>
  made: T | undefined
}

/** Makes one for each combination of words, and finds it again word by word. Whoever asks keeps the combinations few. */
export function remembered<T>(make: (...words: string[]) => T): (...words: string[]) => T {
  const root: Branch<T> = { next: new Map(), made: undefined }
  return (...words) => {
    let branch = root
    for (const word of words) {
      branch = branch.next.get(word) ?? grow(branch, word)
    }
    branch.made ??= make(...words)
    return branch.made
  }
}

function grow<T>(branch: Branch<T>, word: string): Branch<T> {
  const next: Branch<T> = { next: new Map(), made: undefined }
  branch.next.set(word, next)
  return next
}

function labelText(labels: readonly string[], values: readonly string[]): string {
  if (labels.length === 0) return ''
  return `{${labels.map((label, i) => `${label}="${escaped(values[i] ?? '')}"`).join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
