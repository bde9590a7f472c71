/** Types of commands. */

import type { Api } from './api.ts'

export interface Option {
  /** An example of the value, for the help. Without `value` and `values` the option is a flag. */
  value?: string
  /** The values that the gateway accepts. */
  values?: readonly string[]
  /** Several of `values` may be given, separated by commas. */
  isList?: true
  about: string
  /** The option may be repeated. */
  multiple?: true
}

/** What the user typed after the command's name. */
export interface Input {
  /** By the names of the command's arguments. */
  args: Record<string, string>
  texts: Record<string, string[]>
  flags: Set<string>
}

export interface Result {
  /** `--json` prints the response. */
  response: unknown
  /** Printed without `--json`. */
  text: string
  /** Printed to standard error without `--json`, so that `text` can be piped. */
  note?: string
  /** 1: the command succeeded, and its response reports a fault. */
  exitCode?: 1
}

/** The output of a command that runs until it is stopped. */
export interface Stream {
  /** Prints the response as JSON with `--json`, the text without. */
  print(response: unknown, text: string): void
  stopped: AbortSignal
}

export interface Command {
  /** A noun and a verb, or one word. */
  name: string
  about: string
  /** Names of the required arguments, in order. */
  args: string[]
  /** The values that an argument accepts, by its name. */
  argValues?: Record<string, readonly string[]>
  options: Record<string, Option>
  examples: string[]
  /** The command sends no request and needs no token. */
  isOffline?: true
  run(input: Input, api: Api, stream: Stream): Promise<Result | undefined>
}

/** The value of an option that may not be repeated. */
export function textOf({ texts }: Input, option: string): string | undefined {
  return texts[option]?.[0]
}
