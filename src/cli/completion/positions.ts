/** The words that may follow at each position of the command line, from the table of commands. */

import type { Command, Option } from '../command.ts'

export interface Position {
  /** The noun and the verb before, such as `clients create`; empty after `tollgate`. */
  path: string
  words: Word[]
  /** A file name may follow. */
  isFile: boolean
  options: NamedOption[]
}

export interface Word {
  word: string
  about: string
}

export type NamedOption = Option & { name: string }

const help: Option = { about: 'print this help' }
const json: Option = { about: 'print the response as JSON' }
const version: Option = { about: 'print the version' }

export function positionsOf(commands: Command[]): Position[] {
  const nouns = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? name))]
  const paths = [...new Set([...nouns, ...commands.map(({ name }) => name)])]
  const words = nouns.map(word => ({
    word,
    about: commands.find(({ name }) => name === word)?.about ?? `Commands for ${word}`,
  }))
  return [
    { path: '', words, isFile: false, options: named({ version, help }) },
    ...paths.map(path => positionOf(path, commands)),
  ]
}

function positionOf(path: string, commands: Command[]): Position {
  const { args = [], argValues = {}, options } = commands.find(({ name }) => name === path) ?? {}
  const verbs = commands.filter(({ name }) => name.startsWith(`${path} `))
  return {
    path,
    words: [
      ...verbs.map(({ name, about }) => ({ word: name.slice(path.length + 1), about })),
      ...Object.entries(argValues).flatMap(([name, values]) => values.map(word => ({ word, about: name }))),
    ],
    isFile: args.includes('file'),
    options: named(options ? { ...options, json, help } : { help }),
  }
}

function named(options: Record<string, Option>): NamedOption[] {
  return Object.entries(options).map(([name, option]) => ({ name, ...option }))
}

export function takesValue({ value, values }: Option): boolean {
  return value !== undefined || values !== undefined
}

export interface ValueOption {
  /** Path and option, as a shell compares them. */
  at: string
  values: readonly string[]
  /** Several of `values` may be given, separated by commas. */
  isList: boolean
}

/** Options with a value, by whether their values are known. */
export function valueOptionsOf(positions: Position[]): { known: ValueOption[]; free: string[] } {
  const all = positions.flatMap(({ path, options }) =>
    options
      .filter(takesValue)
      .map(({ name, values = [], isList = false }) => ({ at: `'${path} --${name}'`, values, isList })),
  )
  return {
    known: all.filter(({ values }) => values.length > 0),
    free: all.filter(({ values }) => values.length === 0).map(({ at }) => at),
  }
}
