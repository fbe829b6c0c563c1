// Who is signed in, and how requests say so. Everything else asks `request`.

export class SignedOut extends Error {
  constructor() {
    super('signed out');
  }
}
export class Refused extends Error {
  constructor(readonly status: number) {
    super(`refused with ${status}`);
  }
}

// By a cookie that scripts cannot read (docs/api.md). Requests that change something show this token with it.
let csrf = '';
// A server without sessions takes the password with every request; it stays in this page's memory, and goes when the page does.
let authorization = '';
// What the server lets them do besides their own mail; null: nothing.
export type Role = 'auditor' | 'helpdesk' | 'admin';
let ofServer: Role | null = null;
let onEnd: (() => void) | undefined;

function basic(user: string, password: string): string {
  // RFC 7617 2.1: UTF-8.
  const octets = new TextEncoder().encode(`${user}:${password}`);
  return 'Basic ' + btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(''));
}

async function take(answer: Response): Promise<string> {
  const session = (await answer.json()) as { user: string; csrf: string; role?: Role | null };
  csrf = session.csrf;
  ofServer = session.role ?? null;
  return session.user;
}

// Who is signed in still, after the page was loaded again; null: nobody. TypeError when there is no network.
export async function resume(): Promise<string | null> {
  const answer = await fetch('/api/session', { cache: 'no-store' });
  return answer.ok ? take(answer) : null;
}

// Who that is. Throws Refused: 401 the password, 429 too many tries; TypeError when there is no network.
export async function signIn(user: string, password: string): Promise<string> {
  const answer = await fetch('/api/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, password, lasting: true }),
  });
  if (answer.ok) return take(answer);
  if (answer.status !== 404 && answer.status !== 405) throw new Refused(answer.status);
  const wish = basic(user, password);
  const entered = await fetch('/jmap/session', { headers: { authorization: wish }, credentials: 'omit', cache: 'no-store' });
  if (!entered.ok) throw new Refused(entered.status);
  authorization = wish;
  return user;
}

export function role(): Role | null {
  return ofServer;
}

export async function signOut(): Promise<void> {
  const token = csrf;
  authorization = csrf = '';
  ofServer = null;
  if (token) await fetch('/api/session', { method: 'DELETE', headers: { 'x-csrf-token': token } }).catch(() => undefined);
}

// Called once when the server no longer knows us.
export function whenEnded(run: () => void): void {
  onEnd = run;
}

// What a request by other means than fetch has to carry.
export function requestHeaders(): Record<string, string> {
  return authorization ? { authorization } : { 'x-csrf-token': csrf };
}

export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string> | undefined), ...requestHeaders() };
  // A password goes without the cookie, so that the browser asks for none of its own accord.
  const answer = await fetch(path, { ...init, headers, credentials: authorization ? 'omit' : 'same-origin' });
  if (answer.status === 401) {
    authorization = csrf = '';
    onEnd?.();
    throw new SignedOut();
  }
  return answer;
}
