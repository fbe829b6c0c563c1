// An action for what opens above the page: closes by Escape and by a press elsewhere, gives the focus back, and lets arrows move in it.
export function popup(node: HTMLElement, close: () => void): { destroy: () => void } {
  const before = document.activeElement as HTMLElement | null;
  const inside = (): HTMLElement[] => Array.from(node.querySelectorAll<HTMLElement>('button:not(:disabled), input, [href]'));
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      close();
      return;
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const all = inside();
    if (all.length === 0) return;
    const at = all.indexOf(document.activeElement as HTMLElement);
    event.preventDefault();
    all[(at + (event.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length]?.focus();
  };
  const press = (event: Event): void => {
    const target = event.target as Node;
    if (!node.contains(target) && !before?.contains(target)) close();
  };
  node.addEventListener('keydown', key);
  document.addEventListener('pointerdown', press, true);
  queueMicrotask(() => inside()[0]?.focus());
  return {
    destroy() {
      node.removeEventListener('keydown', key);
      document.removeEventListener('pointerdown', press, true);
      if (node.contains(document.activeElement) || document.activeElement === document.body) before?.focus();
    },
  };
}

// A dialog: the focus stays within.
export function modal(node: HTMLElement, close: () => void): { destroy: () => void } {
  const before = document.activeElement as HTMLElement | null;
  const inside = (): HTMLElement[] =>
    Array.from(node.querySelectorAll<HTMLElement>('button:not(:disabled), input, select, textarea, [href], [tabindex="0"]')).filter((e) => e.offsetParent !== null);
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === 'Tab') {
      const all = inside();
      const first = all[0];
      const last = all.at(-1);
      if (event.shiftKey && document.activeElement === first) {
        event.preventDefault();
        last?.focus();
      } else if (!event.shiftKey && document.activeElement === last) {
        event.preventDefault();
        first?.focus();
      }
    }
  };
  node.addEventListener('keydown', key);
  // A focus that was lost, because what had it is gone, is still in here.
  const lost = (event: KeyboardEvent): void => {
    if (event.target === document.body) key(event);
  };
  document.addEventListener('keydown', lost);
  queueMicrotask(() => {
    if (!node.contains(document.activeElement)) (node.querySelector<HTMLElement>('[data-autofocus]') ?? inside()[0])?.focus();
  });
  return {
    destroy() {
      node.removeEventListener('keydown', key);
      document.removeEventListener('keydown', lost);
      before?.focus();
    },
  };
}
