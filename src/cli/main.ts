/** Runs one command line and prints the response. */

import { CommanderError } from 'commander'
import { createApi } from './api.ts'
import type { Command, Input } from './command.ts'
import { isCliError, misused } from './errors.ts'
import { createProgram, type Output } from './program.ts'
import { refusalText } from './refusal-text.ts'

export interface Terminal extends Output {
  /** Ends a command that goes on. */
  stopped?: AbortSignal
}

export interface Target {
  url: string
  token: string | undefined
}

/** Returns the exit code: 0 done, 1 refused by the server or found to be wrong, 2 wrongly used. */
export async function main(words: string[], { url, token }: Target, terminal: Terminal): Promise<number> {
  const { out, err, stopped = new AbortController().signal } = terminal
  let code = 0
  const run = async (command: Command, input: Input, json: boolean) => {
    if (!token && !command.isOffline)
      throw misused(
        'ADMIN_TOKEN is not set; set it, here or in .env, to the value that the gateway has, or to a token made with tokens create.',
      )
    const live = {
      print: (answer: unknown, text: string) => out(json ? JSON.stringify(answer) : text),
      stopped,
    }
    const outcome = await command.run(input, createApi(url, token ?? ''), live).catch(error => {
      if (isCliError(error)) error.message = refusalText(error, command, input)
      throw error
    })
    if (!outcome) return
    const { answer, shown, exitCode = 0 } = outcome
    out(json ? JSON.stringify(answer, null, 2) : shown.text)
    if (!json && shown.note !== undefined) err(shown.note)
    code = exitCode
  }
  try {
    await createProgram(terminal, run).parseAsync(words, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!isCliError(error)) throw error
    err(error.message)
    return error.exitCode
  }
}
