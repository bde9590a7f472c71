import { throughputRow } from '../throughput.ts'

export const row = throughputRow('json-1kb', '1 KB', 1_000, 32)
