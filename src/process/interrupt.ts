/** Ctrl-C on a terminal: the gateway stops without DRAIN_DELAY_SECONDS, which is for load balancers. */

/** npm also forwards the signal of the terminal, so two signals within this time (ms) are one key press. */
const SAME_PRESS_MS = 300

/** 128 + SIGINT, the exit code that shells use. */
const INTERRUPTED = 130

export function isOnTerminal(): boolean {
  return process.stdin.isTTY === true
}

/** The first Ctrl-C stops gracefully, and prints how many calls are waited for; a second one exits at once. */
export function stopOnInterrupt({
  running,
  limitSeconds,
  stop,
}: {
  running: () => number | Promise<number>
  limitSeconds: number
  stop: () => void
}): void {
  let first: number | undefined
  process.on('SIGINT', () => {
    const now = performance.now()
    if (first === undefined) {
      first = now
      void Promise.resolve(running()).then(count =>
        process.stderr.write(`\n${messageOf(count, limitSeconds)}\n`),
      )
      stop()
    } else if (now - first > SAME_PRESS_MS) {
      process.stderr.write('\nCtrl-C again: the gateway stops at once.\n')
      process.exit(INTERRUPTED)
    }
  })
}

function messageOf(running: number, limitSeconds: number): string {
  if (running === 0) return 'Ctrl-C: no call runs, so the gateway stops now.'
  const calls = running === 1 ? 'its running call has' : `its ${running} running calls have`
  return `Ctrl-C: the gateway stops once ${calls} ended, in ${limitSeconds} s at most. Ctrl-C again stops it at once.`
}
