/** Writes commander's errors with the found text, the expected text and a command that helps. */

import type { Command as Commander, CommanderError } from 'commander'
import { didYouMean } from '../pricing/nearest.ts'
import { commands } from './commands.ts'

/** The text for standard error, or undefined if commander already printed the help. */
export function usageErrorText(error: CommanderError, command: Commander): string | undefined {
  return texts[error.code]?.(command, error)
}

/** By commander's error codes. */
const texts: Record<string, (command: Commander, error: CommanderError) => string> = {
  'commander.missingArgument': wrongArguments,
  'commander.excessArguments': wrongArguments,
  'commander.unknownCommand': unknownCommand,
  'commander.unknownOption': unknownOption,
  'commander.optionMissingArgument': missingValue,
}

function wrongArguments(command: Commander): string {
  const path = pathOf(command)
  const found = command.args.join(' ') || 'nothing'
  const hint = command.commands.length > 0 ? hintFor([path, ...command.args]) : ''
  return `${path}: found ${found}, expected ${argumentsOf(command) || 'nothing more'}.${hint} ${seeHelp(path)}`
}

function unknownCommand(command: Commander): string {
  const path = pathOf(command)
  // Options that follow are no part of the command's name.
  const end = command.args.findIndex(word => word.startsWith('-'))
  const words = [path, ...(end < 0 ? command.args : command.args.slice(0, end))].filter(word => word !== '')
  const typed = words.slice(0, 2).join(' ')
  return `There is no command "${typed}".${hintFor(words)}\n\n${command.helpInformation().trimEnd()}`
}

function unknownOption(command: Commander, { message }: CommanderError): string {
  const flag = quoted(message)
  const names = [...command.options.map(({ long }) => long ?? ''), '--help']
  const path = pathOf(command)
  return `${path}${path && ': '}found ${flag}, expected one of its options.${didYouMean(flag, names)} ${seeHelp(path)}`
}

function missingValue(command: Commander, { message }: CommanderError): string {
  const [flag = '', value = ''] = quoted(message).split(' ')
  return `${flag}: found nothing, expected a value such as ${value.slice(1, -1)}. ${seeHelp(pathOf(command))}`
}

/** Names the nearest whole command, else the nearest group of commands. */
function hintFor([noun = '', verb = '']: string[]): string {
  const names = commands.map(({ name }) => name)
  const nouns = new Set(names.map(name => name.split(' ')[0] ?? name))
  return didYouMean(`${noun} ${verb}`, names) || (nouns.has(noun) ? '' : didYouMean(noun, [...nouns]))
}

/** The command's name without the program's; empty for the program. */
export function pathOf(command: Commander): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}`.trim() : ''
}

export function argumentsOf(command: Commander): string {
  return command.registeredArguments.map(argument => `<${argument.name()}>`).join(' ')
}

export function seeHelp(path: string): string {
  return `See tollgate ${path}${path && ' '}--help.`
}

function quoted(message: string): string {
  return /'(.*)'/.exec(message)?.[1] ?? ''
}
