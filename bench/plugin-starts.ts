/**
 * `npx node bench/plugin-starts.ts`: the CPU time that each plugin of pages and documents adds to the start of a gateway. Prints
 * milliseconds per start: the median with the plugin, and its difference from the median without.
 */

import fastifyHelmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance } from 'fastify'

const ROUTES = 36
const WARM_UP = 60
const MEASURED = 200

const contentSecurityPolicy = { useDefaults: false, directives: { 'default-src': ["'none'"] } }

const plugins: Record<string, (app: FastifyInstance) => Promise<unknown>> = {
  none: async () => {},
  static: async app => app.register(fastifyStatic, { serve: false }),
  helmet: async app => app.register(fastifyHelmet, { contentSecurityPolicy }),
  swagger: async app => app.register(fastifySwagger, { openapi: {} }),
  'swagger and swagger-ui': async app => {
    await app.register(fastifySwagger, { openapi: {} })
    await app.register(fastifySwaggerUi, { routePrefix: '/docs' })
  },
}

async function start(register: (app: FastifyInstance) => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  const app = Fastify()
  await register(app)
  for (let i = 0; i < ROUTES; i++) app.get(`/route-${i}`, async () => '')
  await app.ready()
  await app.close()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const times = new Map<string, number[]>(Object.keys(plugins).map(name => [name, []]))
for (let i = 0; i < WARM_UP + MEASURED; i++)
  for (const [name, register] of Object.entries(plugins)) {
    const time = await start(register)
    if (i >= WARM_UP) times.get(name)?.push(time)
  }

const medians = [...times].map(
  ([name, list]) => [name, list.toSorted((a, b) => a - b)[MEASURED / 2] ?? 0] as const,
)
const [, without = 0] = medians[0] ?? []
for (const [name, median] of medians)
  console.log(`${name}: ${median.toFixed(2)} ms, ${(median - without).toFixed(2)} ms more`)
