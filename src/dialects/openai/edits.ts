/** The edits that OpenAI's APIs have in common. */

import type { Edits } from '../dialect.ts'
import type { Editor } from '../wire/json-edit.ts'

export function editCommon(body: Editor, { model, noStore, promptCacheKey }: Edits): void {
  if (model !== undefined) body.set('model', JSON.stringify(model))
  if (noStore) body.set('store', 'false')
  if (promptCacheKey !== undefined) body.set('prompt_cache_key', JSON.stringify(promptCacheKey))
}
