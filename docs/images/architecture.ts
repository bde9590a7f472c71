/** Draws the picture of the architecture: `npx node docs/images/architecture.ts > docs/images/architecture.svg`. */

interface Box {
  /** Pixels: left, top, width, height. */
  at: [x: number, y: number, width: number, height: number]
  title: string
  lines?: string[]
  kind: 'gateway' | 'store' | 'outside'
}

const boxes: Box[] = [
  { at: [24, 56, 176, 60], title: 'Services', lines: ['official SDKs'], kind: 'outside' },
  { at: [24, 132, 176, 60], title: 'Agents', lines: ['Claude Code, Codex, …'], kind: 'outside' },
  {
    at: [24, 308, 176, 76],
    title: 'Operators',
    lines: ['dashboard, CLI, alerts,', 'metrics, traces, logs'],
    kind: 'outside',
  },
  { at: [244, 94, 136, 60], title: 'Load balancer', lines: ['TLS'], kind: 'outside' },
  { at: [436, 72, 244, 124], title: '', kind: 'gateway' },
  { at: [428, 64, 244, 124], title: '', kind: 'gateway' },
  {
    at: [420, 56, 244, 124],
    title: 'Tollgate replicas',
    lines: [
      'keys, limits, budgets, loop brake',
      'cache, usage meter, cost',
      'ledger, metrics, traces, alerts',
    ],
    kind: 'gateway',
  },
  {
    at: [388, 308, 168, 76],
    title: 'Redis',
    lines: ['limits, budgets, holds,', 'cached responses'],
    kind: 'store',
  },
  {
    at: [592, 308, 168, 76],
    title: 'Postgres',
    lines: ['clients, keys, settings,', 'ledger'],
    kind: 'store',
  },
  { at: [776, 40, 160, 44], title: 'Anthropic', kind: 'outside' },
  { at: [776, 104, 160, 44], title: 'OpenAI', kind: 'outside' },
  { at: [776, 168, 160, 44], title: 'EzAI', kind: 'outside' },
]

interface Arrow {
  path: string
  label?: { text: string; x: number; y: number; align?: 'start' | 'middle' }
}

const arrows: Arrow[] = [
  { path: 'M200 86 L242 112' },
  { path: 'M200 162 L242 136' },
  { path: 'M380 124 H418' },
  { path: 'M680 110 L774 64' },
  { path: 'M680 126 H774' },
  { path: 'M680 142 L774 188', label: { text: 'provider’s key', x: 736, y: 232, align: 'middle' } },
  {
    path: 'M488 196 V306',
    label: { text: 'admit and settle:', x: 498, y: 240, align: 'start' },
  },
  { path: 'M646 196 V306', label: { text: 'configuration', x: 656, y: 258, align: 'start' } },
  { path: 'M556 346 H590', label: { text: 'ledger, exactly once', x: 574, y: 404, align: 'middle' } },
  { path: 'M200 346 H250 V266 H444 V198', label: { text: '/admin', x: 268, y: 258, align: 'start' } },
  { path: '', label: { text: 'one script each', x: 498, y: 258, align: 'start' } },
  { path: '', label: { text: 'client’s key', x: 312, y: 82, align: 'middle' } },
]

const style = `
  .page { fill: #ffffff; stroke: #d0d7de }
  .gateway { fill: #ddf4ff; stroke: #0969da; stroke-width: 1.5 }
  .store { fill: #fff8c5; stroke: #9a6700 }
  .outside { fill: #f6f8fa; stroke: #8c959f }
  text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #57606a }
  .title { font-weight: 600; font-size: 15px; fill: #1f2328 }
  .arrow { fill: none; stroke: #57606a; stroke-width: 1.5; marker-end: url(#head) }
  #head path { fill: #57606a }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #30363d }
    .gateway { fill: #0c2d4d; stroke: #4493f8 }
    .store { fill: #2e2a1f; stroke: #bb8009 }
    .outside { fill: #161b22; stroke: #6e7681 }
    text { fill: #b1bac4 }
    .title { fill: #f0f6fc }
    .arrow { stroke: #9198a1 }
    #head path { fill: #9198a1 }
  }`

const [WIDTH, HEIGHT, LINE] = [960, 424, 18]

/** The whole SVG. Its background is part of it, so that it can be read on light and dark pages. */
export function architecture(): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title">
<title id="title">Services and agents call a load balancer, which calls the Tollgate replicas. They use Redis and Postgres, and call the providers.</title>
<style>${style}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 Z"/></marker></defs>
<rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="12"/>
${[...boxes.map(drawBox), ...arrows.map(drawArrow)].join('\n')}
</svg>
`
}

function drawBox({ at: [x, y, width, height], title, lines = [], kind }: Box): string {
  const middle = x + width / 2
  const top = y + height / 2 - (lines.length * LINE) / 2 + 5
  const texts = [title, ...lines].map((text, i) => {
    const role = i === 0 ? ' class="title"' : ''
    return text && `<text${role} x="${middle}" y="${top + i * LINE}" text-anchor="middle">${text}</text>`
  })
  return `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>${texts.join('')}`
}

function drawArrow({ path, label }: Arrow): string {
  const line = path && `<path class="arrow" d="${path}"/>`
  const text =
    label &&
    `<text x="${label.x}" y="${label.y}" text-anchor="${label.align ?? 'middle'}">${label.text}</text>`
  return `${line}${text ?? ''}`
}

if (import.meta.main) process.stdout.write(architecture())
