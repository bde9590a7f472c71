/** The page's files: what lies in src/dashboard and what the packages bring, as they are, and the page that loads them. */

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Asset {
  type: string
  body: Buffer
}

export interface Page {
  html: Asset
  etag: string
  /** Of everything: it stands in every asset's address, so that an address never changes what it means. */
  version: string
  assets: Map<string, Asset>
  /** For the policy: the one script that stands in the page itself. */
  importMapHash: string
}

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** What the page's modules import by name, and where it lies. */
const MODULES: Record<string, string> = {
  preact: import.meta.resolve('preact'),
  'preact/hooks': import.meta.resolve('preact/hooks'),
  htm: import.meta.resolve('htm'),
  'htm/preact': import.meta.resolve('htm/preact'),
  uplot: import.meta.resolve('uplot/dist/uPlot.esm.js'),
}
const FONTS = [
  'inter/files/inter-latin-wght-normal.woff2',
  'inter/files/inter-latin-ext-wght-normal.woff2',
].concat('jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2')

const FOLDER = new URL('../../dashboard/', import.meta.url)

const pages = new Map<string, Page>()

/** Files are read once per process, because an installed version does not change. `base`: a path without a final slash. */
export async function pageAt(base: string): Promise<Page> {
  const page = pages.get(base) ?? (await readPage(base))
  pages.set(base, page)
  return page
}

async function readPage(base: string): Promise<Page> {
  const assets = new Map<string, Asset>()
  const add = async (name: string, file: URL | string) => {
    assets.set(name, { type: TYPES[extname(name)] ?? 'application/octet-stream', body: await readFile(file) })
  }
  for (const name of await ownFiles()) await add(name, new URL(name, FOLDER))
  for (const [name, file] of Object.entries(MODULES)) await add(vendored(name), fileURLToPath(file))
  await add('vendor/uplot.css', fileURLToPath(import.meta.resolve('uplot/dist/uPlot.min.css')))
  for (const font of FONTS) {
    const file = import.meta.resolve(`@fontsource-variable/${font}`)
    await add(`fonts/${font.split('/').at(-1)}`, fileURLToPath(file))
  }
  const version = versionOf(assets)
  const at = (name: string) => `${base}/assets/${version}/${name}`
  const imports = Object.fromEntries(Object.keys(MODULES).map(name => [name, at(vendored(name))]))
  const importMap = JSON.stringify({ imports })
  const modules = [...assets.keys()].filter(name => /\.m?js$/.test(name))
  const styles = [...assets.keys()].filter(name => name.endsWith('.css')).sort()
  const shell = await readFile(new URL('index.html', FOLDER), 'utf8')
  const head = [
    `<link rel="icon" href="${at('icon.svg')}" type="image/svg+xml">`,
    ...styles.map(name => `<link rel="stylesheet" href="${at(name)}">`),
    `<script type="importmap">${importMap}</script>`,
    ...modules.map(name => `<link rel="modulepreload" href="${at(name)}">`),
    `<script type="module" src="${at('main.js')}"></script>`,
  ]
  const html = Buffer.from(shell.replace('<!-- head -->', head.join('\n    ')))
  return {
    html: { type: 'text/html; charset=utf-8', body: html },
    etag: `"${sha256(html).toString('base64url').slice(0, 16)}"`,
    version,
    assets,
    importMapHash: `sha256-${sha256(importMap).toString('base64')}`,
  }
}

async function ownFiles(): Promise<string[]> {
  const names = await readdir(FOLDER, { recursive: true })
  return names
    .map(name => name.replaceAll('\\', '/'))
    .filter(name => /\.(js|css|svg)$/.test(name))
    .sort()
}

function vendored(name: string): string {
  return `vendor/${name.replaceAll('/', '-')}.js`
}

function versionOf(assets: Map<string, Asset>): string {
  const hash = createHash('sha256')
  for (const [name, { body }] of assets) hash.update(`${name}\n${body.length}\n`).update(body)
  return hash.digest('base64url').slice(0, 12)
}

function sha256(content: Buffer | string): Buffer {
  return createHash('sha256').update(content).digest()
}
