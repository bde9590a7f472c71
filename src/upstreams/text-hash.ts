/**
 * A hash for stickiness, the same on all replicas: FNV-1a with 32 bits. A digest of node:crypto takes four times as long for
 * the few bytes here.
 */

const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

/** Of the lower bytes of a text's characters. `hash` is that of what comes before. */
export function hashText(text: string, hash = OFFSET): number {
  let sum = hash
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ (text.charCodeAt(i) & 0xff), PRIME)
  return sum >>> 0
}

/** A few bytes tell two prompts apart; a collision only sends both to the same target. */
const STEP = 4

/** Of every fourth byte from `start` to `end`. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, hash: number): number {
  let sum = hash
  for (let i = start; i < end; i += STEP) sum = Math.imul(sum ^ bytes[i]!, PRIME)
  return sum >>> 0
}
