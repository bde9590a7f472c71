/** Makes one question of all that are asked in the same turn of the event loop. */
export function together<Result>(ask: (ids: string[]) => Promise<Result>): (id: string) => Promise<Result> {
  let ids: string[] = []
  let result: Promise<Result> | undefined

  return id => {
    ids.push(id)
    result ??= new Promise(setImmediate).then(() => {
      const all = ids
      ids = []
      result = undefined
      return ask(all)
    })
    return result
  }
}
