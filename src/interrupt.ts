/** Ctrl-C on a terminal: nobody there waits for a balancer, so the gateway does not wait for one either. */

/** npm passes on the signal that the terminal has sent already: so many milliseconds apart, two are one key press. */
const SAME_PRESS_MS = 300

/** 128 + SIGINT, as shells have it. */
const INTERRUPTED = 130

export function isOnTerminal(): boolean {
  return process.stdin.isTTY === true
}

/** The first Ctrl-C leaves in order, and says what it waits for; a second one ends the process at once. */
export function leaveOnInterrupt({
  running,
  limitSeconds,
  leave,
}: {
  running: () => number
  limitSeconds: number
  leave: () => void
}): void {
  let first: number | undefined
  process.on('SIGINT', () => {
    const now = performance.now()
    if (first === undefined) {
      first = now
      process.stderr.write(`\n${saidOf(running(), limitSeconds)}\n`)
      leave()
    } else if (now - first > SAME_PRESS_MS) {
      process.stderr.write('\nCtrl-C again: the gateway stops at once.\n')
      process.exit(INTERRUPTED)
    }
  })
}

function saidOf(running: number, limitSeconds: number): string {
  if (running === 0) return 'Ctrl-C: no call runs, so the gateway stops now.'
  const calls = running === 1 ? 'its running call has' : `its ${running} running calls have`
  return `Ctrl-C: the gateway stops once ${calls} ended, in ${limitSeconds} s at most. Ctrl-C again stops it at once.`
}
