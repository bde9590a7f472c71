/** Help on every level: all commands, those of a noun, one of them. */

import type { Command, Option } from './command.ts'

const PROGRAM = 'npm run cli --'

const common: Record<string, Option> = {
  json: { about: 'print the answer as JSON' },
  help: { about: 'print this' },
}

export function helpOnAll(commands: Command[]): string {
  return [
    `Administration of a Tollgate gateway.\n\nUsage: ${PROGRAM} <command> [options]`,
    `Commands:\n${list(commands)}`,
    `Environment, or .env:\n${indent([
      ['TOLLGATE_URL', 'where the gateway is; default: http:// with its HOST and PORT'],
      ['ADMIN_TOKEN', "the gateway's own, or one made with tokens create; ADMIN_TOKEN_FILE: a file with it"],
    ])}`,
    `The version: ${PROGRAM} --version`,
    'Exit code: 0 done, 1 the gateway refused, is not there, or does not verify; 2 wrongly used.',
    `More on a command: ${PROGRAM} clients create --help`,
  ].join('\n\n')
}

export function helpOnNoun(noun: string, commands: Command[]): string {
  return `Usage: ${PROGRAM} ${noun} <command> [options]\n\nCommands:\n${list(commands)}`
}

export function helpOn({ name, about, args, options, examples }: Command): string {
  const usage = [PROGRAM, name, ...args.map(arg => `<${arg}>`), '[options]'].join(' ')
  const described = Object.entries({ ...options, ...common }).map(([option, { value, about: words }]) => [
    `--${option}${value ? ` ${value}` : ''}`,
    words,
  ])
  const shown = examples.map(example => `  ${PROGRAM} ${example}`).join('\n')
  return `${about}.\n\nUsage: ${usage}\n\nOptions:\n${indent(described)}\n\nFor example:\n${shown}`
}

function list(commands: Command[]): string {
  return indent(
    commands.map(({ name, args, about }) => [[name, ...args.map(arg => `<${arg}>`)].join(' '), about]),
  )
}

function indent(rows: string[][]): string {
  const width = Math.max(...rows.map(([term = '']) => term.length))
  return rows.map(([term = '', words = '']) => `  ${term.padEnd(width)}  ${words}`).join('\n')
}
