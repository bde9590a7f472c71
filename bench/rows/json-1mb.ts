import { throughputRow } from '../throughput.ts'

export const row = throughputRow('json-1mb', '1 MB', 1_000_000, 8)
