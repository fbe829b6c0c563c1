// Calls of JMAP's methods: several in one request, which may refer to each other's answers (RFC 8620 3.7).
import { request, requestHeaders, Refused } from '../session';
import type { Id, JmapSession, Method, Methods } from './types';

const USING = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail', 'urn:ietf:params:jmap:submission', 'urn:ietf:params:jmap:quota', 'urn:ietf:params:jmap:vacationresponse', 'urn:ietf:params:jmap:principals', 'urn:gatepost:params:jmap:snooze', 'urn:gatepost:params:jmap:removed', 'urn:gatepost:params:jmap:forwarding', 'urn:ietf:params:jmap:sieve', 'urn:ietf:params:jmap:mdn'];

export class MethodError extends Error {
  constructor(
    readonly type: string,
    readonly method: string,
    description?: string,
  ) {
    super(`${method}: ${type}${description ? ` (${description})` : ''}`);
  }
}

export interface Reference {
  resultOf: string;
  name: string;
  path: string;
}

export interface Uploaded {
  blobId: Id;
  type: string;
  size: number;
}

// A call that was put into a batch. `value` is there once the batch was sent; it throws what the server refused.
export class Call<M extends Method> {
  answers: { name: string; value: unknown }[] = [];
  constructor(
    readonly method: M,
    readonly args: Record<string, unknown>,
    readonly id: string,
  ) {}

  ref(path: string): Reference {
    return { resultOf: this.id, name: this.method, path };
  }
  get error(): MethodError | undefined {
    const first = this.answers[0];
    if (!first) return new MethodError('serverFail', this.method, 'no answer');
    if (first.name !== 'error') return undefined;
    const { type, description } = first.value as { type: string; description?: string };
    return new MethodError(type, this.method, description);
  }
  get value(): Methods[M] {
    const error = this.error;
    if (error) throw error;
    return this.answers[0]!.value as Methods[M];
  }
}

export class Batch {
  readonly calls: Call<Method>[] = [];
  constructor(private readonly client: Client) {}

  call<M extends Method>(method: M, args: Record<string, unknown>): Call<M> {
    const call = new Call(method, { accountId: this.client.account, ...args }, String(this.calls.length));
    this.calls.push(call as unknown as Call<Method>);
    return call;
  }
  async send(): Promise<void> {
    await this.client.send(this.calls);
  }
}

export class Client {
  constructor(
    public session: JmapSession,
    public account: Id,
  ) {}

  static async sessionObject(): Promise<JmapSession> {
    const answer = await request('/jmap/session', { cache: 'no-store' });
    if (!answer.ok) throw new Refused(answer.status);
    return (await answer.json()) as JmapSession;
  }

  batch(): Batch {
    return new Batch(this);
  }
  async one<M extends Method>(method: M, args: Record<string, unknown>): Promise<Methods[M]> {
    const batch = this.batch();
    const call = batch.call(method, args);
    await batch.send();
    return call.value;
  }

  // Set when an answer's sessionState is another than the session's (RFC 8620 2): what is offered has changed.
  sessionIsOld = false;

  async send(calls: readonly Call<Method>[]): Promise<void> {
    const body = JSON.stringify({ using: USING.filter((name) => name in this.session.capabilities), methodCalls: calls.map((c) => [c.method, c.args, c.id]) });
    const init: RequestInit = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    let answer = await request('/jmap/api', init);
    // RFC 8620 3.6.1: too many requests at once pass; the server's restarts, too.
    for (let wait = 250; (answer.status === 503 || answer.status === 429 || (answer.status === 400 && (await limited(answer)))) && wait < 5000; wait *= 2) {
      await new Promise((done) => setTimeout(done, wait));
      answer = await request('/jmap/api', init);
    }
    if (!answer.ok) throw new Refused(answer.status);
    const got = (await answer.json()) as { methodResponses: [string, unknown, string][]; sessionState: string };
    if (got.sessionState !== this.session.state) this.sessionIsOld = true;
    for (const [name, value, id] of got.methodResponses) {
      calls[Number(id)]?.answers.push({ name, value });
    }
  }

  private path(template: string, values: Record<string, string>): string {
    const filled = template.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(values[key] ?? ''));
    // Same origin, whatever name the server was reached by.
    const url = new URL(filled, location.origin);
    return url.pathname + url.search;
  }
  downloadPath(blobId: Id, name: string, type: string): string {
    return this.path(this.session.downloadUrl, { accountId: this.account, blobId, name: name || 'file', type });
  }
  // Of what the page looks at again. The directory changes with everybody's doings, and is asked when it is needed.
  eventsPath(): string {
    return this.path(this.session.eventSourceUrl, { types: 'Email,Mailbox,Thread,EmailSubmission,ShareNotification', closeafter: 'no', ping: '60' });
  }
  async download(blobId: Id, name: string, type: string): Promise<Blob> {
    const answer = await request(this.downloadPath(blobId, name, type));
    if (!answer.ok) throw new Refused(answer.status);
    return new Blob([await answer.arrayBuffer()], { type });
  }

  // RFC 8620 2, maxConcurrentUpload: half of them for each page that is open; the others wait for their turn.
  private uploads = 0;
  private readonly turns: (() => void)[] = [];
  async upload(file: Blob, progress: (part: number) => void, signal?: AbortSignal): Promise<Uploaded> {
    const core = this.session.capabilities['urn:ietf:params:jmap:core'] as { maxConcurrentUpload?: number } | undefined;
    const most = Math.max(1, (core?.maxConcurrentUpload ?? 4) >> 1);
    if (this.uploads >= most) await new Promise<void>((turn) => this.turns.push(turn));
    else this.uploads++;
    try {
      for (let wait = 1000; ; wait *= 2) {
        if (signal?.aborted) throw new DOMException('aborted', 'AbortError');
        try {
          return await this.post(file, progress, signal);
        } catch (e) {
          if (!(e instanceof Refused) || e.detail !== 'maxConcurrentUpload' || wait > 30_000) throw e;
        }
        await new Promise((done) => setTimeout(done, wait));
      }
    } finally {
      // Whoever waits has this one's place.
      const next = this.turns.shift();
      if (next) next();
      else this.uploads--;
    }
  }

  // fetch tells nothing of an upload's progress, so it is an XMLHttpRequest.
  private post(file: Blob, progress: (part: number) => void, signal?: AbortSignal): Promise<Uploaded> {
    return new Promise((done, fail) => {
      const xhr = new XMLHttpRequest();
      xhr.open('POST', this.path(this.session.uploadUrl, { accountId: this.account }));
      for (const [name, value] of Object.entries(requestHeaders())) xhr.setRequestHeader(name, value);
      xhr.setRequestHeader('content-type', file.type || 'application/octet-stream');
      xhr.responseType = 'json';
      xhr.upload.onprogress = (e) => progress(e.lengthComputable && e.total > 0 ? e.loaded / e.total : 0);
      xhr.onload = () => {
        if (xhr.status === 201 || xhr.status === 200) done(xhr.response as Uploaded);
        else fail(new Refused(xhr.status, null, (xhr.response as { limit?: string } | null)?.limit));
      };
      xhr.onerror = () => fail(new TypeError('network'));
      xhr.onabort = () => fail(new DOMException('aborted', 'AbortError'));
      signal?.addEventListener('abort', () => xhr.abort());
      xhr.send(file);
    });
  }
}

async function limited(answer: Response): Promise<boolean> {
  const problem = (await answer.clone().json().catch(() => ({}))) as { limit?: string };
  return problem.limit === 'maxConcurrentRequests';
}
