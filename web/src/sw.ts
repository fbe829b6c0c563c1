// The service worker: the page's own files, so that it starts without a connection. Mail is kept by the page (data/db.ts).
/// <reference lib="webworker" />
const worker = self as unknown as ServiceWorkerGlobalScope;

// Files below /assets/ never change; the page itself is asked for first and answered from here when nobody else does.
const CACHE = 'gatepost-mail-1';
const MOST = 200;

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.add('/'))
      .then(() => worker.skipWaiting()),
  );
});
worker.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith('gatepost-mail') && name !== CACHE) await caches.delete(name);
      await worker.clients.claim();
    })(),
  );
});

async function unchanging(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) {
    await cache.put(request, answer.clone());
    const keys = await cache.keys();
    for (const old of keys.slice(0, Math.max(0, keys.length - MOST))) if (new URL(old.url).pathname !== '/') await cache.delete(old);
  }
  return answer;
}

async function newestOrKept(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (e) {
    const known = await cache.match(request, { ignoreSearch: true });
    if (known) return known;
    throw e;
  }
}

worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== worker.location.origin) return;
  if (url.pathname.startsWith('/assets/')) event.respondWith(unchanging(event.request));
  else if (url.pathname === '/' || url.pathname === '/icon.svg' || url.pathname === '/app.webmanifest') event.respondWith(newestOrKept(event.request));
});
