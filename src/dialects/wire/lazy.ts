/** Computes a value at its first use. */
export function lazy<Value>(run: () => Value): () => Value {
  let done: { value: Value } | undefined
  return () => {
    done ??= { value: run() }
    return done.value
  }
}
