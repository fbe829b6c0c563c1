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

// The password stays in this page's memory, and goes when the page does.
let authorization = '';
let onEnd: (() => void) | undefined;

function basic(user: string, password: string): string {
  // RFC 7617 2.1: UTF-8.
  const octets = new TextEncoder().encode(`${user}:${password}`);
  return 'Basic ' + btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(''));
}

// Whether a page that was loaded again is signed in still.
export async function resume(): Promise<boolean> {
  return authorization !== '';
}

// Throws Refused: 401 the password, 429 too many tries; TypeError when there is no network.
export async function signIn(user: string, password: string): Promise<void> {
  const wish = basic(user, password);
  const answer = await fetch('/jmap/session', { headers: { authorization: wish }, credentials: 'omit', cache: 'no-store' });
  if (!answer.ok) throw new Refused(answer.status);
  authorization = wish;
}

export async function signOut(): Promise<void> {
  authorization = '';
}

// Called once when the server no longer knows us.
export function whenEnded(run: () => void): void {
  onEnd = run;
}

// What a request by other means than fetch has to carry.
export function requestHeaders(): Record<string, string> {
  return authorization ? { authorization } : {};
}

export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string> | undefined), ...requestHeaders() };
  // With "omit" the browser asks for no password of its own accord.
  const answer = await fetch(path, { ...init, headers, credentials: 'omit' });
  if (answer.status === 401) {
    authorization = '';
    onEnd?.();
    throw new SignedOut();
  }
  return answer;
}
