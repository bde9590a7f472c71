/** The built-in price table. Each provider has one file; each row has its source and the day of the last check. */

import anthropic from './anthropic.json' with { type: 'json' }
import openai from './openai.json' with { type: 'json' }

export const builtin = {
  defaults: { ...anthropic.defaults, ...openai.defaults },
  models: { ...anthropic.models, ...openai.models },
}
