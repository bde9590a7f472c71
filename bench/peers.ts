/** `npm run bench -- peers`: installs the programs and gateways that the bench compares with, at exact versions. */

import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findTool, hint, peersFolder, type ToolName, versionOf } from './tools.ts'

interface Peer {
  title: string
  version: string
  source: string
  isInstalled(): boolean
  install(folder: string): Promise<void>
}

export type PeerName = ToolName | 'tensorzero' | 'portkey' | 'litellm'

export const portkeyFile = join(peersFolder, 'portkey/node_modules/@portkey-ai/gateway/build/start-server.js')
export const litellmFile = join(peersFolder, 'litellm/bin/litellm')
export const tensorzeroPython = join(peersFolder, 'tensorzero/bin/python')

export const peers: Record<PeerName, Peer> = {
  nginx: { title: 'nginx', version: 'of the system', ...debian('nginx') },
  wrk: { title: 'wrk', version: 'of the system', ...debian('wrk') },
  vegeta: {
    title: 'vegeta',
    version: '12.13.0',
    source: 'Go module github.com/tsenart/vegeta/v12',
    isInstalled: () => findTool('vegeta') !== undefined,
    install: async () =>
      run('go', ['install', `github.com/tsenart/vegeta/v12@v${peers.vegeta.version}`], {
        env: { ...process.env, GOBIN: join(peersFolder, 'bin') },
      }),
  },
  tensorzero: {
    title: 'TensorZero',
    version: '2026.6.0',
    source: 'PyPI tensorzero',
    isInstalled: () => existsSync(join(tensorzeroPython, '../tensorzero.installed')),
    install: async folder => {
      await pip(folder, [`tensorzero==${peers.tensorzero.version}`])
      await writeFile(join(tensorzeroPython, '../tensorzero.installed'), '')
    },
  },
  portkey: {
    title: 'Portkey',
    version: '1.15.2',
    source: 'npm @portkey-ai/gateway',
    isInstalled: () => existsSync(portkeyFile),
    install: npm,
  },
  litellm: {
    title: 'LiteLLM',
    // The latest that pip resolves: later ones pin packages that it does not find.
    version: '1.108.7',
    source: 'PyPI litellm[proxy]',
    isInstalled: () => existsSync(litellmFile),
    install: folder => pip(folder, [`litellm[proxy]==${peers.litellm.version}`]),
  },
}

const refusedFile = (name: PeerName) => join(peersFolder, `${name}.refused`)

/** Why a peer cannot be measured; undefined if it can. */
export function absenceOf(name: PeerName): string | undefined {
  if (peers[name].isInstalled()) return undefined
  return existsSync(refusedFile(name)) ? readFileSync(refusedFile(name), 'utf8') : hint
}

/** Provider, load and their versions. Debian's are those of the system. */
export function programs(): string {
  const versions = { nginx: versionOf, wrk: versionOf, vegeta: () => peers.vegeta.version }
  return (Object.keys(versions) as ToolName[])
    .filter(name => findTool(name) !== undefined)
    .map(name => `${name} ${versions[name](name)}`)
    .join(', ')
}

/** A peer that cannot be installed does not stop the others. The bench then shows the reason. */
export async function installPeers(): Promise<void> {
  await mkdir(join(peersFolder, 'bin'), { recursive: true })
  for (const name of Object.keys(peers) as PeerName[]) {
    const { title, version, source, install } = peers[name]
    const folder = join(peersFolder, name)
    await rm(refusedFile(name), { force: true })
    const refusal = await install(folder).then(() => undefined, reasonOf)
    if (refusal !== undefined) {
      await rm(folder, { recursive: true, force: true })
      await writeFile(refusedFile(name), refusal)
    }
    console.log(`${title} ${version} (${source}): ${refusal ?? 'installed'}`)
  }
}

function debian(name: ToolName): Pick<Peer, 'source' | 'isInstalled' | 'install'> {
  const isInstalled = () => findTool(name) !== undefined
  return {
    source: `Debian package ${name}`,
    isInstalled,
    async install() {
      if (isInstalled()) return
      if (process.getuid?.() !== 0) throw new Error(`needs root, run: apt-get install ${name}`)
      await run('apt-get', ['update'])
      await run('apt-get', ['install', '--yes', '--no-install-recommends', name])
    },
  }
}

/** Portkey's streams fail with the later versions of its server that npm chooses, so this is the oldest that it allows. */
async function npm(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const manifest = {
    private: true,
    dependencies: { '@portkey-ai/gateway': peers.portkey.version },
    overrides: { '@hono/node-server': '1.3.3' },
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder })
}

async function pip(folder: string, packages: readonly string[]): Promise<void> {
  await run('python3', ['-m', 'venv', folder])
  await run(join(folder, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', ...packages])
}

async function run(program: string, args: readonly string[], options = {}): Promise<void> {
  await promisify(execFile)(program, args, { maxBuffer: 2 ** 26, ...options })
}

/** The last line that says what went wrong, without the addresses of registries. */
export function reasonOf(error: Error & { stderr?: string }): string {
  const lines = (error.stderr || error.message).split('\n').filter(line => line.trim() !== '')
  const line = lines.findLast(line => /error/i.test(line)) ?? lines.at(-1) ?? error.message
  return `not installed: ${line.replaceAll(/https?:\/\/\S+/g, '…').slice(0, 300)}`
}
