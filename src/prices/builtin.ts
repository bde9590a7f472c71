/** The price table that comes with the gateway: one file a maker, each row with its source and the day it was checked. */

import anthropic from './anthropic.json' with { type: 'json' }
import openai from './openai.json' with { type: 'json' }

export const builtin = {
  defaults: { ...anthropic.defaults, ...openai.defaults },
  models: { ...anthropic.models, ...openai.models },
}
