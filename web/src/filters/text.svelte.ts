// The sentences of the filters; they come with them, in the page's language.
import { form, language } from '../i18n/i18n.svelte';
import { en } from './i18n/en';

export type FilterKey = keyof typeof en;
type Table = Record<FilterKey, string>;
const loaders: Record<string, () => Promise<{ texts: Table }>> = {
  de: () => import('./i18n/de'),
  fr: () => import('./i18n/fr'),
  es: () => import('./i18n/es'),
  ar: () => import('./i18n/ar'),
};

let table = $state.raw<Table>(en);
let plural = new Intl.PluralRules('en');

// For the language the page has at this moment.
export async function loadTexts(): Promise<void> {
  const name = language();
  const next = loaders[name] ? (await loaders[name]()).texts : en;
  plural = new Intl.PluralRules(name);
  table = next;
}

export function f(key: FilterKey, values: Record<string, string | number> = {}): string {
  const n = values['n'];
  return form(table[key], plural, typeof n === 'number' ? n : 0).replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
}
