/** What a command is: an entry in the table, a call of the administration, and words for people. */

import type { Api } from './api.ts'

export interface Option {
  /** What its value looks like in the help, such as `100/1h`; none: it takes no value. */
  value?: string
  about: string
  /** May be given more than once. */
  multiple?: boolean
}

/** What was typed behind the command's name. */
export interface Input {
  /** By the names of the command's arguments. */
  args: Record<string, string>
  texts: Record<string, string[]>
  flags: Set<string>
}

/** `note` goes to the error output, so that what is asked for can be piped on. */
export interface Shown {
  text: string
  note?: string
}

/** Pairs an answer with the words for it: `--json` prints the one, people read the other. */
export interface Outcome {
  answer: unknown
  shown: Shown
  /** 1: it is done, and what it found is not as it should be. */
  exitCode?: 1
}

/** For a command that goes on: it prints as it goes, until it is stopped. */
export interface Live {
  /** As `--json` or people want it. */
  print(answer: unknown, text: string): void
  stopped: AbortSignal
}

export interface Command {
  /** A noun and a verb, or a word that says it all. */
  name: string
  about: string
  /** Names of what must follow, in order. */
  args: string[]
  options: Record<string, Option>
  examples: string[]
  /** The command sends no request, and needs no token. */
  isOffline?: true
  run(input: Input, api: Api, live: Live): Promise<Outcome | undefined>
}

/** The one value of an option that may be given once. */
export function textOf({ texts }: Input, option: string): string | undefined {
  return texts[option]?.[0]
}
