/** The providers of the list whose prices are used, and the types of upstreams that charge these prices. */

export interface ListedProvider {
  /** Its id in the list. */
  id: string
  /** The types of upstreams that charge these prices. Without one, a compatible upstream may reach the provider. */
  types: readonly string[]
  /** The maker of all its models. Undefined: the model's name has it. */
  maker?: string
  /** Providers in the list that are the only sellers of their models. This provider charges their prices. */
  resells?: readonly string[]
}

export const providers: readonly ListedProvider[] = [
  { id: 'google', types: ['gemini', 'vertex'], maker: 'google' },
  { id: 'mistral', types: ['mistral'], maker: 'mistral' },
  { id: 'deepseek', types: ['deepseek'], maker: 'deepseek' },
  { id: 'x-ai', types: ['xai'], maker: 'xai' },
  { id: 'cohere', types: [], maker: 'cohere' },
  { id: 'moonshotai', types: [], maker: 'moonshotai' },
  { id: 'zai', types: [], maker: 'zai' },
  { id: 'minimax', types: [], maker: 'minimax' },
  { id: 'groq', types: ['groq'] },
  { id: 'together', types: ['together'] },
  { id: 'fireworks', types: ['fireworks'] },
  { id: 'aws', types: ['bedrock'] },
  // The list has no rates of long prompts for it, except for two models.
  { id: 'openrouter', types: ['openrouter'], resells: ['google', 'x-ai'] },
]

/** The maker by the vendor in front of a model's name, where the two differ. */
const byVendor: ReadonlyMap<string, string> = new Map([
  ['meta-llama', 'meta'],
  ['mistralai', 'mistral'],
  ['x-ai', 'xai'],
  ['z-ai', 'zai'],
  // The rules for the maker `openai` do not apply to its open weights at other hosts.
  ['openai', 'openai-oss'],
])

/** The maker by the beginning of a plain name. */
const byName: readonly (readonly [RegExp, string])[] = [
  [/^(gemini|gemma)/, 'google'],
  [/^(mistral|mixtral|ministral|magistral|codestral|devstral|pixtral|open-mi)/, 'mistral'],
  [/^deepseek/, 'deepseek'],
  [/^grok/, 'xai'],
  [/^llama/, 'meta'],
  [/^(qwen|qwq)/, 'qwen'],
  [/^(kimi|moonshot)/, 'moonshotai'],
  [/^glm/, 'zai'],
  [/^minimax/, 'minimax'],
  [/^nemotron/, 'nvidia'],
  [/^gpt-oss/, 'openai-oss'],
]

/** The maker of a model at a provider that serves models of several makers. */
export function makerOf(base: string, name: string): string {
  const vendor = /^(?:([a-z\d][\w-]*)\/|(?:(?:global|regional)\.)?([a-z][a-z-]*)\.)/i
    .exec(name)
    ?.slice(1)
    .find(Boolean)
    ?.toLowerCase()
  if (vendor !== undefined) return byVendor.get(vendor) ?? vendor
  return byName.find(([names]) => names.test(base))?.[1] ?? 'unknown'
}
