// The page's language: English is in the bundle, others come when they are asked for.
import { en, type Key } from './en';

export const LANGUAGES: Record<string, string> = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', ar: 'العربية' };
const RIGHT_TO_LEFT = new Set(['ar', 'he', 'fa', 'ur']);

type Table = Record<Key, string>;
const loaders: Record<string, () => Promise<Table>> = {
  de: async () => (await import('./de')).de,
  fr: async () => (await import('./fr')).fr,
  es: async () => (await import('./es')).es,
  ar: async () => (await import('./ar')).ar,
};

let table = $state.raw<Table>(en);
let current = $state('en');
let plural = new Intl.PluralRules('en');
const ORDER = ['zero', 'one', 'two', 'few', 'many', 'other'];

export function language(): string {
  return current;
}

// What the browser asks for, of what there is.
export function preferred(): string {
  for (const wish of navigator.languages ?? ['en']) {
    const base = wish.toLowerCase().split('-')[0]!;
    if (base in LANGUAGES) return base;
  }
  return 'en';
}

export async function setLanguage(wish: string): Promise<void> {
  const name = wish in LANGUAGES ? wish : preferred();
  const next = name === 'en' ? en : await loaders[name]!();
  plural = new Intl.PluralRules(name);
  table = next;
  current = name;
  document.documentElement.lang = name;
  document.documentElement.dir = RIGHT_TO_LEFT.has(name) ? 'rtl' : 'ltr';
}

// The forms of a language with two are "one|other"; those with more name them all, in the order zero to other.
export function form(text: string, rules: Intl.PluralRules, n: number): string {
  const forms = text.split('|');
  if (forms.length === 1) return text;
  const category = rules.select(n);
  const index = forms.length === 2 ? (category === 'one' ? 0 : 1) : ORDER.indexOf(category);
  return forms[index] ?? forms.at(-1)!;
}

export function t(key: Key, values: Record<string, string | number> = {}): string {
  const n = values['n'];
  const text = form(table[key], plural, typeof n === 'number' ? n : 0);
  return text.replace(/\{(\w+)\}/g, (all, name: string) => {
    const value = values[name];
    return value === undefined ? all : typeof value === 'number' ? value.toLocaleString(current) : value;
  });
}
