#!/usr/bin/env node
// Plain JavaScript, because Node does not strip types under node_modules, and the installed Node may be older than 26.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = 26
const root = new URL('../', import.meta.url).href
const majorOf = version => Number(version.split('.')[0])

if (majorOf(process.versions.node) >= NEEDED) {
  // Node warns that stripTypeScriptTypes is experimental. Other warnings stay.
  const listeners = process.rawListeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', warning => {
    if (warning.name !== 'ExperimentalWarning') for (const listener of listeners) listener(warning)
  })
  nodeModule.registerHooks({
    load(url, context, next) {
      if (!url.startsWith(root) || !url.endsWith('.ts')) return next(url, context)
      const source = nodeModule.stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'))
      return { format: 'module', source, shortCircuit: true }
    },
  })
  await import('../src/cli/cli.ts')
} else {
  const node = newerNode()
  if (node === undefined) {
    console.error(
      `Found Node ${process.versions.node}, expected Node ${NEEDED} or the npm package "node" of that version. ` +
        `Install Node ${NEEDED}, or run npm install node@${NEEDED} in this folder.`,
    )
    process.exitCode = 1
  } else {
    run(node)
  }
}

/** The path of Node in the npm package `node`, an optional dependency. Undefined if it is absent or too old. */
function newerNode() {
  const require = nodeModule.createRequire(import.meta.url)
  try {
    const manifest = require.resolve('node/package.json')
    return majorOf(require(manifest).version) >= NEEDED ? join(dirname(manifest), 'bin', 'node') : undefined
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
  }
}

function run(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    console.error(
      `Found no program at ${node} (${error.message}). Install Node ${NEEDED}, or reinstall the package "node".`,
    )
    process.exitCode = 1
  })
  child.on('exit', code => {
    process.exitCode = code ?? 1
  })
}
