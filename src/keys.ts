/**
 * Gateway keys: `tg_<id>_<secret>`. The id, 8 letters and digits, is public and finds the key. The secret is 32 bytes as
 * base64url, 43 characters: 26 random bytes and 6 bytes of a keyed checksum over all that stands before them, so that a
 * made-up key is known for one without a look-up. Of a key only its SHA-256 is kept.
 */

import { createHmac, hash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

const SHAPE = /^tg_([A-Za-z0-9]{8})_([A-Za-z0-9_-]{43})$/
const ID_LENGTH = 8
const RANDOM_BYTES = 26
const CHECKSUM_BYTES = 6
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

export interface NewKey {
  /** The public id. */
  id: string
  /** Shown once, never kept. */
  key: string
  sha256: Buffer
}

/** A new key, checksummed with the installation's secret. */
export function makeKey(checksumSecret: Buffer): NewKey {
  const id = makeId(ID_LENGTH)
  const random = randomBytes(RANDOM_BYTES)
  const secret = Buffer.concat([random, checksum(checksumSecret, id, random)])
  const key = `tg_${id}_${secret.toString('base64url')}`
  return { id, key, sha256: digestKey(key) }
}

/** The public id of what looks like a key; undefined for anything else. */
export function keyId(presented: string): string | undefined {
  return SHAPE.exec(presented)?.[1]
}

/** Did this installation make the key? The answer costs no look-up. */
export function isGenuine(presented: string, checksumSecret: Buffer): boolean {
  const [, id, encoded] = SHAPE.exec(presented) ?? []
  if (id === undefined || encoded === undefined) return false
  const secret = Buffer.from(encoded, 'base64url')
  const random = secret.subarray(0, RANDOM_BYTES)
  return timingSafeEqual(secret.subarray(RANDOM_BYTES), checksum(checksumSecret, id, random))
}

/** Is this the very key whose digest was kept? Takes the same time whatever the answer. */
export function isKey(presented: string, sha256: Buffer): boolean {
  return timingSafeEqual(digestKey(presented), sha256)
}

/** Letters and digits at random: ids that can be selected with a double click and need no escape anywhere. */
export function makeId(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}

function digestKey(key: string): Buffer {
  return hash('sha256', key, 'buffer')
}

function checksum(secret: Buffer, id: string, random: Buffer): Buffer {
  return createHmac('sha256', secret).update(`tg_${id}_`).update(random).digest().subarray(0, CHECKSUM_BYTES)
}
