// A list of the server's: loaded when its page opens, again after changes, and searched here.
import { Failure, call, type Options } from './api';
import { SignedOut } from '../session';
import { t } from '../i18n/i18n.svelte';
import { a } from './text.svelte';

export class List<Row> {
  rows = $state.raw<Row[]>([]);
  search = $state('');
  busy = $state(false);
  loaded = $state(false);
  wrong = $state('');
  private asked = 0;

  constructor(
    private readonly verb: string,
    private readonly words: (row: Row) => string,
    private readonly options: Options = {},
    private readonly keep: (row: Row) => boolean = () => true,
  ) {}

  readonly found = $derived.by(() => {
    const wanted = this.search.toLowerCase().split(/\s+/).filter(Boolean);
    if (wanted.length === 0) return this.rows;
    return this.rows.filter((row) => {
      const text = this.words(row).toLowerCase();
      return wanted.every((word) => text.includes(word));
    });
  });

  // Of several questions the last one counts.
  load = async (): Promise<void> => {
    const mine = ++this.asked;
    this.busy = true;
    try {
      const rows = await call<Row[] | null>(this.verb, this.options);
      if (mine !== this.asked) return;
      this.rows = (rows ?? []).filter(this.keep);
      this.loaded = true;
      this.wrong = '';
    } catch (e) {
      if (mine !== this.asked || e instanceof SignedOut) return;
      this.wrong = whatIsWrong(e);
    }
    this.busy = false;
  };
}

export function whatIsWrong(e: unknown): string {
  if (e instanceof Failure) return e.status === 403 ? a('notAllowed') : e.message;
  return e instanceof TypeError ? t('noNetwork') : String(e);
}
