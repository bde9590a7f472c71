#!/usr/bin/env node
// Plain JavaScript: Node does not strip types under node_modules, and the machine's Node may be older than 26.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url).href

if (Number(process.versions.node.split('.')[0]) >= 26) {
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
  const packaged = nodeModule.createRequire(import.meta.url).resolve('node/package.json')
  const node = join(dirname(packaged), 'bin', 'node')
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    console.error(
      `Found Node ${process.versions.node} and no package "node" (${error.message}); install Node 26.`,
    )
    process.exitCode = 1
  })
  child.on('exit', code => {
    process.exitCode = code ?? 1
  })
}
