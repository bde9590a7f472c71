/** The dashboard's files, from src/dashboard and from packages, and the HTML page that loads them. */

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export interface Page {
  html: Buffer
  etag: string
  /** A hash of all assets. Each asset URL contains it, so the content of a URL never changes. */
  version: string
  /** The absolute path of each file that may be sent, by its name in the URL. */
  assets: Map<string, string>
  /** The content security policy allows the one inline script, the import map, by this hash. */
  importMapHash: string
}

/** The files of the packages that the page's modules import by name. */
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
  const assets = new Map([...(await ownFiles()), ...packageFiles()])
  const version = await versionOf(assets)
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
    html,
    etag: `"${sha256(html).toString('base64url').slice(0, 16)}"`,
    version,
    assets,
    importMapHash: `sha256-${sha256(importMap).toString('base64')}`,
  }
}

async function ownFiles(): Promise<[name: string, path: string][]> {
  const names = await readdir(FOLDER, { recursive: true })
  return names
    .map(name => name.replaceAll('\\', '/'))
    .filter(name => /\.(js|css|svg)$/.test(name))
    .sort()
    .map(name => [name, fileURLToPath(new URL(name, FOLDER))])
}

function packageFiles(): [name: string, path: string][] {
  const modules = Object.entries(MODULES).map(([name, url]) => [vendored(name), url] as const)
  const fonts = FONTS.map(
    font => [`fonts/${font.split('/').at(-1)}`, import.meta.resolve(`@fontsource-variable/${font}`)] as const,
  )
  const style = ['vendor/uplot.css', import.meta.resolve('uplot/dist/uPlot.min.css')] as const
  return [...modules, style, ...fonts].map(([name, url]) => [name, fileURLToPath(url)])
}

function vendored(name: string): string {
  return `vendor/${name.replaceAll('/', '-')}.js`
}

async function versionOf(assets: Page['assets']): Promise<string> {
  const hash = createHash('sha256')
  for (const [name, path] of assets) {
    const body = await readFile(path)
    hash.update(`${name}\n${body.length}\n`).update(body)
  }
  return hash.digest('base64url').slice(0, 12)
}

function sha256(content: Buffer | string): Buffer {
  return createHash('sha256').update(content).digest()
}
