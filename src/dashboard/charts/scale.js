/** Axes: round steps up to a maximum. */

const STEPS = [1, 2, 2.5, 5, 10]

/**
 * The values of gridlines from 0 to at least `max`.
 * @param {number} max
 * @param {number} [lines]
 */
export function ticks(max, lines = 4) {
  if (!(max > 0)) return [0, 1]
  const rough = max / lines
  const size = 10 ** Math.floor(Math.log10(rough))
  const step = (STEPS.find(factor => factor * size >= rough * 0.999) ?? 10) * size
  const found = []
  for (let i = 0; found.length === 0 || (found.at(-1) ?? 0) < max * 0.999; i++)
    found.push(Number((i * step).toPrecision(12)))
  return found
}
