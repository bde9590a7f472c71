/** A digest that is equal only for equal bodies, in one pass over the bytes. */

import { createCipheriv, createHmac, hash } from 'node:crypto'

/** Bytes. The keyed sum of a smaller body takes longer than its SHA-256. */
const SMALL = 16_384

/** `secret` is the same for all replicas. The result is to be hashed again before it leaves the process. */
export function bodyDigest(body: Buffer, secret: Buffer): string {
  return body.length < SMALL ? hash('sha256', body, 'base64url') : keyedSum(body, keyOf(secret))
}

const NONCE = Buffer.alloc(12)

/**
 * AES-GMAC, which takes a twentieth of the time of SHA-256. Without the key no two bodies with the same tag can be found: the
 * chance of a pair of 64 MB is 2^-106. The nonce is constant, so known tags would reveal the key.
 */
function keyedSum(body: Buffer, key: Buffer): string {
  const mac = createCipheriv('aes-256-gcm', key, NONCE)
  mac.setAAD(body)
  mac.final()
  return mac.getAuthTag().toString('base64url')
}

const keys = new WeakMap<Buffer, Buffer>()

/** A key for this purpose only. */
function keyOf(secret: Buffer): Buffer {
  const known = keys.get(secret)
  if (known) return known
  const key = createHmac('sha256', secret).update('digests of bodies').digest()
  keys.set(secret, key)
  return key
}
