/** The secrets. Those from files are read again when their file changes. Running calls keep the old one. */

import { unwatchFile, watchFile } from 'node:fs'
import fp from 'fastify-plugin'
import { secretFault } from '../config/config.ts'
import type { Redactor } from '../config/redactor.ts'
import { readSecretFile } from '../config/secret-files.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Redacts current and previous secrets. */
    redactor: Redactor
    secrets: {
      /** The value in force now. */
      get(name: string): string | undefined
      /** The fault of a file by the secret's name, while the previous value stays in force. */
      readonly faults: ReadonlyMap<string, string>
      /** Called when a secret has changed. */
      onChange(listener: () => void): void
    }
  }
}

export interface SecretsOptions {
  /** As they were at the start. */
  values: Record<string, string | undefined>
  /** The files of those that have one. */
  files: Record<string, string>
  redactor: Redactor
  lookEveryMs?: number
}

export default fp<SecretsOptions>(
  async (app, { values, files, redactor, lookEveryMs = 1000 }) => {
    const inForce = new Map(Object.entries(values))
    const faults = new Map<string, string>()
    const listeners: (() => void)[] = []
    app.decorate('redactor', redactor)
    app.decorate('secrets', {
      get: name => inForce.get(name),
      faults,
      onChange: listener => void listeners.push(listener),
    })

    for (const [name, file] of Object.entries(files)) {
      if (!inForce.has(name)) continue
      const readAgain = () => follow(name, file)
      // The file is polled, because a mounted secret is a symbolic link whose target changes.
      watchFile(file, { interval: lookEveryMs, persistent: false }, readAgain)
      app.addHook('onClose', async () => unwatchFile(file, readAgain))
      // It may have changed between the start and now.
      app.addHook('onReady', async () => readAgain())
    }

    function follow(name: string, file: string) {
      try {
        const secret = readSecretFile(name, file)
        const fault = secretFault(name, secret, file)
        if (fault !== undefined) throw new Error(fault)
        if (faults.delete(name) || secret !== inForce.get(name))
          app.log.info({ secret: name }, 'a secret was read again')
        if (secret === inForce.get(name)) return
        redactor.add(secret)
        inForce.set(name, secret)
        for (const listener of listeners) listener()
      } catch (error) {
        const fault = error instanceof Error ? error.message : String(error)
        faults.set(name, fault)
        app.log.error({ secret: name, fault }, 'a secret cannot be read; the previous value stays in force')
      }
    }
  },
  { name: 'secrets' },
)
