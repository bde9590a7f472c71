/** The architecture in one file: every plugin with its options, in the order in which a call passes them. */

import env, { type FastifyEnvOptions } from '@fastify/env'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { alertRoutes } from './admin/alert-routes.ts'
import { explainRoutes } from './admin/explain.ts'
import { ledgerRoutes } from './admin/ledger-routes.ts'
import { liveRoutes } from './admin/live/routes.ts'
import { upstreamRoutes } from './admin/upstreams.ts'
import { senderOf } from './alerts/sender.ts'
import { readConfig, readValues } from './config/config.ts'
import { readKeySource } from './config/key-source.ts'
import { ownSecrets } from './config/own-secrets.ts'
import { createRedactor } from './config/redactor.ts'
import { tracesOptions } from './config/traces-options.ts'
import { configuredUpstreams, keyVariable, upstreamKeys } from './config/upstreams.ts'
import { workersOf } from './config/workers.ts'
import admin from './plugins/admin.ts'
import admission from './plugins/admission.ts'
import alertRules from './plugins/alert-rules.ts'
import alerts from './plugins/alerts.ts'
import attempt from './plugins/attempt.ts'
import auth from './plugins/auth.ts'
import breaker from './plugins/breaker.ts'
import budget from './plugins/budget.ts'
import cache from './plugins/cache.ts'
import call from './plugins/call.ts'
import clients from './plugins/clients.ts'
import clock from './plugins/clock.ts'
import cors from './plugins/cors.ts'
import cost from './plugins/cost.ts'
import countLimit from './plugins/count-limit.ts'
import dashboard from './plugins/dashboard.ts'
import errorHandler, { rejectMalformed } from './plugins/error-handler.ts'
import estimate from './plugins/estimate.ts'
import exactCount from './plugins/exact-count.ts'
import extension from './plugins/extension.ts'
import health from './plugins/health.ts'
import jobs from './plugins/jobs.ts'
import leaseReaper from './plugins/lease-reaper.ts'
import ledger from './plugins/ledger.ts'
import lifecycle from './plugins/lifecycle.ts'
import live from './plugins/live.ts'
import logging from './plugins/logging.ts'
import loop from './plugins/loop.ts'
import memory from './plugins/memory.ts'
import metrics, { type Workers } from './plugins/metrics.ts'
import modelList from './plugins/model-list.ts'
import models from './plugins/models.ts'
import money from './plugins/money.ts'
import otlp from './plugins/otlp.ts'
import outages from './plugins/outages.ts'
import outputRate from './plugins/output-rate.ts'
import overload from './plugins/overload.ts'
import postgres from './plugins/postgres.ts'
import prices from './plugins/prices.ts'
import protocol from './plugins/protocol.ts'
import proxy from './plugins/proxy.ts'
import rateLimit from './plugins/rate-limit.ts'
import record from './plugins/record.ts'
import redis from './plugins/redis.ts'
import refusals from './plugins/refusals.ts'
import reservations from './plugins/reservations.ts'
import retry from './plugins/retry.ts'
import secrets from './plugins/secrets.ts'
import spent from './plugins/spent.ts'
import tenancy from './plugins/tenancy.ts'
import traces from './plugins/traces.ts'
import upstreams from './plugins/upstreams.ts'
import usage from './plugins/usage.ts'
import usualOutput from './plugins/usual-output.ts'
import waiting from './plugins/waiting.ts'
import { canonicalUrl } from './requests/caller-paths.ts'
import { newRequestId } from './requests/request-id.ts'
import { rejectUnreadable } from './requests/unreadable.ts'

/** Where the two stores are: given by the environment, or embedded. */
export interface Stores {
  redisUrl: string
  databaseUrl: string
}

/** `environment`: the source of the variables; `workers`: the other processes that serve the same port. */
export async function buildApp(
  environment: FastifyEnvOptions,
  stores: Stores,
  loggerInstance: FastifyBaseLogger,
  redactor = createRedactor(),
  workers?: Workers,
): Promise<FastifyInstance> {
  // Fastify takes its timeouts only when it is created, before any plugin.
  const { REQUEST_TIMEOUT_SECONDS, UPSTREAM_TIMEOUT_SECONDS } = readConfig(environment)
  const timeoutMs = UPSTREAM_TIMEOUT_SECONDS * 1000
  const requestTimeout = REQUEST_TIMEOUT_SECONDS * 1000
  const app: FastifyInstance = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: newRequestId,
    // Some load balancers, probes and browsers send HEAD instead of GET.
    exposeHeadRoutes: true,
    rewriteUrl: ({ url = '/' }) => canonicalUrl(url),
    frameworkErrors: rejectMalformed,
    clientErrorHandler: (error, socket) => rejectUnreadable(app, error, socket),
    requestTimeout,
    // Node applies the larger of the two timeouts to the whole request.
    http: {
      headersTimeout: Math.min(60_000, requestTimeout),
      connectionsCheckingInterval: 1000,
      // The plugin `protocol` refuses such a request, with a body.
      requireHostHeader: false,
    },
    // Longer than the longest silence of a provider: a connection that is idle for longer is dead.
    connectionTimeout: timeoutMs + 30_000,
    // On a busy machine a plugin may need longer than Fastify's default of 10 s to start.
    pluginTimeout: 60_000,
    routerOptions: { maxParamLength: 256 },
  })

  await app.register(env, environment)
  const { config } = app
  for (const secret of ownSecrets(config)) redactor.add(secret)

  // Parts that every request or call uses.
  await app.register(lifecycle)
  await app.register(jobs)
  await app.register(health)
  await app.register(errorHandler)
  await app.register(protocol)
  // Before the stores: while the files are read, an event of a store would be missed.
  await app.register(dashboard, { isOpen: config.ADMIN_TOKEN !== undefined })
  const variable = (name: string) => (name in config.secretFiles ? `${name}_FILE` : name)
  await app.register(redis, { url: stores.redisUrl, variable: variable('REDIS_URL') })
  await app.register(postgres, { url: stores.databaseUrl, variable: variable('DATABASE_URL') })
  // Fastify closes in reverse order: the last settlements reach Redis before the ledger drains it and the stores close.
  await app.register(ledger, { redisUrl: stores.redisUrl })
  await app.register(money)
  await app.register(clock)
  await app.register(memory)
  await app.register(leaseReaper)
  await app.register(alerts, {
    webhookUrl: config.ALERT_WEBHOOK_URL,
    webhookSecret: config.ALERT_WEBHOOK_SECRET,
    sender: senderOf(config),
    redact: redactor.text,
  })
  await app.register(outages)
  await app.register(secrets, {
    values: { ...upstreamKeys(config), ADMIN_TOKEN: config.ADMIN_TOKEN },
    files: config.secretFiles,
    redactor,
  })
  await app.register(prices, { file: config.PRICES_FILE })
  await app.register(upstreams, {
    timeoutMs,
    file: config.UPSTREAMS_FILE,
    readKey: source => readKeySource(source, readValues(environment)),
    fromEnvironment: configuredUpstreams(config).map(one => ({
      name: one.name,
      type: one.name,
      baseUrl: one.baseUrl,
      secrets: [() => app.secrets.get(keyVariable(one))],
    })),
  })
  await app.register(clients)
  await app.register(otlp, { traces: tracesOptions(config) })

  // A call passes these plugins in this order.
  await app.register(async callers => {
    // Before authentication: a preflight carries no key, and a browser must be able to read a 401.
    if (config.CORS_ORIGINS !== undefined) await callers.register(cors, { origins: config.CORS_ORIGINS })
    await callers.register(auth)
    await callers.register(overload, {
      maxDelay: config.OVERLOAD_DELAY_MS,
      maxCalls: config.MAX_CONCURRENT_CALLS,
      workers: workersOf(config),
    })
    await callers.register(call, { bodyLimit: config.BODY_LIMIT_BYTES })
    await callers.register(reservations)
    await callers.register(models)
    await callers.register(usualOutput)
    await callers.register(rateLimit)
    await callers.register(tenancy)
    await callers.register(outputRate)
    await callers.register(countLimit)
    await callers.register(exactCount)
    await callers.register(budget, {
      defaultMaxTokens: config.DEFAULT_MAX_TOKENS,
      statusOf: { openai: config.BUDGET_STATUS_OPENAI },
    })
    await callers.register(waiting, { maxCalls: config.MAX_CONCURRENT_CALLS })
    await callers.register(loop)
    await callers.register(usage)
    await callers.register(estimate)
    await callers.register(cost)
    await callers.register(record)
    await callers.register(traces, {
      sampler: config.OTEL_TRACES_SAMPLER,
      ratio: config.OTEL_TRACES_SAMPLER_ARG,
    })
    await callers.register(spent)
    await callers.register(admission, { maxPending: config.LEDGER_MAX_PENDING })
    await callers.register(cache, {
      ttlSeconds: config.CACHE_TTL_SECONDS,
      maxBytes: config.CACHE_MAX_BYTES,
      totalBytes: config.CACHE_TOTAL_BYTES,
    })
    await callers.register(extension)
    await callers.register(breaker)
    await callers.register(retry, { timeoutMs })
    await callers.register(refusals)
    await callers.register(alertRules, { maxPending: config.LEDGER_MAX_PENDING })
    await callers.register(logging)
    await callers.register(attempt, { responseBuffer: config.ANSWER_BUFFER_BYTES })
    await callers.register(proxy)
    await callers.register(modelList)
  })

  await app.register(metrics, {
    token: config.METRICS_TOKEN,
    host: config.HOST,
    port: config.METRICS_PORT,
    workers,
  })
  // After the plugins of a call, whose results it shows.
  await app.register(live)
  await app.register(admin, {
    token: () => app.secrets.get('ADMIN_TOKEN'),
    routes: [
      alertRoutes,
      ledgerRoutes,
      liveRoutes,
      upstreamRoutes,
      explainRoutes({ maxTokens: config.DEFAULT_MAX_TOKENS, cacheTtlSeconds: config.CACHE_TTL_SECONDS }),
    ],
  })
  return app
}
