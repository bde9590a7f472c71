/**
 * Secrets from files, as Docker and Kubernetes mount them: `NAME_FILE` may name a file with the secret `NAME`. Line ends at
 * the end of the file do not belong to the secret.
 */

import { readFileSync } from 'node:fs'

export interface FromFiles {
  /** The environment, with the secrets from files. */
  env: Record<string, string | undefined>
  /** The file of each secret that came from one. */
  files: Record<string, string>
  /** Faults by the name of the secret. */
  faults: Map<string, string>
}

/** Never throws: an unreadable file is a fault like the others. */
export function readSecretFiles(names: string[], env: Record<string, string | undefined>): FromFiles {
  const found: FromFiles = { env: { ...env }, files: {}, faults: new Map() }
  for (const name of names) {
    const file = env[`${name}_FILE`]
    if (!file) continue
    if (env[name]) {
      found.faults.set(
        name,
        `${name}_FILE: found ${name} as well, expected one of the two. Take ${name} or ${name}_FILE out.`,
      )
      continue
    }
    try {
      found.env[name] = readSecretFile(name, file)
      found.files[name] = file
    } catch (error) {
      found.faults.set(name, error instanceof Error ? error.message : String(error))
    }
  }
  return found
}

/** Throws an Error with the found and the expected, without the secret itself. */
export function readSecretFile(name: string, file: string): string {
  const secret = readText(name, file).replace(/[\r\n]+$/, '')
  if (secret !== '') return secret
  throw new Error(
    `${name}_FILE: found an empty file ${JSON.stringify(file)}, expected one that holds the secret. Write it there.`,
  )
}

function readText(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error
    throw new Error(
      `${name}_FILE: found ${JSON.stringify(file)}, which cannot be read (${reason}), expected a readable file. ` +
        'Correct the path, or let the gateway read it.',
    )
  }
}
