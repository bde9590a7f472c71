import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Decoder as Original } from 'ioredis/built/resp/decoder.js'
import { connectRedis } from '../../src/redis/connect.ts'
import { ReplyDecoder } from '../../src/redis/decoder.ts'
import { testRedis } from '../servers.ts'

/** The types that ioredis asks of its decoder, unless `replyMapping` is set. */
const types = {
  43: Buffer,
  36: Buffer,
  61: Buffer,
  40: String,
  44: Buffer,
  35: Number,
  37: Array,
  126: Array,
}

const replies = {
  texts: '+OK\r\n$5\r\na\r\nb!\r\n$0\r\n\r\n$-1\r\n_\r\n=7\r\ntxt:abc\r\n',
  numbers: ':0\r\n:-12\r\n:+9007199254740991\r\n,1.5\r\n,-inf\r\n(1234567890123456789012\r\n#t\r\n#f\r\n',
  errors: '-ERR no\r\n!8\r\nERR\r\nbad\r\n*2\r\n-NOSCRIPT no\r\n:1\r\n',
  arrays: '*0\r\n*-1\r\n*3\r\n*1\r\n*1\r\n:1\r\n*0\r\n$1\r\na\r\n~2\r\n+a\r\n_\r\n%0\r\n',
  maps: '%2\r\n+a\r\n*2\r\n:1\r\n%1\r\n+b\r\n:2\r\n+c\r\n:3\r\n',
  pushes: '>2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n+OK\r\n>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n',
  long: `$70000\r\n${'é'.repeat(35_000)}\r\n*2\r\n:1\r\n$3\r\nend\r\n`,
}

describe('replies in chunks of any size are decoded as ioredis decodes them:', () => {
  for (const [name, text] of Object.entries(replies)) {
    test(name, () => {
      for (const size of [1, 2, 3, 5, 8, 13, 1000, 100_000]) {
        const own = received(receiver => new ReplyDecoder(receiver), text, size)
        const original = received(
          receiver => new Original({ ...receiver, getTypeMapping: () => types }),
          text,
          size,
        )
        assert.deepEqual(own, original, `chunks of ${size} bytes`)
        assert.ok(own.length > 0)
      }
    })
  }
})

test('a reply of an unknown type is an error', () => {
  assert.throws(() => received(receiver => new ReplyDecoder(receiver), '?1\r\n', 10), /Unknown RESP type 63/)
})

test('a connection decodes its replies with it', async t => {
  const write = t.mock.method(ReplyDecoder.prototype, 'write')
  const redis = connectRedis((await testRedis(t)).url)
  t.after(() => redis.disconnect())
  assert.equal(await redis.echo('hello'), 'hello')
  assert.ok(write.mock.callCount() > 0)
})

type Receiver = ConstructorParameters<typeof ReplyDecoder>[0]

function received(
  create: (receiver: Receiver) => { write(chunk: Buffer): void },
  text: string,
  size: number,
) {
  const found: unknown[] = []
  const decoder = create({
    onReply: reply => found.push({ reply: plain(reply) }),
    onErrorReply: error => found.push({ error: plain(error) }),
    onPush: items => found.push({ push: plain(items) }),
  })
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.length; from += size) decoder.write(bytes.subarray(from, from + size))
  return found
}

/** Errors as their name and message: their classes differ. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message }
  return Array.isArray(value) ? value.map(plain) : value
}
