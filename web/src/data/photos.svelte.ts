// Pictures of the people of the server's directory (docs/api.md): asked for together, for all who come into sight at once.
import { hasSession, own } from '../session';

const MOST = 200; // of one question
const SOON = 150; // milliseconds: who scrolls meets new people all the time, and each question costs a part of a frame

let found = $state.raw<ReadonlyMap<string, string>>(new Map());
let asked = new Set<string>();
let waiting: string[] = [];

async function ask(): Promise<void> {
  const addresses = waiting.splice(0, MOST);
  if (waiting.length > 0) setTimeout(() => void ask(), SOON);
  try {
    const { photos } = await own<{ photos: Record<string, string> }>('POST', '/api/photos', { addresses });
    if (Object.keys(photos).length > 0) found = new Map([...found, ...Object.entries(photos)]);
  } catch {
    // Letters do as well.
  }
}

// Where somebody's picture is; undefined: there is none, or it is not known yet.
export function photoOf(email: string | undefined): string | undefined {
  if (!email || !hasSession()) return undefined;
  const key = email.toLowerCase();
  if (!asked.has(key)) {
    asked.add(key);
    if (waiting.push(key) === 1) setTimeout(() => void ask(), SOON);
  }
  return found.get(key);
}

// Of one person who has another picture now, or of all, when another signs in.
export function forgetPhotos(email?: string): void {
  if (email) {
    asked.delete(email.toLowerCase());
    found = new Map([...found].filter(([one]) => one !== email.toLowerCase()));
  } else {
    asked = new Set();
    waiting = [];
    found = new Map();
  }
}
