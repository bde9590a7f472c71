/** The programs that the bench runs beside Node: nginx, wrk, vegeta. */

import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where `npm run bench -- peers` installs what the system does not have. */
export const peersFolder = join(import.meta.dirname, '../.tollgate/peers')

export const hint = 'not installed, run: npm run bench -- peers'

/** nginx is in a folder that the PATH of an ordinary user does not have. */
const folders = [join(peersFolder, 'bin'), ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']

export type ToolName = 'nginx' | 'wrk' | 'vegeta'

export function findTool(name: ToolName): string | undefined {
  return folders.map(folder => join(folder, name)).find(isExecutable)
}

export function tool(name: ToolName): string {
  const found = findTool(name)
  if (found === undefined) throw new Error(`${name} is ${hint}`)
  return found
}

/** As the program itself prints it. */
export function versionOf(name: ToolName): string {
  const { stdout, stderr } = spawnSync(tool(name), ['-v'], { encoding: 'utf8' })
  return /\d+(\.\d+)+/.exec(stdout + stderr)?.[0] ?? 'unknown'
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
