/** Maps that keep what was used last. They grow with their use: lru-cache's `max` allocates every place at once, 7 ms for 25,000. */

import { LRUCache } from 'lru-cache'

/** At most `most` entries, each for `ttl` milliseconds after it was set; without `ttl`, until others need its place. */
export function lru<Value extends {}>(most: number, ttl = 0): LRUCache<string, Value> {
  return new LRUCache({ maxSize: most, sizeCalculation: () => 1, ttl })
}
