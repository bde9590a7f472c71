/**
 * The primary process with WORKERS above 1: it starts workers, which share its listening socket, and starts another one for each
 * that ends by itself. It serves no call.
 */

import cluster, { type Worker } from 'node:cluster'
import { setTimeout as wait } from 'node:timers/promises'
import { cumulative, type Family, mergeFamilies } from '../telemetry/metrics/families.ts'
import { type Ask, openChannel, type StopOrder, WORKER } from './channel.ts'

export interface PrimaryOptions {
  count: number
  /** Variables that each worker gets on top of the environment. */
  env: Record<string, string>
  log: {
    info(facts: object, message: string): void
    error(facts: object, message: string): void
  }
  /** A worker did not start while no other one runs. It has reported the reason on standard error. */
  onFailedStart(exitCode: number): void
}

export interface WorkerGroup {
  /** Calls that run in all workers. */
  running(): Promise<number>
  /** Resolves when all workers have ended; rejects if one of them did not end gracefully. */
  stop(order: StopOrder): Promise<void>
}

interface Member {
  worker: Worker
  ask: Ask
  startedAt: number
  /** Lives before this one, one after the other, that were short. */
  shortLives: number
  isBuilt: boolean
  isServing: boolean
  /** Resolves at its end, with whether that was graceful. */
  ended: Promise<boolean>
  /** As last read. */
  metrics: Family[]
}

/** A worker that does not answer within this time (ms) is not waited for. A scrape has its metrics as they were read last. */
const ANSWER_LIMIT = 2000
/** A worker that lives less than this time (ms) lets the next one start later. */
const SHORT_LIFE = 60_000
const PAUSE = { first: 1000, longest: 30_000 }

export function startWorkers({ count, env, log, onFailedStart }: PrimaryOptions): WorkerGroup {
  if (!cluster.isPrimary) {
    throw new Error(
      `WORKERS: found ${count} in a worker of another program's cluster, expected 1. ` +
        'Leave it out, or start the gateway without that cluster.',
    )
  }
  // Each worker accepts from the shared socket itself. To pass each connection on from here costs more (ADR 23).
  cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({ args: [...process.argv.slice(2), WORKER] })
  const members = new Set<Member>()
  /** What ended workers have counted, so that no sum ever falls: Prometheus would read that as a restart. */
  let past: Family[] = []
  let restarts = 0
  let isComplete = false
  let isStopping = false
  // Also after an error. The holds of their calls are charged by another replica.
  process.once('exit', () => {
    for (const { worker } of members) worker.process.kill('SIGKILL')
  })
  // The first one alone tries the configuration, the stores and the port, so that a fault is reported once.
  launch(0)

  function launch(shortLives: number): void {
    if (isStopping) return
    const worker = cluster.fork(env)
    const ended = Promise.withResolvers<boolean>()
    const ask = openChannel(worker, {
      join: () => isStopping,
      built() {
        member.isBuilt = true
        return serving().length > 0
      },
      serving() {
        member.isServing = true
        if (isComplete) return
        isComplete = true
        for (let i = 1; i < count; i++) launch(0)
      },
      allMetrics: () => allMetrics(member),
    })
    const member: Member = {
      ...{ worker, ask, startedAt: performance.now(), shortLives, ended: ended.promise },
      ...{ isBuilt: false, isServing: false, metrics: [] },
    }
    members.add(member)
    worker.once('exit', (code, signal) => bury(signal ?? `exit code ${code}`, code ?? 1))
    // Without a process id it could not be started, for want of memory or processes.
    worker.once('error', error => {
      if (worker.process.pid === undefined) bury(error.message, 1)
    })

    function bury(how: string, code: number): void {
      members.delete(member)
      past = mergeFamilies([...past, ...cumulative(member.metrics)])
      // One that is still starting has no call, and does not ignore the signals of a terminal yet.
      ended.resolve(code === 0 || !member.isBuilt)
      if (isStopping) return
      if (member.isServing || members.size > 0) replace(member, how)
      else giveUp(member, how, code)
    }
  }

  function giveUp({ worker }: Member, how: string, code: number): void {
    log.error({ pid: worker.process.pid }, `no worker runs, and the last one ended while it started (${how})`)
    onFailedStart(code)
  }

  function replace({ shortLives, startedAt, worker }: Member, how: string): void {
    const isShort = performance.now() - startedAt < SHORT_LIFE
    const pauseMs = isShort ? pauseBefore(shortLives) : 0
    const facts = { pid: worker.process.pid, pauseMs }
    log.error(facts, `a worker ended by itself (${how}); another one is started`)
    restarts += 1
    setTimeout(launch, pauseMs, isShort ? shortLives + 1 : 0)
  }

  async function allMetrics(asker: Member): Promise<Family[]> {
    const asked = [...members].filter(member => member.isBuilt || member === asker)
    await Promise.all(asked.map(read))
    // Those that have ended meanwhile are in the past.
    const alive = asked.filter(member => members.has(member))
    return mergeFamilies([
      ...alive.flatMap(({ metrics }) => metrics),
      ...past,
      single('gauge', 'tollgate_workers', 'Processes that serve the port.', serving().length),
      single('counter', 'tollgate_worker_restarts_total', 'Workers that ended by themselves.', restarts),
    ])
  }

  async function read(member: Member): Promise<void> {
    const metrics = await inTime(member.ask('metrics', undefined), undefined)
    if (metrics) member.metrics = metrics
  }

  function serving(): Member[] {
    return [...members].filter(({ isServing }) => isServing)
  }

  return {
    async running() {
      const counts = [...members].map(({ ask }) => inTime(ask('running', undefined), 0))
      return (await Promise.all(counts)).reduce((sum, one) => sum + one, 0)
    },
    async stop(order) {
      isStopping = true
      const ends = [...members].map(({ ask, ended }) => {
        ask('stop', order).catch(() => {})
        return ended
      })
      if ((await Promise.all(ends)).includes(false)) throw new Error('a worker did not end gracefully')
    },
  }
}

/** The answer, or `instead` if it does not come. */
async function inTime<T, U>(answer: Promise<T>, instead: U): Promise<T | U> {
  const answered = new AbortController()
  const limit = wait(ANSWER_LIMIT, instead, { signal: answered.signal }).catch(() => instead)
  return Promise.race([answer.catch(() => instead), limit]).finally(() => answered.abort())
}

/** Milliseconds before the next worker starts, after so many short lives before the one that has ended. */
export function pauseBefore(shortLives: number): number {
  return shortLives === 0 ? 0 : Math.min(PAUSE.longest, PAUSE.first * 2 ** (shortLives - 1))
}

function single(type: 'counter' | 'gauge', name: string, help: string, value: number): Family {
  return { type, name, help, aggregator: 'sum', values: [{ value, labels: {} }] }
}
