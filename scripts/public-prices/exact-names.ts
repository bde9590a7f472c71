/** The names of a model in the list. */

import type { MatchLogic, ModelInfo } from '@pydantic/genai-prices'
import type { Override } from './override.ts'

/** The exact names of a model. A name that the list matches only by a part is not a name. */
export function namesOf(model: ModelInfo, overrides: readonly Override[]): string[] {
  const without = overrides.flatMap(one => ('withoutNames' in one ? one.withoutNames : []))
  const also = overrides.flatMap(one => ('alsoNamed' in one ? one.alsoNamed : []))
  const names = [model.id, ...exactNames(model.match), ...also]
  return names.filter(name => !without.includes(name) && /^[\w./@:-]+$/.test(name) && !/:(?!\d)/.test(name))
}

function exactNames(match: MatchLogic): string[] {
  if ('or' in match) return match.or.flatMap(exactNames)
  if ('and' in match) return match.and.flatMap(exactNames)
  if ('equals' in match) return [match.equals]
  return 'starts_with' in match && !/[-.]$/.test(match.starts_with) ? [match.starts_with] : []
}
