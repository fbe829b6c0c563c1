// What the reader chose for this browser.
import { setLanguage } from './i18n/i18n.svelte';

export interface Choices {
  language: string; // "" is the browser's
  theme: 'auto' | 'light' | 'dark';
  density: 'cosy' | 'compact';
  conversations: boolean;
  markRead: boolean;
  alwaysImages: boolean;
  rich: boolean;
  undoDelay: number; // seconds
  notify: boolean;
}

const STANDARD: Choices = {
  language: '',
  theme: 'auto',
  density: 'cosy',
  conversations: true,
  markRead: true,
  alwaysImages: false,
  rich: true,
  undoDelay: 5,
  notify: false,
};
const KEY = 'gatepost:settings';

function read(): Choices {
  try {
    return { ...STANDARD, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Choices>) };
  } catch {
    return { ...STANDARD };
  }
}

export const settings = $state<Choices>(read());
const system = matchMedia('(prefers-color-scheme: dark)');
let systemDark = $state(system.matches);
system.addEventListener('change', () => {
  systemDark = system.matches;
  apply();
});

export function isDark(): boolean {
  return settings.theme === 'dark' || (settings.theme === 'auto' && systemDark);
}

export function apply(): void {
  const root = document.documentElement;
  root.dataset['theme'] = isDark() ? 'dark' : 'light';
  root.dataset['density'] = settings.density;
}

export function save(): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing: the choice holds until the page is closed.
  }
  apply();
  void setLanguage(settings.language);
}
