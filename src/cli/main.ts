/** Runs one command line and prints the response. */

import { CommanderError } from 'commander'
import { isHttpUrl } from './address.ts'
import { createApi } from './api.ts'
import type { Command, Input } from './command.ts'
import { isCliError, usageError } from './errors.ts'
import { createProgram, type Output } from './program.ts'
import { refusalText } from './refusal-text.ts'

export interface Terminal extends Output {
  /** Stops a command that runs until it is stopped. */
  stopped?: AbortSignal
}

export interface Target {
  url: string
  token: string | undefined
}

/** Returns the exit code: 0 success; 1 the gateway refused or reported a fault; 2 the command line is wrong. */
export async function main(words: string[], { url, token }: Target, terminal: Terminal): Promise<number> {
  const { out, err, stopped = new AbortController().signal } = terminal
  let code = 0
  const run = async (command: Command, input: Input, json: boolean) => {
    if (!token && !command.isOffline)
      throw usageError(
        'ADMIN_TOKEN is not set; set it, here or in .env, to the value that the gateway has, or to a token from "tokens create".',
      )
    // The value is shown unless it may contain a password.
    if (!command.isOffline && !isHttpUrl(url))
      throw usageError(
        `The address of the gateway is ${url.includes('@') ? 'a URL with a user' : JSON.stringify(url)}, expected an http:// or https:// URL without a user. ` +
          'Correct TOLLGATE_URL, or HOST and PORT, here or in .env.',
      )
    const stream = {
      print: (response: unknown, text: string) => out(json ? JSON.stringify(response) : text),
      stopped,
    }
    const result = await command.run(input, createApi(url, token ?? ''), stream).catch(error => {
      if (isCliError(error)) error.message = refusalText(error, command, input)
      throw error
    })
    if (!result) return
    const { response, text, note, exitCode = 0 } = result
    out(json ? JSON.stringify(response, null, 2) : text)
    if (!json && note !== undefined) err(note)
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
