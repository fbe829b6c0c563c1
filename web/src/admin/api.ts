// The administrators' verbs (docs/api.md): one request each, and what the server says when it refuses.
import { request } from '../session';

export class Failure extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

export type Options = Record<string, string | number | boolean | string[] | undefined>;

export async function call<T = unknown>(verb: string, options: Options = {}): Promise<T> {
  const answer = await request(`/api/admin/${verb.replaceAll(' ', '/')}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(options),
  });
  if (answer.ok) return (await answer.json()) as T;
  let detail = '';
  try {
    detail = ((await answer.json()) as { detail?: string }).detail ?? '';
  } catch {
    // Its number has to do.
  }
  throw new Failure(answer.status, detail || String(answer.status));
}

export interface Account {
  address: string;
  kind: 'user' | 'shared' | 'room';
  name: string;
  enabled: boolean;
  messages: number;
  octets: number;
  quota: number; // 0: none
  message_quota: number;
  removed: number;
  created: string;
  role: 'none' | 'auditor' | 'helpdesk' | 'admin';
}
export interface Group {
  address: string;
  name: string;
  members: number;
  created: string;
}
export interface Alias {
  address: string;
  targets: string; // blanks between
}
export interface Domain {
  domain: string;
  catch_all: string;
  created: string;
}
export interface AppPassword {
  id: number;
  name: string;
  state: 'good' | 'blocked' | 'expired';
  services: string;
  from: string;
  expires: string;
  created: string;
  last_used: string; // or "never"
  last_service: string;
  last_address: string;
}
export interface Right {
  folder: string;
  identifier: string;
  rights: string;
}
export interface Done {
  done: string;
  name: string;
  password?: string;
}
