/**
 * The colour of a client, team, model or reason. It depends on the name and not on the rank: this browser remembers it, so
 * that another order or period changes no colour. The first 13 names of a kind have 13 colours.
 */

/** Colours of the palette. 7 is the grey of the sum of others. */
const TONES = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13]
const NAME = 'tollgate-colours'
/** Names of each kind to remember. */
const REMEMBERED = 1000

/** By kind, the tones by the hash of a name: no name stays in the browser. @typedef {Record<string, Record<string, number>>} Memory */

/** @type {Memory} */
const known = remembered()

/** @param {string} kind such as `client` @param {string[]} names @returns {Map<string, number>} */
export function tonesOf(kind, names) {
  const own = known[kind] ?? {}
  known[kind] = own
  const unknown = names.filter(name => own[hashOf(name)] === undefined).sort()
  for (const name of unknown) own[hashOf(name)] = toneFor(name, own, names)
  if (unknown.length > 0) remember(kind)
  return new Map(names.map(name => [name, own[hashOf(name)] ?? 0]))
}

/** The name's own tone if it is free, else the tone with the fewest uses, in this chart and then in total. @param {string} name @param {Record<string, number>} own @param {string[]} beside */
function toneFor(name, own, beside) {
  const first = Number.parseInt(hashOf(name).slice(1), 36) % TONES.length
  const shown = beside.map(other => own[hashOf(other)])
  const all = Object.values(own)
  const uses = (/** @type {number} */ tone) =>
    shown.filter(one => one === tone).length * (REMEMBERED + 1) + all.filter(one => one === tone).length
  const [tone = 0] = TONES.map((_, i) => TONES[(first + i) % TONES.length] ?? 0).sort(
    (a, b) => uses(a) - uses(b),
  )
  return tone
}

/** FNV-1a, 32 bits. @param {string} text */
function hashOf(text) {
  let hash = 0x811c9dc5
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0
  // An object keeps the order of insertion only for keys that are not numbers, so a letter comes first.
  return `z${hash.toString(36)}`
}

/** @param {string} kind */
function remember(kind) {
  const entries = Object.entries(known[kind] ?? {})
  if (entries.length > REMEMBERED) known[kind] = Object.fromEntries(entries.slice(-REMEMBERED / 2))
  try {
    localStorage.setItem(NAME, JSON.stringify(known))
  } catch {
    // Without storage the colours are kept until the page closes.
  }
}

/** @returns {Memory} */
function remembered() {
  try {
    const found = JSON.parse(localStorage.getItem(NAME) ?? '{}')
    const isMemory = Object.values(found).every(tones =>
      Object.values(tones ?? {}).every(tone => TONES.includes(Number(tone))),
    )
    return isMemory ? { ...found } : {}
  } catch {
    return {}
  }
}
