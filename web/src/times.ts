// Moments that people put things off to.
import type { Key } from './i18n/en';

export interface Moment {
  name: Key;
  at: Date;
}

const day = (from: Date, days: number, hour: number): Date => new Date(from.getFullYear(), from.getMonth(), from.getDate() + days, hour);

export function moments(now = new Date()): Moment[] {
  const out: Moment[] = [];
  const later = new Date(now.getFullYear(), now.getMonth(), now.getDate(), now.getHours() + 3);
  if (later.getDate() === now.getDate() && later.getHours() <= 21) out.push({ name: 'laterToday', at: later });
  out.push({ name: 'tomorrowMorning', at: day(now, 1, 8) }, { name: 'tomorrowAfternoon', at: day(now, 1, 13) });
  // Days until Monday: tomorrow has its own line.
  const monday = (8 - now.getDay()) % 7 || 7;
  out.push({ name: 'mondayMorning', at: day(now, monday === 1 ? 8 : monday, 8) });
  return out;
}

// As <input type="datetime-local"> has it, and back.
export function localText(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
export function utc(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
