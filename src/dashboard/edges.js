/**
 * Marks cards whose content is wider than the card. Such a card has a shadow at each edge with hidden content, and
 * a tab stop, so that the arrow keys scroll it.
 */

const SCROLLED = '.card.is-flush, .scroll'

/** Watches every such card under the root, including cards that are added later. @param {HTMLElement} root */
export function followEdges(root) {
  let isDue = false
  const look = () => {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      for (const found of root.querySelectorAll(SCROLLED)) if (found instanceof HTMLElement) mark(found)
    })
  }
  new MutationObserver(look).observe(root, { childList: true, subtree: true, characterData: true })
  new ResizeObserver(look).observe(root)
  // Scroll events do not bubble.
  root.addEventListener('scroll', look, { capture: true, passive: true })
}

/** @param {HTMLElement} card */
function mark(card) {
  const { scrollLeft, scrollWidth, clientWidth } = card
  const hidden = scrollWidth - clientWidth
  const edges = [scrollLeft > 1 && 'left', hidden - scrollLeft > 1 && 'right'].filter(Boolean).join(' ')
  if ((card.dataset.more ?? '') === edges) return
  if (edges === '') delete card.dataset.more
  else card.dataset.more = edges
  if (!card.matches('.card')) return
  if (edges === '') card.removeAttribute('tabindex')
  else card.tabIndex = 0
}
