// Sentences of a part of the page that come with it, in the page's language.
import { form, language } from './i18n.svelte';

export class Texts<Key extends string> {
  private table = $state.raw() as Record<Key, string>;
  private of = 'en';
  private plural = new Intl.PluralRules('en');

  constructor(
    private readonly en: Record<Key, string>,
    private readonly loaders: Record<string, () => Promise<{ texts: Record<Key, string> }>>,
  ) {
    this.table = en;
  }
  // For the language the page has at this moment.
  async load(): Promise<void> {
    const name = language();
    const next = this.loaders[name] ? (await this.loaders[name]()).texts : this.en;
    this.of = name;
    this.plural = new Intl.PluralRules(name);
    this.table = next;
  }
  say(key: Key, values: Record<string, string | number> = {}): string {
    const n = values['n'];
    return form(this.table[key], this.plural, typeof n === 'number' ? n : 0).replace(/\{(\w+)\}/g, (all, name: string) => {
      const value = values[name];
      return value === undefined ? all : typeof value === 'number' ? value.toLocaleString(this.of) : value;
    });
  }
}
