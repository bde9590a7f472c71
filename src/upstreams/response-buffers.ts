/** The memory of responses that are collected, counted for the whole process. */

/** The process collects at most this many full buffers at once. Other responses pass uncollected. */
const BUFFERS = 64

/** The buffer of one response. */
export interface ResponseBuffer {
  /** Counts `added` bytes; false where there is no room for them. */
  grow(added: number): boolean
  release(): void
}

/** `limit`: the longest response that is collected, in bytes. */
export function createBuffers(limit: number): { open(): ResponseBuffer } {
  /** Bytes of all responses. */
  let collected = 0
  return {
    open() {
      let size = 0
      return {
        grow(added) {
          size += added
          collected += added
          return size <= limit && collected <= BUFFERS * limit
        },
        release() {
          collected -= size
          size = 0
        },
      }
    },
  }
}
