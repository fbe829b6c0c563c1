// The server's event stream (RFC 8620 7.3), read by fetch: an EventSource could not say who we are by a header.
import { request, SignedOut } from '../session';

export interface Event {
  name: string;
  data: string;
}

// Cuts a stream of server-sent events (HTML, 9.2.6) into events, however it arrives.
export class EventParser {
  private rest = '';
  private name = '';
  private data: string[] = [];

  *feed(text: string): Generator<Event> {
    this.rest += text;
    for (;;) {
      const end = this.rest.search(/\r\n|\n|\r(?!$)/);
      if (end < 0) return;
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + (this.rest.startsWith('\r\n', end) ? 2 : 1));
      if (line === '') {
        if (this.data.length > 0) yield { name: this.name || 'message', data: this.data.join('\n') };
        this.name = '';
        this.data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'event') this.name = value;
      else if (field === 'data') this.data.push(value);
    }
  }
}

// RFC 8620 7.1: a StateChange has the changed accounts by id, and in each the states of its types.
export type Changed = ReadonlyMap<string, Record<string, string>>;
function changedAccounts(data: string): Changed | null {
  try {
    const { changed } = JSON.parse(data) as { changed?: Record<string, Record<string, string>> };
    return changed ? new Map(Object.entries(changed)) : null;
  } catch {
    return null;
  }
}

// Longer than the server is ever silent.
const SILENCE = 100_000;

// Calls `changed` when something is new, and after every connection, because events may have been missed before it.
export class Push {
  private stopped = false;
  private abort = new AbortController();
  private wait = 1000;
  private wake: (() => void) | undefined;

  constructor(
    private readonly path: () => string,
    // In which accounts; null: there may be something in any.
    private readonly changed: (accounts: Changed | null) => void,
    private readonly online: (is: boolean) => void,
  ) {
    addEventListener('online', this.retry);
    addEventListener('offline', this.cut);
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    removeEventListener('online', this.retry);
    removeEventListener('offline', this.cut);
    this.abort.abort();
    this.wake?.();
  }

  private retry = (): void => this.wake?.();
  // A connection that the browser knows to be dead is not waited for.
  private cut = (): void => {
    this.online(false);
    this.abort.abort();
  };

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.listen();
        this.wait = 1000;
      } catch (e) {
        if (e instanceof SignedOut || this.stopped) return;
        this.online(false);
      }
      if (this.stopped) return;
      await new Promise<void>((done) => {
        this.wake = done;
        setTimeout(done, this.wait * (0.75 + Math.random() / 2));
      });
      this.wait = Math.min(this.wait * 2, 60_000);
    }
  }

  private async listen(): Promise<void> {
    this.abort = new AbortController();
    const answer = await request(this.path(), { signal: this.abort.signal, headers: { accept: 'text/event-stream' }, cache: 'no-store' });
    if (!answer.ok || !answer.body) throw new Error(`events: ${answer.status}`);
    this.online(true);
    this.wait = 1000;
    this.changed(null);
    const parser = new EventParser();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let silence = setTimeout(() => this.abort.abort(), SILENCE);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(() => this.abort.abort(), SILENCE);
        for (const event of parser.feed(value)) if (event.name === 'state') this.changed(changedAccounts(event.data));
      }
    } finally {
      clearTimeout(silence);
    }
  }
}
