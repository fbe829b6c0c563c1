// What a part of the settings does, one thing at a time, and what came of it.
import { t } from '../i18n/i18n.svelte';

export class Work {
  busy = $state(false);
  told = $state('');
  bad = $state(false);

  // Whether it went well. `done` is told then, `meanwhile` before.
  async run(what: () => Promise<unknown>, done = '', meanwhile = ''): Promise<boolean> {
    this.busy = true;
    this.bad = false;
    this.told = meanwhile;
    try {
      await what();
      this.told = done;
    } catch (e) {
      this.bad = true;
      this.told = t('failed', { why: e instanceof Error ? e.message : String(e) });
    }
    this.busy = false;
    return !this.bad;
  }
}
