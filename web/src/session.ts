// Who is signed in, and how requests say so. Everything else asks `request`.

export class SignedOut extends Error {
  constructor() {
    super('signed out');
  }
}
export class Refused extends Error {
  constructor(
    readonly status: number,
    // What is missing of the second factor.
    readonly code: 'wanted' | 'wrong' | null = null,
    // What the server says about it.
    readonly detail = '',
    // The password is right, and has to be replaced first: it has expired, or somebody else has set it.
    readonly replace: 'expired' | 'initial' | null = null,
  ) {
    super(detail || `refused with ${status}`);
  }
}

// A second factor, as docs/api.md has it.
export interface Factor {
  active: boolean;
  required: boolean;
  since: string | null;
  recovery_codes: number;
}
// How the password stands, as docs/api.md has it.
export interface PasswordState {
  changed: string | null;
  expires: string | null;
  ends_soon: boolean;
  expired: boolean;
}
export interface Entered {
  user: string;
  // null: it is kept elsewhere, or not known.
  password: PasswordState | null;
  // Nothing is let in before a second factor is set up.
  mustSetUp: boolean;
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

async function take(answer: Response): Promise<Entered> {
  const session = (await answer.json()) as { user: string; csrf: string; role?: Role | null; totp?: Factor; password?: PasswordState | null };
  csrf = session.csrf;
  ofServer = session.role ?? null;
  return { user: session.user, password: session.password ?? null, mustSetUp: session.totp !== undefined && session.totp.required && !session.totp.active };
}

async function refused(answer: Response): Promise<Refused> {
  const said = (await answer.json().catch(() => ({}))) as { second_factor?: 'wanted' | 'wrong'; detail?: string; password?: 'expired' | 'initial' };
  return new Refused(answer.status, said.second_factor ?? null, said.detail ?? '', said.password ?? null);
}

// Whether the machine's own sign-in can stand for the password, as the server said last.
let tickets = false;
export const takesTickets = (): boolean => tickets;

// Who is signed in still, after the page was loaded again; null: nobody. TypeError when there is no network.
export async function resume(): Promise<Entered | null> {
  const answer = await fetch('/api/session', { cache: 'no-store' });
  if (answer.ok) return take(answer);
  tickets = ((await answer.json().catch(() => ({}))) as { ticket?: boolean }).ticket ?? false;
  return null;
}

// By a Kerberos ticket, which the browser shows where its settings say that this server may have one. Throws Refused: 401 there is none.
export async function signInByTicket(): Promise<Entered> {
  const answer = await fetch('/api/session/ticket', { method: 'POST', cache: 'no-store' });
  if (!answer.ok) throw await refused(answer);
  return take(answer);
}

// Who that is. Throws Refused: 401 the password or the code, 429 too many tries; TypeError when there is no network.
// `fresh`: the password from now on, where the present one has to be replaced; 400: it is not taken.
export async function signIn(user: string, password: string, code: string, fresh = ''): Promise<Entered> {
  const answer = await fetch('/api/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, password, lasting: true, ...(code ? { code } : {}), ...(fresh ? { new_password: fresh } : {}) }),
  });
  if (answer.ok) return take(answer);
  if (answer.status !== 404 && answer.status !== 405) throw await refused(answer);
  const wish = basic(user, password);
  const entered = await fetch('/jmap/session', { headers: { authorization: wish }, credentials: 'omit', cache: 'no-store' });
  if (!entered.ok) throw new Refused(entered.status);
  authorization = wish;
  return { user, password: null, mustSetUp: false };
}

// Everybody else who is signed in as this person is signed out. Throws Refused: 401 the present one is wrong, 400 the
// new one is not taken.
export async function changePassword(current: string, fresh: string): Promise<Entered> {
  const answer = await fetch('/api/password', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf-token': csrf },
    body: JSON.stringify({ current, new: fresh }),
  });
  if (!answer.ok) throw await refused(answer);
  return take(answer);
}

// Whether the server knows this browser by a session, so that it has settings of the account for it.
export function hasSession(): boolean {
  return csrf !== '';
}

// One of the account's own resources. Throws Refused: there a 401 is about the password that is asked for once more, and
// ends nothing.
export async function own<T>(method: string, path: string, value?: unknown): Promise<T> {
  const answer = await fetch(path, {
    method,
    headers: { 'x-csrf-token': csrf, ...(value === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(value === undefined ? {} : { body: JSON.stringify(value) }),
    cache: 'no-store',
  });
  if (!answer.ok) throw await refused(answer);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
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
