/** What upstreams do. */

/** What an upstream does with a call; the number is the place of its break. */
export const kinds = [
  ...Array.from({ length: 12 }, () => () => 'ok'),
  ...[429, 500, 529, 529, 401, 400].map(status => () => `status ${status}`),
  () => 'silent',
  ...Array.from({ length: 3 }, () => () => 'unread'),
  (stream: boolean, place: number) => (stream ? `slow-stream 9 chunks 5ms, die after ${place}` : 'die'),
  (stream: boolean, place: number) =>
    stream ? `slow-stream 9 chunks 5ms, error after ${1 + place}` : 'status 503',
  (stream: boolean) => (stream ? 'slow-stream 10 chunks 20ms' : 'delay 200ms'),
  () => 'reset',
]
