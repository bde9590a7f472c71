/** Administrators' tokens: `tga_<secret>` with a checksum, so that a guess is recognised. Only the SHA-256 is stored. */

import { hash } from 'node:crypto'
import { isSealed, seal } from '../clients/key-checksum.ts'

const PREFIX = 'tga_'
const SHAPE = /^tga_([A-Za-z0-9_-]{43})$/

/** The first token, which comes from the environment, and its name. */
export const FIRST = 'ADMIN_TOKEN'

/** A new token, to be shown once. */
export function makeToken(checksumSecret: Buffer): string {
  return `${PREFIX}${seal(checksumSecret, PREFIX)}`
}

/** Did this installation create the token? Its checksum cannot be guessed. */
export function isGenuineToken(presented: string, checksumSecret: Buffer): boolean {
  const sealed = SHAPE.exec(presented)?.[1]
  return sealed !== undefined && isSealed(checksumSecret, PREFIX, sealed)
}

export function looksMade(presented: string): boolean {
  return SHAPE.test(presented)
}

/** Digests have equal length, so that the time of a comparison reveals nothing. */
export function digestToken(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}
