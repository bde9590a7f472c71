/** Makes one question of all that are asked in the same turn of the event loop. */
export function together<Answer>(ask: (ids: string[]) => Promise<Answer>): (id: string) => Promise<Answer> {
  let ids: string[] = []
  let answer: Promise<Answer> | undefined

  return id => {
    ids.push(id)
    answer ??= new Promise(setImmediate).then(() => {
      const all = ids
      ids = []
      answer = undefined
      return ask(all)
    })
    return answer
  }
}
