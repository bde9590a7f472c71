/**
 * Aggregators and clouds change a model's name: they add a vendor, a region, a version or a variant, or change the word
 * order. `plainName` reduces these names and the names of the price table to one form.
 */

/** Parts of a name that do not identify the model. They are removed in this order. */
const around: readonly (readonly [RegExp, string])[] = [
  // accounts/fireworks/models/x, openai/x
  [/^.*\//, ''],
  // us.anthropic.x
  [/^(?:[a-z][a-z-]*\.)+/, ''],
  // x[1m], x:free, x-v1:0
  [/\[[^\]]*\]$/, ''],
  [/(?:-v\d+)?:[\w.-]+$/, ''],
  // x@2025-01-01, x@default
  [/@(?=\d)/, '-'],
  [/@.*$/, ''],
  [/-latest$/, ''],
]

const DATE = /-(20\d\d)-?(0\d|1[0-2])-?([0-3]\d)$/

interface PlainName {
  base: string
  /** The version's day, such as `20250807`; empty without one. */
  day: string
}

export function plainName(name: string): PlainName {
  let base = name.trim().toLowerCase()
  for (const [part, rest] of around) base = base.replace(part, rest)
  const isClaude = base.startsWith('claude')
  if (isClaude) base = base.replace(/-v\d+$/, '')
  const day = DATE.exec(base)?.slice(1).join('') ?? ''
  base = base.replace(DATE, '').replace(/-latest$/, '')
  return { base: isClaude ? claudeName(base) : base.replace(/^gpt-(\d)-(\d)(?!\d)/, 'gpt-$1.$2'), day }
}

/** `claude-4.5-haiku` as `claude-haiku-4-5`, and `claude-sonnet-4-0` as `claude-sonnet-4`. */
function claudeName(name: string): string {
  const words = name.split(/[-.]/)
  const isNumber = (word: string) => /^\d+$/.test(word)
  const numbers = words.filter(isNumber)
  if (numbers.length > 1 && numbers.at(-1) === '0') numbers.pop()
  return [...words.filter(word => !isNumber(word)), ...numbers].join('-')
}
