// Buttons at the lower edge, which nothing that floats there may cover: marked by `use:foot`, or a dialog's.
import { SvelteSet } from 'svelte/reactivity';

const feet = new SvelteSet<Element>();
let moved = $state(0); // goes up when one may stand elsewhere

const tell = (): void => void moved++;
let look: ResizeObserver | undefined;

export function foot(node: Element): { destroy: () => void } {
  look ??= new ResizeObserver(tell);
  feet.add(node);
  look.observe(node);
  return {
    destroy() {
      look?.unobserve(node);
      feet.delete(node);
    },
  };
}

// How far from the lower edge of the window something of this size has to be that stands between `left` and `right`. To be asked again
// when something was scrolled or the window has another size (`settle`).
export function clearance(left: number, right: number, height: number, least: number): number {
  void moved;
  let up = least;
  // From below: what is lifted over one may meet the next.
  const all = [...feet, ...document.querySelectorAll('[aria-modal] :is(.buttons, .adm-buttons)')].map((e) => e.getBoundingClientRect()).filter((r) => r.width > 0 && r.left < right && r.right > left);
  for (const r of all.sort((a, b) => b.bottom - a.bottom)) {
    if (r.bottom > innerHeight - up - height - 8 && r.top < innerHeight - up) up = innerHeight - r.top + 10;
  }
  // Not out of sight, whatever there is.
  return up > innerHeight * 0.7 ? least : up;
}
export const settle = tell;
