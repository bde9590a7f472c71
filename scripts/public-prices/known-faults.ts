/**
 * The known faults of the list @pydantic/genai-prices, each with its override and the reason. `names` match a provider's id
 * and a model's id of the list, as `google/gemini-2.5-pro`. A fault that matches nothing fails the test of the generated file.
 */

import type { KnownFault } from './override.ts'

const GEMINI_LIMITS = 'https://ai.google.dev/gemini-api/docs/models'

export const knownFaults: readonly KnownFault[] = [
  {
    names: /^\w+\/.*(:free|:beta|:thinking|:extended|:nitro|:floor|:online|:exacto)$/,
    override: { leaveOut: true },
    why: 'A variant, not a model. Free variants have no price here, because no budget limits a price of 0.',
  },
  {
    names: /^openrouter\/(?!~)[^/]+$/,
    override: { leaveOut: true },
    why: 'OpenRouter’s ids have a vendor. These entries are from 2025, and OpenRouter no longer lists them.',
  },
  {
    names: /^openrouter\/(~|openrouter\/|.*\/router$)/,
    override: { leaveOut: true },
    why: 'A name that OpenRouter sends to models of its choice, so its price is not known before the call.',
  },
  {
    names: /^(openrouter\/perplexity|openrouter\/.*-(search|online)$)/,
    override: { leaveOut: true },
    why: 'Each request has a fee beside its tokens, which the price file cannot express.',
  },
  {
    names: /^(google|openrouter\/google)\/.*-(tts|image|image-preview)$|^\w[\w-]*\/.*voxtral/,
    override: { leaveOut: true },
    why: 'Generated images and speech, and minutes of audio, cost more than the listed price of a token.',
  },
  {
    names: /^(aws\/deepseek\.(r1|v3)|openrouter\/.*\/(r1|v3)\b)/,
    override: { leaveOut: true },
    why: 'Without its vendor the name is too short to identify a model in a response.',
  },
  {
    names: /^deepseek\/deepseek-(chat|reasoner)$/,
    override: { leaveOut: true },
    why: 'The prices are from 2025. Since 2026-04-24 these names mean deepseek-v4-flash, until DeepSeek ends them (api-docs.deepseek.com/quick_start/pricing).',
  },
  {
    names: /^deepseek\/deepseek-v4-flash$/,
    override: { alsoNamed: ['deepseek-chat', 'deepseek-reasoner'] },
    why: 'deepseek-chat and deepseek-reasoner have meant this model since 2026-04-24 (api-docs.deepseek.com/quick_start/pricing).',
  },
  {
    names: /^mistral\/mistral-large$/,
    override: { withoutNames: ['mistral-large-latest'] },
    why: 'The models of this entry ended on 2026-05-31; mistral-large-2512 is the only later one of this name in the list.',
  },
  {
    names: /^mistral\/mistral-large-2512$/,
    override: { alsoNamed: ['mistral-large-latest'] },
    why: 'mistral-large-latest means it since the models of mistral-large ended.',
  },
  {
    names: /^groq\/openai\/gpt-oss-120b$/,
    override: { withoutNames: ['openai/gpt-oss-safeguard-20b'] },
    why: 'Another model, which is listed here only as a name of this one.',
  },
  {
    names: /^x-ai\/grok-4(-0709|(-1)?-fast-.*)$/,
    override: { doublesAbove: 128_000 },
    why: 'The list lacks the rates of long prompts of these models here, and has them for grok-4-fast at OpenRouter (openrouter.ai/x-ai/grok-4).',
  },
  {
    names: /^aws\/regional\./,
    override: { withoutNames: ['regional.amazon.nova-2-lite-v1:0'] },
    why: 'Bedrock has no region of this name.',
  },
  {
    names: /^aws\/regional\.amazon\.nova-2-lite/,
    override: {
      alsoNamed: ['us', 'eu', 'jp'].map(region => `${region}.amazon.nova-2-lite-v1:0`),
    },
    why: 'The list matches these names by a part only.',
  },
  {
    names: /^(openrouter|google)\/(google\/)?gemini-/,
    override: { writeIsStorage: true },
    why: 'The listed price of a cache write is that of 5 minutes of storage. The tokens also cost the input price (openrouter.ai/docs/features/prompt-caching).',
  },
  {
    names: /^(google|openrouter\/google)\/gemini-(2\.5|3)/,
    override: { maxOutput: 65_536 },
    why: `The list has no output limits: ${GEMINI_LIMITS}`,
  },
  {
    names: /^(google|openrouter\/google)\/gemini-(2\.0|1\.5|flash-1\.5|pro-1\.5)/,
    override: { maxOutput: 8192 },
    why: `The list has no output limits: ${GEMINI_LIMITS}`,
  },
  {
    names: /^google\/gemini-(2\.5-pro|3-pro-preview|3\.1-pro-preview)$/,
    override: { contextWindow: 1_048_576 },
    why: `The list has no context window: ${GEMINI_LIMITS}`,
  },
  {
    names: /^google\/gemini-1\.5-pro$/,
    override: { contextWindow: 2_097_152 },
    why: 'The list has 1,000,000 for it, and 2,000,000 under its other name gemini-pro-1.5.',
  },
  {
    names: /\/.*llama-4-scout/i,
    override: { contextWindow: 10_485_760 },
    why: 'The list has no context window for it at some hosts, and one that is too small at others.',
  },
  {
    names: /^(together|groq|openrouter)\/(meta-llama\/)?(Meta-)?Llama-3\.[123]-/i,
    override: { contextWindow: 131_072 },
    why: 'The list has no context window for it at some hosts; the model card has 128K tokens.',
  },
  {
    names: /^(together|groq|openrouter)\/(meta-llama\/)?(Meta-)?Llama-?3-\d+b-/i,
    override: { contextWindow: 8192 },
    why: 'The list has no context window for it at some hosts; the model card has 8K tokens.',
  },
  {
    names: /^(together|openrouter)\/meta-llama\/llama-4-maverick/i,
    override: { contextWindow: 1_048_576 },
    why: 'The list has no context window for it at some hosts; the model card has 1M tokens.',
  },
  {
    names: /^mistral\/(mistral(?!-embed)|mixtral|ministral|magistral|pixtral|devstral)-/,
    override: { contextWindow: 262_144 },
    why: 'The list has no context window for most of them; none of the maker’s models has more (docs.mistral.ai/models).',
  },
  {
    names: /^together\/(?!(meta-llama\/(Meta-)?Llama-[34]|mistralai\/Mixtral-))/,
    override: { leaveOut: true },
    why: 'A catalogue from 2023, which Together no longer serves.',
  },
]
