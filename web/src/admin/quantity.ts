// Limits as people type them: gigabytes of 10^9 octets, as the page shows sizes.
const GIGABYTE = 1_000_000_000;

// "" or 0: no limit.
export function fromGigabytes(text: string | number | null): number {
  const value = Number(String(text).replace(',', '.'));
  return Number.isFinite(value) && value > 0 ? Math.round(value * GIGABYTE) : 0;
}
export function toGigabytes(octets: number): string {
  return octets > 0 ? String(Math.round((octets / GIGABYTE) * 1000) / 1000) : '';
}
