/** Finds the series of a metric by the values of its labels. */

interface Branch<T> {
  next: Map<string, Branch<T>>
  made: T | undefined
}

/** Makes one value for each combination of words, and finds it again word by word. The combinations must be few. */
export function remembered<T>(make: (...words: string[]) => T): (...words: string[]) => T {
  const root: Branch<T> = { next: new Map(), made: undefined }
  return (...words) => {
    let branch = root
    for (const word of words) {
      branch = branch.next.get(word) ?? grow(branch, word)
    }
    branch.made ??= make(...words)
    return branch.made
  }
}

function grow<T>(branch: Branch<T>, word: string): Branch<T> {
  const next: Branch<T> = { next: new Map(), made: undefined }
  branch.next.set(word, next)
  return next
}
