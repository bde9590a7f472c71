/** Writes src/pricing/public.json from the pinned @pydantic/genai-prices: `npm run prices:public`. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicText } from './public-prices/text.ts'

writeFileSync(join(import.meta.dirname, '../src/pricing/public.json'), publicText())
