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

// What the button says that adds one.
export const ADDS = { user: 'addPerson', shared: 'addShared', room: 'addRoom', equipment: 'addEquipment' } as const;
export interface Account {
  address: string;
  kind: 'user' | 'shared' | 'room' | 'equipment';
  name: string;
  enabled: boolean;
  messages: number;
  octets: number;
  quota: number; // 0: none
  message_quota: number;
  removed: number;
  created: string;
  role: 'none' | 'auditor' | 'helpdesk' | 'admin';
  copy_sent: boolean;
  password_changed: string; // '': not known, or kept elsewhere
  password_expires: string; // '': never
  must_change_password: boolean;
  password_never_expires: boolean;
}
export interface Group {
  address: string;
  name: string;
  members: number;
  created: string;
  rule: string; // empty: members are named one by one
}
export interface Contact {
  address: string;
  name: string;
  domain: string;
  enabled: boolean;
  created: string;
}
export interface AddressBook {
  name: string;
  viewers: string; // blanks between
  shown: string;
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
// Subjects, records and reasons are in English.
export interface DnsFinding {
  subject: string;
  name: string;
  type: string;
  state: 'good' | 'wrong' | 'missing' | 'unknown';
  weight: 'needed' | 'advised' | 'comfort';
  found: string[];
  expected: string;
  write: string; // as a zone file has it; "": nothing
  why: string;
}
export interface DomainCheck {
  domain: string;
  hostname: string;
  records: DnsFinding[];
}
export interface ConfigurationKey {
  table: string;
  name: string;
  value: string;
  default: string;
  source: string; // "default", or the file and its line
  type: string;
  meaning: string;
  restart: boolean; // a change waits for one
  waits: boolean; // the file says something else than the server works with
}
export interface Configuration {
  file: string;
  settings: ConfigurationKey[];
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
export interface HeldRight {
  right: 'full-access' | 'send-as' | 'send-on-behalf';
  who: string;
  name: string;
}
export interface Forwarding {
  enabled: boolean;
  to: string;
  keep_copy: boolean;
  set_by: '' | 'user' | 'administrator';
}
export interface Session {
  id: string;
  service: string; // "web": a browser
  since: string;
  used: string; // of browsers
  from: string;
  program: string;
}
export interface Done {
  done: string;
  name: string;
  password?: string;
}
export interface Waiting {
  id: string;
  age_s: number;
  size: number;
  attempts: number;
  next: string;
  held: boolean;
  from: string;
  to: string;
  last_reply: string;
}
export interface Explained {
  mails: { id: string; from: string; to: string[]; state: string; summary: string; reply: string; steps: { time: string; text: string }[]; why: string[] }[];
  missing: string[];
}
export interface Change {
  number: number;
  at: string;
  who: string;
  from: string;
  verb: string;
  what: string;
  detail: string;
  done: boolean;
}
export interface Ban {
  address: string;
  refused: 'connections' | 'sign-in';
  account: string;
  cause: string;
  since: string;
  until: string;
  level: number;
  firewall: boolean;
  reason: string;
}
export interface GatePort {
  service: string;
  port: number;
  tls: string;
  audience: string;
  sources: { why: string; networks: string[]; until?: string; reason?: string }[];
  per_minute: number;
  max_connections: number;
  listening: boolean;
  reason: string;
  owner: string;
}
export interface GateFinding {
  where: string;
  what: string;
  cure: string;
}
export interface GatePlan {
  changes: { port: number; service: string; gains: boolean; sources: string[] }[];
  remaining: { port: number; text: string }[];
  batch: string; // empty: the kernel has these rules
  cuts_off: boolean;
  own_connection?: string;
}
export interface GateHistory {
  revisions: { revision: number; applied: string; state: string; by: string; note: string }[];
  pending?: { revision: number; deadline: string };
}
export interface GatePolicy {
  ports: GatePort[];
  findings: { where: string; what: string; cure: string }[];
  agent: boolean; // root’s agent is there for the firewall
}
export interface GateTop {
  since: string;
  connections: number;
  opened: number;
  listeners: { name: string; port: number; connections: number }[];
  refused: { number: number; last: string; address: string; listener: string; what: string; detail: string; count: number }[];
  firewall: { fed: string; events: number; gaps: number; busiest: { source: string; denied_last_hour: number }[] } | null;
}
export interface ServedCertificate {
  names: string[];
  subject: string;
  issuer: string;
  fingerprint: string;
  stored: string;
  equals_stored: boolean;
  not_after: string;
  days_left: number;
}
export interface CertificateList {
  listeners: { name: string; at: string; port: number; tls: string; certificate?: ServedCertificate }[];
  certificates: ServedCertificate[];
  acme: { name: string; names: string[]; got: boolean; next: string | null; failures: number; cause: string; remedy: string }[];
}
export interface ServerStatus {
  version: string;
  hostname: string;
  started: string;
  up_s: number;
  config: string;
  data: string;
  engine: string;
  disk_low: boolean;
  accounts: number;
  queue: number;
  connections: number;
  bans: number;
  refused_sign_ins: number;
  bans_in_firewall: boolean;
  bans_not_in_firewall_because: string;
  reloaded: string | null;
  signed_in: Record<string, number>;
  imap_clients: Record<string, number>;
  listeners: { name: string; service: string; tls: string; audience: string; address: string; port: number; connections: number }[];
  needs_restart: string[];
  maintenance: { until: string; message: string } | null;
}
export interface TrafficHour {
  hour: string;
  covered_s: number;
  queue_peak: number;
  backup_s: number;
  services: Record<string, { sessions: number; failed: number; messages_in: number; messages_out: number; users: number; present: number }>;
}
interface Spread {
  median: number;
  low: number;
  high: number;
}
export interface QuietPlan {
  confidence: 'none' | 'little' | 'good';
  time_zone: string;
  minutes: number;
  hours_counted: number;
  best: { begin: string; local: string; people: Spread; messages: Spread }[];
  now: { begin: string; local: string; people: Spread; messages: Spread } | null;
}
export interface Token {
  id: string;
  name: string;
  role: string;
  by: string;
  created: string;
  expires: string;
  expired: boolean;
  used: string; // or "never"
}
