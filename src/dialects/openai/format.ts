/** The common properties of OpenAI's APIs. */

import type { Format, ListedModel } from '../dialect.ts'

export const openai: Format = {
  name: 'openai',
  overloadedStatus: 503,
  responses: {
    output: ['choices', 'output'],
    results: ['data'],
    chunks: ['choices'],
    nested: ['response', 'choices'],
    outputEvents: [String.raw`response\.(?!failed|incomplete|cancelled)`],
    responseEvents: ['response'],
  },
  noAccess: model => `The model \`${model}\` does not exist or you do not have access to it`,
  // A request to an unknown route gets this format if no other format matches.
  isUsedBy: () => false,
  authorize: key => ({ authorization: `Bearer ${key}` }),
  modelEntry,
  modelList: models => ({ object: 'list', data: models.map(modelEntry) }),
}

function modelEntry({ id, maker, released }: ListedModel): object {
  return { id, object: 'model', created: Math.floor(released.getTime() / 1000), owned_by: maker }
}
