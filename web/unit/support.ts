import { parseAddress } from '../src/addresses';
import { addressText } from '../src/format';
import type { Address } from '../src/jmap/types';

export function addressesRoundTrip(address: Address): boolean {
  const back = parseAddress(addressText(address));
  return back.name === address.name && back.email === address.email;
}
