/**
 * The least that a gateway of Fastify, undici, ioredis and pino does for a call: it parses the request, runs one script
 * before and one after it, parses a response in JSON and logs one line. It limits, caches and records nothing.
 */

import { parseArgs } from 'node:util'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { Pool } from 'undici'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    upstream: { type: 'string', default: '' },
    redis: { type: 'string', default: '' },
  },
})
const pool = new Pool(values.upstream, { connections: 512 })
const redis = new Redis(values.redis)
const blocks = { sync: false, minLength: 16_384, maxWrite: 65_536 }
const app = fastify({
  loggerInstance: pino({ base: undefined }, pino.destination(blocks)),
  disableRequestLogging: true,
})

const count = await redis.script('LOAD', "return redis.call('INCRBY', KEYS[1], ARGV[1])")

app.removeAllContentTypeParsers()
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
)
app.post<{ Body: Buffer }>('/v1/*', async (request, reply) => {
  const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers
  const { model } = JSON.parse(request.body.toString())
  await redis.evalsha(`${count}`, 1, 'running', 1)
  const response = await pool.request({ method: 'POST', path: request.url, headers, body: request.body })
  const type = String(response.headers['content-type'])
  const isStream = type.startsWith('text/event-stream')
  const body = isStream ? response.body : Buffer.from(await response.body.arrayBuffer())
  const { usage } = Buffer.isBuffer(body) ? JSON.parse(body.toString()) : {}
  redis.evalsha(`${count}`, 1, 'running', -1).catch(error => app.log.error(error))
  app.log.info({ model, ...usage }, 'call')
  return reply.code(response.statusCode).type(type).send(body)
})
await app.listen({ port: Number(values.port), host: '127.0.0.1' })

// A process that a signal kills writes no profile; one that exits does.
process.once('SIGTERM', () => process.exit())
