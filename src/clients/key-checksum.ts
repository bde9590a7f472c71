/**
 * Secrets that show whether this installation made them: 26 random bytes and 6 bytes of a keyed checksum over all
 * characters before them, 43 characters of base64url. A made-up secret is refused without a look-up.
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const RANDOM_BYTES = 26
const CHECKSUM_BYTES = 6

/** A new secret; `before` is the text in front of it. */
export function seal(secret: Buffer, before: string): string {
  const random = randomBytes(RANDOM_BYTES)
  return Buffer.concat([random, checksum(secret, before, random)]).toString('base64url')
}

/** Did this installation make it? */
export function isSealed(secret: Buffer, before: string, sealed: string): boolean {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length !== RANDOM_BYTES + CHECKSUM_BYTES) return false
  const random = bytes.subarray(0, RANDOM_BYTES)
  return timingSafeEqual(bytes.subarray(RANDOM_BYTES), checksum(secret, before, random))
}

function checksum(secret: Buffer, before: string, random: Buffer): Buffer {
  return createHmac('sha256', secret).update(before).update(random).digest().subarray(0, CHECKSUM_BYTES)
}
