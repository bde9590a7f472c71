/** Prints a script that completes commands, options and their values in a shell. */

import type { Command } from '../command.ts'
import { bash } from '../completion/bash.ts'
import { fish } from '../completion/fish.ts'
import { positionsOf } from '../completion/positions.ts'
import { zsh } from '../completion/zsh.ts'

const scripts = { bash, zsh, fish }
type Shell = keyof typeof scripts
const isShell = (name = ''): name is Shell => name in scripts

/** `others` are all other commands. */
export function completionOf(others: Command[]): Command {
  const completion: Command = {
    name: 'completion',
    about: 'Print the completion script of a shell',
    args: ['shell'],
    argValues: { shell: Object.keys(scripts) },
    options: {},
    examples: ['completion bash', 'completion fish > ~/.config/fish/completions/tollgate.fish'],
    isOffline: true,
    async run({ args: { shell } }) {
      if (!isShell(shell)) throw new TypeError(`unknown shell ${shell}`)
      const text = scripts[shell](positionsOf([...others, completion])).trimEnd()
      return { response: { shell, script: text }, text }
    },
  }
  return completion
}
