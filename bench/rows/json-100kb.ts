import { throughputRow } from '../throughput.ts'

export const row = throughputRow('json-100kb', '100 KB', 100_000, 16)
