// Who answers a message.
import { sameAddress } from '../addresses';
import type { Address, Identity } from '../jmap/types';

// Of the reader himself, not of others who let him send as them.
export const isOwn = (i: Identity): boolean => (i.sendRight ?? 'own') === 'own';

// In a mailbox of somebody else (`mailbox`: its address) that one, where there is the right to send as it; else whichever of one's own
// the message was sent to. In one's own mailbox nobody answers for others unless he says so.
export function answering(identities: Identity[], mailbox: string | null, receivers: Address[]): Identity | undefined {
  const theirs = mailbox === null ? undefined : identities.find((i) => sameAddress(i.email, mailbox));
  if (theirs) return theirs;
  const own = identities.filter(isOwn);
  return receivers.map((a) => own.find((i) => sameAddress(i.email, a.email))).find((i) => i !== undefined);
}
