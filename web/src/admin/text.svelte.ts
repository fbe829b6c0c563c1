// The administration's sentences; they come with it, in the page's language.
import { form, language } from '../i18n/i18n.svelte';
import { en } from './i18n/en';

export type AdminKey = keyof typeof en;
type Table = Record<AdminKey, string>;
const loaders: Record<string, () => Promise<{ texts: Table }>> = {
  de: () => import('./i18n/de'),
  fr: () => import('./i18n/fr'),
  es: () => import('./i18n/es'),
  ar: () => import('./i18n/ar'),
};

let table = $state.raw<Table>(en);
let of = 'en';
let plural = new Intl.PluralRules('en');

// For the language the page has at this moment.
export async function loadTexts(): Promise<void> {
  const name = language();
  const next = loaders[name] ? (await loaders[name]()).texts : en;
  of = name;
  plural = new Intl.PluralRules(name);
  table = next;
}

export function a(key: AdminKey, values: Record<string, string | number> = {}): string {
  const n = values['n'];
  return form(table[key], plural, typeof n === 'number' ? n : 0).replace(/\{(\w+)\}/g, (all, name: string) => {
    const value = values[name];
    return value === undefined ? all : typeof value === 'number' ? value.toLocaleString(of) : value;
  });
}
