/** What is known of a new model by its name. */

import type { Row } from './file.ts'
import { plainName } from './names.ts'

export interface Family {
  maker: string
  /** The highest price of a cache write of a new model, as a multiple of `in`. */
  writes: Pick<Row, 'write' | 'write5m' | 'write1h'>
}
export const anthropic: Family = { maker: 'anthropic', writes: { write5m: '1.25', write1h: '2' } }
const families: (Family & { names: RegExp })[] = [
  { ...anthropic, names: /^claude/ },
  { maker: 'openai', writes: { write: '1.25' }, names: /^(gpt|chatgpt|codex|o\d|text-embedding)/ },
]
/** For unknown providers: most compatible servers use OpenAI's format and charge a cache write as input. */
export const UNKNOWN: Family = { maker: 'openai', writes: { write: '1' } }

export function familyOf(id: string): Family | undefined {
  const { base } = plainName(id)
  return families.find(({ names }) => names.test(base))
}
