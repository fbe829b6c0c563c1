// What JMAP's objects look like (RFC 8620, RFC 8621), as far as the webmail asks for them.
export type Id = string;

export interface JmapSession {
  username: string;
  apiUrl: string;
  downloadUrl: string;
  uploadUrl: string;
  eventSourceUrl: string;
  state: string;
  capabilities: Record<string, unknown>;
  accounts: Record<Id, { name: string; isPersonal: boolean; isReadOnly: boolean; accountCapabilities: Record<string, unknown> }>;
  primaryAccounts: Record<string, Id>;
}

export type Role = 'inbox' | 'archive' | 'drafts' | 'flagged' | 'important' | 'junk' | 'sent' | 'trash';

export interface Rights {
  mayReadItems: boolean;
  mayAddItems: boolean;
  mayRemoveItems: boolean;
  maySetSeen: boolean;
  maySetKeywords: boolean;
  mayCreateChild: boolean;
  mayRename: boolean;
  mayDelete: boolean;
  maySubmit: boolean;
  mayShare?: boolean;
}

export interface Mailbox {
  id: Id;
  name: string;
  parentId: Id | null;
  role: Role | null;
  sortOrder: number;
  totalEmails: number;
  unreadEmails: number;
  totalThreads: number;
  unreadThreads: number;
  myRights: Rights;
  isSubscribed: boolean;
  // By principal; null: with nobody, or it is not for the reader to know.
  shareWith?: Record<Id, Rights> | null;
}

export interface Principal {
  id: Id;
  type: 'individual' | 'group' | 'resource' | 'location' | 'other';
  name: string;
  description: string | null;
  email: string | null;
}

export interface Address {
  name: string | null;
  email: string;
}

export interface BodyPart {
  partId: string | null;
  blobId: Id | null;
  size: number;
  name: string | null;
  type: string;
  charset: string | null;
  disposition: string | null;
  cid: string | null;
}

// The properties a list shows, and a conversation's closed messages.
export interface Email {
  id: Id;
  blobId: Id;
  threadId: Id;
  mailboxIds: Record<Id, boolean>;
  keywords: Record<string, boolean>;
  size: number;
  receivedAt: string;
  from: Address[] | null;
  to: Address[] | null;
  subject: string | null;
  hasAttachment: boolean;
  preview: string;
  // When it comes back, of one that is put off (docs/jmap.md).
  snoozed?: { until: string; moveToMailboxId: Id | null } | null;
}

// What never changes once it is written (RFC 8621 4): kept for as long as there is room.
export interface EmailBody {
  id: Id;
  sender?: Address[] | null;
  cc: Address[] | null;
  bcc: Address[] | null;
  replyTo: Address[] | null;
  sentAt: string | null;
  messageId: string[] | null;
  inReplyTo: string[] | null;
  references: string[] | null;
  textBody: BodyPart[];
  htmlBody: BodyPart[];
  attachments: BodyPart[];
  bodyValues: Record<string, { value: string; isTruncated: boolean }>;
  // Who wants to be told that it was read; not there in what older versions kept.
  'header:Disposition-Notification-To:asAddresses'?: Address[] | null;
}

export interface Thread {
  id: Id;
  emailIds: Id[];
}

export interface Identity {
  id: Id;
  name: string;
  email: string;
  replyTo: Address[] | null;
  bcc: Address[] | null;
  textSignature: string;
  htmlSignature: string;
  mayDelete: boolean;
  // Whose address it is; of others, who granted a right to send, by which one.
  sendRight?: 'own' | 'send-as' | 'send-on-behalf';
}

export interface EmailSubmission {
  id: Id;
  identityId: Id;
  emailId: Id;
  sendAt: string;
  envelope: { mailFrom: { email: string; parameters: Record<string, string | null> | null }; rcptTo: { email: string; parameters: null }[] };
}

export interface Quota {
  id: Id;
  resourceType: 'octets' | 'count';
  used: number;
  hardLimit: number;
}

export interface VacationResponse {
  id: Id;
  isEnabled: boolean;
  fromDate: string | null;
  toDate: string | null;
  subject: string | null;
  textBody: string | null;
  htmlBody: string | null;
}

// RFC 9661 2.
export interface SieveScript {
  id: Id;
  name: string;
  blobId: Id;
  isActive: boolean;
}

// RFC 9670 3.
export interface ShareNotification {
  id: Id;
  created: string;
  changedBy: { name: string; email: string | null; principalId: Id | null };
  objectType: string;
  objectAccountId: Id;
  objectId: Id;
  oldRights: Record<string, boolean> | null;
  newRights: Record<string, boolean> | null;
  name: string;
}

// docs/jmap.md, "Removed messages".
export interface RemovedEmail {
  id: Id;
  mailboxId: Id | null;
  mailboxName: string;
  removedAt: string;
  receivedAt: string;
  size: number;
  keywords: Record<string, boolean>;
  from: Address[] | null;
  to: Address[] | null;
  subject: string | null;
  preview: string;
  hasAttachment: boolean;
}

// docs/jmap.md, "Forwarding".
export interface Forwarding {
  id: Id;
  isEnabled: boolean;
  address: string | null;
  keepCopy: boolean;
  setBy: 'user' | 'administrator' | null;
}

export interface SetError {
  type: string;
  description?: string;
  properties?: string[];
}

export interface SetResponse {
  oldState: string;
  newState: string;
  created: Record<string, { id: Id; [property: string]: unknown }> | null;
  updated: Record<Id, unknown> | null;
  destroyed: Id[] | null;
  notCreated?: Record<string, SetError> | null;
  notUpdated?: Record<Id, SetError> | null;
  notDestroyed?: Record<Id, SetError> | null;
}

export interface GetResponse<T> {
  state: string;
  list: T[];
  notFound: Id[];
}

export interface ChangesResponse {
  oldState: string;
  newState: string;
  hasMoreChanges: boolean;
  created: Id[];
  updated: Id[];
  destroyed: Id[];
}

export interface QueryResponse {
  queryState: string;
  canCalculateChanges: boolean;
  position: number;
  ids: Id[];
  total?: number;
}

export interface QueryChangesResponse {
  oldQueryState: string;
  newQueryState: string;
  removed: Id[];
  added: { id: Id; index: number }[];
  total?: number;
}

// The answer of each method that is called.
export interface Methods {
  'Mailbox/get': GetResponse<Mailbox>;
  'Mailbox/changes': ChangesResponse & { updatedProperties: string[] | null };
  'Mailbox/query': QueryResponse;
  'Mailbox/set': SetResponse;
  'Thread/get': GetResponse<Thread>;
  'Email/get': GetResponse<Email & EmailBody>;
  'Email/changes': ChangesResponse;
  'Email/query': QueryResponse;
  'Email/queryChanges': QueryChangesResponse;
  'Email/set': SetResponse;
  'Email/copy': { created: Record<string, { id: Id }> | null; notCreated: Record<string, SetError> | null };
  'Blob/copy': { copied: Record<Id, Id> | null; notCopied: Record<Id, SetError> | null };
  'Identity/get': GetResponse<Identity>;
  'Identity/set': SetResponse;
  'EmailSubmission/get': GetResponse<EmailSubmission>;
  'EmailSubmission/query': QueryResponse;
  'EmailSubmission/set': SetResponse;
  'VacationResponse/get': GetResponse<VacationResponse>;
  'VacationResponse/set': SetResponse;
  'Principal/get': GetResponse<Principal>;
  'Principal/query': QueryResponse;
  'SieveScript/get': GetResponse<SieveScript>;
  'SieveScript/set': SetResponse;
  'SieveScript/validate': { accountId: Id; error: SetError | null };
  'Quota/get': GetResponse<Quota>;
  'ShareNotification/get': GetResponse<ShareNotification>;
  'ShareNotification/set': SetResponse;
  'RemovedEmail/query': QueryResponse;
  'RemovedEmail/get': GetResponse<RemovedEmail>;
  'RemovedEmail/restore': { restored: Id[]; notRestored: Record<Id, SetError> | null; mailboxIds: Id[] };
  'RemovedEmail/set': SetResponse;
  'Forwarding/get': GetResponse<Forwarding>;
  'Forwarding/set': SetResponse;
  'MDN/send': { sent: Record<string, object> | null; notSent: Record<string, SetError> | null };
}
export type Method = keyof Methods;

export type Filter = { operator: 'AND' | 'OR' | 'NOT'; conditions: Filter[] } | { [condition: string]: unknown };
