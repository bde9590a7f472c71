/** Installs the agents in exact versions into a folder that git ignores. They are too large for `npm ci`. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../../.tollgate/agents')

const dependencies = {
  '@anthropic-ai/claude-code': '2.1.197',
  '@openai/codex': '0.171.0',
}

/** Installs missing agents; returns the folder of their commands. */
export function installAgents(): string {
  mkdirSync(FOLDER, { recursive: true })
  const file = join(FOLDER, 'package.json')
  const wanted = JSON.stringify({ private: true, dependencies }, null, 2)
  const bin = join(FOLDER, 'node_modules/.bin')
  const isThere = Object.keys(dependencies).every(name => existsSync(join(FOLDER, 'node_modules', name)))
  if (!isThere || readFileSync(file, 'utf8') !== wanted) {
    writeFileSync(file, wanted)
    execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: FOLDER, stdio: 'inherit' })
  }
  return bin
}
