#!/usr/bin/env python3
"""How soon clients hear of new mail by JMAP: many listeners, half of them by event streams (RFC 8620 7.3) and half by WebSocket (RFC 8887), while mail arrives.

jmap_push.py [--listeners 200] [--mails 40] [--pause 0.5] [--users 10] [--json]

Starts a server of its own on fresh data (script/server) and listeners on its users, each on a TLS connection of its own. Then mail is brought by SMTP, to one user after
the other. A delay is from the server's 250 to the octets of the news at the listener. What the server gathers before it tells (20 ms) is in it; `processor` is the time that the
threads of the server ran for each piece of news, delivery included.
"""

import argparse
import asyncio
import base64
import json
import os
import pathlib
import re
import smtplib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test/clients"))
from demo import Demo  # noqa: E402

PASSWORD = "a password for listening"


def processor(pid):
    """Milliseconds that the threads of a process have run."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            pass
    return total / 1e6


class Listener:
    def __init__(self, demo, user, kind):
        self.demo, self.user, self.kind, self.heard = demo, user, kind, []

    async def start(self):
        self.reader, self.writer = await asyncio.open_connection(self.demo.host, self.demo.port("HTTPS"), ssl=self.demo.tls, server_hostname=self.demo.host)
        token = base64.b64encode(f"{self.user}:{PASSWORD}".encode()).decode()
        head = f"Host: {self.demo.host}\r\nAuthorization: Basic {token}\r\n"
        if self.kind == "events":
            self.writer.write(f"GET /jmap/events?types=Email&closeafter=no&ping=0 HTTP/1.1\r\n{head}\r\n".encode())
        else:
            key = base64.b64encode(os.urandom(16)).decode()
            self.writer.write(f"GET /jmap/ws HTTP/1.1\r\n{head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: jmap\r\n\r\n".encode())
        answer = await self.reader.readuntil(b"\r\n\r\n")
        if not re.match(rb"HTTP/1.1 (200|101) ", answer):
            raise RuntimeError(answer.decode())
        if self.kind == "websocket":
            message = json.dumps({"@type": "WebSocketPushEnable", "dataTypes": ["Email"]}).encode()
            mask = os.urandom(4)
            self.writer.write(bytes([0x81, 0x80 | len(message)]) + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(message)))
        self.task = asyncio.create_task(self.listen())

    async def listen(self):
        while octets := await self.reader.read(65536):
            if b'"StateChange"' in octets:
                self.heard.append(time.monotonic())


def send(demo, user):
    message = f"From: bench@elsewhere.example\r\nTo: {user}\r\nSubject: news {time.time()}\r\n\r\ntext\r\n"
    with smtplib.SMTP(demo.host, demo.port("SMTP"), timeout=60) as client:
        client.sendmail("bench@elsewhere.example", [user], message)
        return time.monotonic()


async def measure(demo, options):
    users = []
    for i in range(options.users):
        users.append(f"listener{i}@{demo.domain}")
        demo.gatepost("account", "add", users[-1], "--password-stdin", stdin=PASSWORD + "\n")
    listeners = [Listener(demo, users[i % len(users)], "events" if i // len(users) % 2 == 0 else "websocket") for i in range(options.listeners)]
    for listener in listeners:
        await listener.start()
    await asyncio.sleep(2)
    for listener in listeners:
        listener.heard.clear()
    before = processor(demo.pid)
    delays = {"events": [], "websocket": []}
    missed = 0
    for n in range(options.mails):
        user = users[n % len(users)]
        own = [one for one in listeners if one.user == user]
        sent = await asyncio.get_running_loop().run_in_executor(None, send, demo, user)
        await asyncio.sleep(options.pause)
        end = time.monotonic() + 15
        while any(not one.heard for one in own) and time.monotonic() < end:
            await asyncio.sleep(0.02)
        for one in own:
            missed += not one.heard
            delays[one.kind] += [(at - sent) * 1000 for at in one.heard[:1]]
            one.heard.clear()
    used = processor(demo.pid) - before
    for listener in listeners:
        listener.task.cancel()
        listener.writer.close()
    told = sum(len(d) for d in delays.values())
    out = {"listeners": options.listeners, "mails": options.mails, "news": told, "missed": missed, "processor_ms_each": round(used / max(told, 1), 2)}
    for kind, all_of in delays.items():
        if len(all_of) > 1:
            cut = statistics.quantiles(all_of, n=100)
            out[kind] = {"median_ms": round(cut[49], 1), "p99_ms": round(cut[98], 1), "most_ms": round(max(all_of), 1)}
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listeners", type=int, default=200)
    parser.add_argument("--mails", type=int, default=40)
    parser.add_argument("--pause", type=float, default=0.5)
    parser.add_argument("--users", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with Demo() as demo:
        out = asyncio.run(measure(demo, options))
    print(json.dumps(out) if options.json else json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
