/** A private authority and its certificates, made with openssl for one test. */

import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findPostgres } from '../src/embedded/find-postgres.ts'
import { type Context, temporaryFolder } from './when-over.ts'

const run = promisify(execFile)

export interface Certificates {
  /** The authority's certificate, for clients. */
  ca: string
  /** Of a server at the address. */
  cert: string
  key: string
  folder: string
}

export async function makeCertificates(t: Context, address: string): Promise<Certificates> {
  const folder = await temporaryFolder(t)
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder })
  const fresh = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl(
    ...fresh,
    '-x509',
    '-subj',
    '/CN=private',
    '-days',
    '2',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  )
  await openssl(...fresh, '-subj', `/CN=${address}`, '-keyout', 'server.key', '-out', 'server.csr')
  await writeFile(at('names'), `subjectAltName=IP:${address}\n`)
  const vouch = ['x509', '-req', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
  await openssl(...vouch, '-in', 'server.csr', '-out', 'server.pem', '-extfile', 'names')
  await belongToPostgres(folder, at('server.key'))
  return { ca: at('ca.pem'), cert: at('server.pem'), key: at('server.key'), folder }
}

/** A certificate whose validity ends in the past. */
export async function makeExpiredCertificate(t: Context): Promise<{ cert: Buffer; key: Buffer }> {
  const folder = await temporaryFolder(t)
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder })
  const fresh = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl(...fresh, '-subj', '/CN=127.0.0.1', '-keyout', 'key.pem', '-out', 'request.pem')
  await openssl('x509', '-req', '-in', 'request.pem', '-signkey', 'key.pem', '-days', '0', '-out', 'cert.pem')
  const [cert, key] = await Promise.all(['cert.pem', 'key.pem'].map(name => readFile(join(folder, name))))
  return { cert: cert!, key: key! }
}

/** Started by root, Postgres runs as another user, who must own the key. */
async function belongToPostgres(folder: string, key: string): Promise<void> {
  await chmod(folder, 0o755)
  const probe = join(folder, 'probe')
  await mkdir(probe)
  const { owner } = await findPostgres(probe)
  if (owner) await chown(key, owner.uid, owner.gid)
}
