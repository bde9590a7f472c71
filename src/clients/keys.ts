/**
 * Gateway keys: `tg_<id>_<secret>`. The id, 8 letters and digits, is public and finds the key; the secret has a checksum,
 * so that a made-up key is refused without a look-up. Only the SHA-256 of a key is stored.
 */

import { hash, randomInt, timingSafeEqual } from 'node:crypto'
import { isSealed, seal } from './key-checksum.ts'

const SHAPE = /^tg_([A-Za-z0-9]{8})_([A-Za-z0-9_-]{43})$/
const ID_LENGTH = 8
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

export interface NewKey {
  /** The public id. */
  id: string
  /** Shown once, never stored. */
  key: string
  sha256: Buffer
}

/** A new key, checksummed with the installation's secret. */
export function makeKey(checksumSecret: Buffer): NewKey {
  const id = makeId(ID_LENGTH)
  const key = `tg_${id}_${seal(checksumSecret, `tg_${id}_`)}`
  return { id, key, sha256: digestKey(key) }
}

/** The public id of a text in the format of a key; undefined for any other text. */
export function keyId(presented: string): string | undefined {
  return SHAPE.exec(presented)?.[1]
}

/** Did this installation make the key? Needs no look-up. */
export function isGenuine(presented: string, checksumSecret: Buffer): boolean {
  const [, id, sealed] = SHAPE.exec(presented) ?? []
  if (id === undefined || sealed === undefined) return false
  return isSealed(checksumSecret, `tg_${id}_`, sealed)
}

/** Does the key have this digest? Takes the same time for yes and no. */
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
