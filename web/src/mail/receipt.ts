// Whether a reader is asked for a receipt (RFC 8098 2.1).
import type { Address, Email, Identity } from '../jmap/types';

export const ASKERS = 'header:Disposition-Notification-To:asAddresses';

// Not for what was answered already, for drafts, and for what the reader wrote himself.
export function asks(email: Pick<Email, 'keywords' | 'from'>, askers: Address[] | null | undefined, identities: Pick<Identity, 'email'>[]): boolean {
  if (!askers?.length || identities.length === 0 || email.keywords['$mdnsent'] || email.keywords['$draft']) return false;
  const own = (a: Address): boolean => identities.some((i) => i.email.toLowerCase() === a.email.toLowerCase());
  return !(email.from ?? []).some(own) && !askers.every(own);
}
