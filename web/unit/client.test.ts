import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Client } from '../src/jmap/client';
import type { JmapSession } from '../src/jmap/types';

// What the page sent, and how each of it is answered.
class Posted {
  static all: Posted[] = [];
  upload = { onprogress: null };
  status = 0;
  response: unknown = null;
  onload?: () => void;
  open(): void {}
  setRequestHeader(): void {}
  abort(): void {}
  send(): void {
    Posted.all.push(this);
  }
  answer(status: number, response: unknown): void {
    this.status = status;
    this.response = response;
    this.onload?.();
  }
}

const session = { uploadUrl: '/jmap/upload/{accountId}', capabilities: { 'urn:ietf:params:jmap:core': { maxConcurrentUpload: 8 } } } as unknown as JmapSession;

beforeEach(() => {
  Posted.all = [];
  vi.useFakeTimers();
  vi.stubGlobal('XMLHttpRequest', Posted);
  vi.stubGlobal('location', { origin: 'https://localhost' });
  vi.stubGlobal('document', { cookie: '' });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('files of which there are many go up a few at a time', async () => {
  const client = new Client(session, 'a1');
  const done: string[] = [];
  const all = Array.from({ length: 10 }, () => client.upload(new Blob(['x']), () => undefined).then((one) => done.push(one.blobId)));
  await vi.advanceTimersByTimeAsync(0);
  expect(Posted.all.length).toBe(4);
  for (let i = 0; i < 10; ++i) {
    Posted.all[i]!.answer(201, { blobId: `B${i}` });
    await vi.advanceTimersByTimeAsync(0);
    expect(Posted.all.length).toBe(Math.min(10, i + 5));
  }
  await Promise.all(all);
  expect(done.length).toBe(10);
});

test('what is one too many for the server is sent again, and what it does not want is not', async () => {
  const client = new Client(session, 'a1');
  const file = client.upload(new Blob(['x']), () => undefined);
  await vi.advanceTimersByTimeAsync(0);
  Posted.all[0]!.answer(400, { type: 'urn:ietf:params:jmap:error:limit', status: 400, limit: 'maxConcurrentUpload' });
  await vi.advanceTimersByTimeAsync(1000);
  expect(Posted.all.length).toBe(2);
  Posted.all[1]!.answer(201, { blobId: 'B1' });
  expect((await file).blobId).toBe('B1');
  const large = client.upload(new Blob(['x']), () => undefined);
  await vi.advanceTimersByTimeAsync(0);
  Posted.all[2]!.answer(413, { type: 'urn:ietf:params:jmap:error:limit', status: 413, limit: 'maxSizeUpload' });
  await expect(large).rejects.toMatchObject({ status: 413, detail: 'maxSizeUpload' });
});
