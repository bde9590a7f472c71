/**
 * A Lua script for the path of a call. `defineCommand` of ioredis takes twice the CPU for each run, for steps that these
 * scripts do not need. The connection, its time-outs and the cluster stay those of ioredis.
 */

import { createHash } from 'node:crypto'
import { type Cluster, Command, type Redis } from 'ioredis'

type Argument = string | number | Buffer

/** Runs the script with its keys and arguments, and resolves to its reply. A character in the reply is one byte (latin1). */
export type Script = (...args: Argument[]) => Promise<unknown>

export function prepareScript(redis: Redis | Cluster, lua: string, numberOfKeys: number): Script {
  const sha = createHash('sha1').update(lua).digest('hex')
  const send = (name: 'eval' | 'evalsha', script: string, args: Argument[]) =>
    Promise.resolve(redis.sendCommand(new ScriptCommand(name, script, numberOfKeys, args)))

  /** The first run sends the script: a second try would come after the commands that were sent meanwhile. */
  let isLoaded = false

  return function run(...args): Promise<unknown> {
    if (!isLoaded)
      return send('eval', lua, args).then(reply => {
        isLoaded = true
        return reply
      })
    return send('evalsha', sha, args).catch(error => {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      // A Redis that is new or has restarted does not know the script yet.
      isLoaded = false
      return run(...args)
    })
  }
}

class ScriptCommand extends Command {
  readonly encoded: string | Buffer

  constructor(name: string, script: string, numberOfKeys: number, args: Argument[]) {
    // The first key finds the node of a cluster, because all keys of a script share a hash tag.
    super(name, [script, '1', String(args[0])], { replyEncoding: 'latin1' })
    this.encoded = encode([name, script, numberOfKeys, ...args])
  }

  override toWritable(): string | Buffer {
    return this.encoded
  }
}

/**
 * Replaces a private method of ioredis, which assigns a function literal to `reject`. V8 puts such a function into the old
 * generation at once. There it would keep the command and all that waits for its reply until a major collection.
 */
Object.defineProperty(ScriptCommand.prototype, 'initPromise', {
  value(this: ScriptCommand) {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const end = () => {
      // biome-ignore lint/complexity/useLiteralKeys: the types of ioredis declare it private.
      this['_clearTimers']()
      this.isSettled = true
    }
    const succeed = (reply: Buffer | Buffer[]) => {
      end()
      this.isResolved = true
      resolve(this.transformReply(reply))
    }
    const fail = (error: Error) => {
      end()
      reject(error)
    }
    this.promise = promise
    this.resolve = succeed
    this.reject = fail
  },
})

/** Encodes a command in RESP, the protocol of Redis. */
function encode(parts: Argument[]): string | Buffer {
  const buffers: Buffer[] = []
  let text = `*${parts.length}\r\n`
  for (const part of parts) {
    if (Buffer.isBuffer(part)) {
      buffers.push(Buffer.from(`${text}$${part.length}\r\n`), part)
      text = '\r\n'
    } else {
      text += `$${Buffer.byteLength(String(part))}\r\n${part}\r\n`
    }
  }
  return buffers.length === 0 ? text : Buffer.concat([...buffers, Buffer.from(text)])
}
