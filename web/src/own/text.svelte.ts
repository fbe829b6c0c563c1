// The sentences of what people do for themselves.
import { Texts } from '../i18n/texts.svelte';
import { en } from './i18n/en';

export type OwnKey = keyof typeof en;
const texts = new Texts<OwnKey>(en, {
  de: () => import('./i18n/de'),
  fr: () => import('./i18n/fr'),
  es: () => import('./i18n/es'),
  ar: () => import('./i18n/ar'),
});

export const loadTexts = (): Promise<void> => texts.load();
export const o = (key: OwnKey, values: Record<string, string | number> = {}): string => texts.say(key, values);
