// Dates, sizes and names as a reader wants them.
import type { Address } from './jmap/types';
import { language, t } from './i18n/i18n.svelte';

// The reader's own region, where the browser names one for the page's language.
function locale(): string {
  return navigator.languages?.find((l) => l.toLowerCase().split('-')[0] === language()) ?? language();
}

const formats = new Map<string, Intl.DateTimeFormat>();
function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language() + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.DateTimeFormat(locale(), options)));
  return found;
}

// As short as it can be: the time today, the day this year.
export function shortDate(text: string, now = new Date()): string {
  const date = new Date(text);
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  if (date.getTime() >= day && date.getTime() < day + 86_400_000) return dateFormat({ hour: '2-digit', minute: '2-digit' }).format(date);
  if (date.getTime() >= day - 86_400_000 && date.getTime() < day) return t('yesterday');
  if (date.getFullYear() === now.getFullYear()) return dateFormat({ day: 'numeric', month: 'short' }).format(date);
  return dateFormat({ day: '2-digit', month: '2-digit', year: '2-digit' }).format(date);
}
export function longDate(text: string): string {
  return dateFormat({ weekday: 'short', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' }).format(new Date(text));
}
// As short as a mark of an axis.
export function hourOf(date: Date): string {
  return dateFormat({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date);
}
export function dayOfYear(date: Date): string {
  return dateFormat({ day: 'numeric', month: 'short' }).format(date);
}
export function dayOf(text: string): string {
  return dateFormat({ day: 'numeric', month: 'short', year: 'numeric' }).format(new Date(text));
}
// A moment to come: its time today, the weekday this week.
export function whenText(date: Date, now = new Date()): string {
  const days = (date.getTime() - new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime()) / 86_400_000;
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
  if (days < 1) return dateFormat(time).format(date);
  if (days < 7) return dateFormat({ weekday: 'short', ...time }).format(date);
  return dateFormat({ weekday: 'short', day: 'numeric', month: 'short', ...(date.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' }), ...time }).format(date);
}
export function timeOf(date: Date): string {
  return dateFormat({ hour: '2-digit', minute: '2-digit' }).format(date);
}

export function figures(n: number): string {
  return n.toLocaleString(locale());
}
export function size(octets: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let unit = 0;
  let value = octets;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return new Intl.NumberFormat(locale(), {
    style: 'unit',
    unit: units[unit]!,
    unitDisplay: unit === 0 ? 'narrow' : 'short',
    maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0,
  })
    .format(value)
    .replace(/(\d)(\p{L})/u, '$1\u00a0$2');
}

export function nameOf(address: Address): string {
  return address.name?.trim() || address.email;
}
// "Anna Smith" -> "Anna", for lists of several.
export function firstName(address: Address): string {
  const name = address.name?.trim();
  if (!name) return address.email.split('@')[0] ?? address.email;
  const [last, first] = name.split(/,\s*/);
  return (first ?? last!).split(/\s+/)[0]!;
}

export function initials(address: Address | undefined): string {
  if (!address) return '?';
  const words = nameOf(address).replace(/[^\p{L}\p{N}@ .-]/gu, '').split(/[\s@.]+/).filter(Boolean);
  const letters = [words[0], address.name ? words[words.length > 1 ? words.length - 1 : 1] : undefined].map((w) => (w ? ([...w][0] ?? '') : ''));
  return letters.join('').toUpperCase() || '?';
}
// A colour that is always the same for the same person.
export function hue(address: Address | undefined): number {
  let hash = 7;
  for (const c of (address?.email ?? '').toLowerCase()) hash = (hash * 31 + c.codePointAt(0)!) >>> 0;
  return (hash % 24) * 15;
}

// RFC 5322's name-addr.
export function addressText(address: Address): string {
  if (!address.name) return address.email;
  const name = /^[\p{L}\p{N} !#$%&'*+\-/=?^_`{|}~]+$/u.test(address.name) ? address.name : `"${address.name.replace(/["\\]/g, '\\$&')}"`;
  return `${name} <${address.email}>`;
}
