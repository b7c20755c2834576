// New content in the place of old, under the hands of somebody who uses it.

/**
 * Replaces the children of `place`. What was focused or scrolled sideways in an element with a `data-key` is so in the
 * new element that has the same.
 */
export function redraw(place, children) {
  const keyed = (name) => place.querySelector(`[data-key="${CSS.escape(name)}"]`);
  const buttons = (element) => [...(element?.querySelectorAll('button') ?? [])];
  const active = place.contains(document.activeElement) ? document.activeElement : undefined;
  const around = active?.closest('[data-key]');
  const index = buttons(around).indexOf(active);
  const scrolled = [...place.querySelectorAll('.scroll')].map((old) => [old.dataset.key, old.scrollLeft]);
  place.replaceChildren(...children);
  for (const [key, left] of scrolled) {
    const fresh = keyed(key);
    if (fresh) fresh.scrollLeft = left;
  }
  if (around) buttons(keyed(around.dataset.key))[index]?.focus({ preventScroll: true });
}
