#!/usr/bin/env python3
"""Kills the server under load, again and again, and compares what it has with a ledger of what it acknowledged.

crash_test.py [--rounds N] [--writers N]   prints one line a round and at the end: acknowledged, lost, corrupt, slowest restart.
"""

import argparse
import hashlib
import imaplib
import pathlib
import random
import re
import smtplib
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from demo import Demo  # noqa: E402


def body_of(name, rng):
    """A message whose own header carries the hash of its content."""
    size = rng.choice((200, 4096, 30000, 200000))
    line = b"%s %d\r\n" % (name.encode(), rng.getrandbits(64))
    content = (line * (size // len(line) + 1))[:size] + b"\r\n"
    digest = hashlib.sha256(content).hexdigest()
    return (f"From: w@load.example\r\nMessage-ID: <{name}>\r\nX-Digest: {digest}\r\nSubject: {name}\r\n\r\n").encode() + content


class Writers:
    def __init__(self, demo, round_number, count):
        self.demo, self.round, self.stop = demo, round_number, threading.Event()
        self.lock, self.acknowledged = threading.Lock(), []
        self.threads = [threading.Thread(target=self.smtp if i % 2 else self.imap, args=(i,)) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def took(self, name):
        with self.lock:
            self.acknowledged.append(name)

    def smtp(self, n):
        rng, i = random.Random(self.round * 100 + n), 0
        user = (self.demo.user1, self.demo.user2)[n % 4 > 1]
        try:
            client = smtplib.SMTP(self.demo.host, self.demo.port("SMTP"), timeout=20)
            while not self.stop.is_set():
                name = f"r{self.round}.s{n}.{i}@load.example"
                i += 1
                client.sendmail("w@load.example", [user], body_of(name, rng))
                self.took((user, name))
        except (OSError, smtplib.SMTPException):
            pass

    def imap(self, n):
        rng, i = random.Random(self.round * 100 + n), 0
        user, password = ((self.demo.user1, self.demo.pass1), (self.demo.user2, self.demo.pass2))[n % 4 > 1]
        try:
            client = self.demo.imap(user, password)
            while not self.stop.is_set():
                name = f"r{self.round}.i{n}.{i}@load.example"
                i += 1
                kind, _ = client.append("INBOX", "\\Seen" if i % 2 else None, None, body_of(name, rng))
                if kind == "OK":
                    self.took((user, name))
        except (OSError, imaplib.IMAP4.error):
            pass

    def join(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def restart(demo):
    """Seconds from starting the process to its first greeting."""
    begin = time.monotonic()
    log = open(demo.data / "gatepost.log", "ab")
    process = subprocess.Popen([demo.env["GP_BINARY"], "--config", demo.env["GP_CONFIG"], "serve"], stdout=log, stderr=log)
    while time.monotonic() - begin < 60:
        try:
            with socket.create_connection((demo.host, demo.port("SMTP")), timeout=5) as s:
                if s.recv(4) == b"220 ":
                    break
        except OSError:
            if process.poll() is not None:
                raise RuntimeError("the server does not start again: " + demo.log()[-3000:])
            time.sleep(0.005)
    else:
        raise RuntimeError("the server does not answer again")
    demo.pid, demo.process = process.pid, process
    (demo.data / "gatepost.pid").write_text(str(process.pid))
    return time.monotonic() - begin


def stored(demo):
    """{(user, message id): times} and how many messages do not match their own digest."""
    found, corrupt = {}, []
    for user, password in ((demo.user1, demo.pass1), (demo.user2, demo.pass2)):
        for text in demo.bodies(user=user, password=password):
            head, _, content = text.partition(b"\r\n\r\n")
            name = re.search(rb"Message-ID: <([^>]*)>", head)
            digest = re.search(rb"X-Digest: (\w+)", head)
            if not name or not digest or hashlib.sha256(content).hexdigest().encode() != digest.group(1):
                corrupt.append(name.group(1).decode() if name else repr(head[:80]))
                continue
            key = (user, name.group(1).decode())
            found[key] = found.get(key, 0) + 1
    return found, corrupt


def empty(demo):
    for user, password in ((demo.user1, demo.pass1), (demo.user2, demo.pass2)):
        client = demo.imap(user, password)
        client.select()
        if client.search(None, "ALL")[1][0]:
            client.store("1:*", "+FLAGS.SILENT", "\\Deleted")
            client.expunge()
        client.logout()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--writers", type=int, default=16)
    options = parser.parse_args()
    lost = corrupt = acknowledged = 0
    slowest = 0.0
    with Demo() as demo:
        for n in range(options.rounds):
            writers = Writers(demo, n, options.writers)
            time.sleep(random.Random(n).uniform(0.7, 2.0))
            demo.kill()
            if getattr(demo, "process", None):
                demo.process.wait()
            writers.join()
            seconds = restart(demo)
            slowest = max(slowest, seconds)
            found, bad = stored(demo)
            missing = [entry for entry in writers.acknowledged if entry not in found]
            acknowledged += len(writers.acknowledged)
            lost += len(missing)
            corrupt += len(bad)
            print(f"round {n + 1}: {len(writers.acknowledged)} acknowledged, {len(missing)} lost, {len(bad)} corrupt, "
                  f"ready again after {seconds:.2f} s", flush=True)
            if missing or bad:
                print("  lost:", missing[:5], "corrupt:", bad[:5])
            empty(demo)
        check = demo.gatepost("store", "check", check=False)
        print(check.stdout.strip())
    print(f"acknowledged {acknowledged}, lost {lost}, corrupt {corrupt}, slowest restart {slowest:.2f} s")
    return 1 if lost or corrupt or slowest > 2 or check.returncode or not acknowledged else 0


if __name__ == "__main__":
    sys.exit(main())
