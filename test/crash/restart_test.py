#!/usr/bin/env python3
"""Restarts the server under load, again and again: nobody may be refused, no message may be lost.

restart_test.py [--rounds N] [--senders N] [--readers N]   prints one line a round and a summary; exit code 1 when a
connection was refused, a delivery failed, or a message is missing.

Senders behave as real ones do: what gets a 4xx, or no answer at all, is tried again with the same message, and counted.
"""

import argparse
import pathlib
import re
import smtplib
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from demo import Demo  # noqa: E402

PATIENCE = 120  # seconds until a sender gives a message up: a failed delivery


class Load:
    def __init__(self, demo, senders, readers, knockers=4):
        self.demo, self.stop, self.lock = demo, threading.Event(), threading.Lock()
        self.acknowledged, self.failed, self.refused, self.odd = [], [], [], []
        self.retried = self.farewells = self.sessions = self.greeted = 0
        self.longest = 0.0
        self.context = ssl.create_default_context(cafile=demo.env["GP_CA"])
        work = [(self.send, i) for i in range(senders)] + [(self.read, i) for i in range(readers)]
        work += [(self.knock, i) for i in range(knockers)]
        self.threads = [threading.Thread(target=run, args=(i,)) for run, i in work]
        for thread in self.threads:
            thread.start()

    def join(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def add(self, name, value=1):
        with self.lock:
            setattr(self, name, getattr(self, name) + value)

    def connect_failed(self, error):
        if isinstance(error, ConnectionRefusedError):
            with self.lock:
                self.refused.append(repr(error))

    def send(self, n):
        """Messages one after the other over one connection, as a relay does; every third sender submits with TLS."""
        submits, client, i = n % 3 == 2, None, 0
        sender = self.demo.user1 if submits else "w@load.example"
        while not self.stop.is_set():
            name, begin = f"s{n}.{i}", time.monotonic()
            text = (f"From: {sender}\r\nSubject: {name}\r\nX-Name: {name}\r\n\r\n" + "line\r\n" * (1 + i % 400)).encode()
            i += 1
            while True:
                try:
                    if client is None:
                        client = self.demo.submission() if submits else self.demo.smtp()
                    client.sendmail(sender, [self.demo.user2], text)
                    with self.lock:
                        self.acknowledged.append(name)
                    break
                except (OSError, smtplib.SMTPException) as error:
                    self.connect_failed(error)
                    codes = [getattr(error, "smtp_code", 0)]
                    if isinstance(error, smtplib.SMTPRecipientsRefused):
                        codes = [code for code, _ in error.recipients.values()]
                    client = None
                    if any(code >= 500 for code in codes) or time.monotonic() - begin > PATIENCE:
                        with self.lock:
                            self.failed.append(f"{name}: {error!r}")
                        break
                    self.add("retried")
                    time.sleep(0.1)

    def read(self, n):
        """An IMAP program that stays in IDLE and comes again when it is sent away."""
        user, password = ((self.demo.user1, self.demo.pass1), (self.demo.user2, self.demo.pass2))[n % 2]
        while not self.stop.is_set():
            try:
                with self.tls("IMAPS") as s, s.makefile("rb") as lines:
                    lines.readline()
                    s.sendall(f'a LOGIN "{user}" "{password}"\r\nb SELECT INBOX\r\n'.encode())
                    for line in lines:
                        if line.startswith(b"* BYE"):
                            break
                        if line.startswith(b"a NO") or line.startswith(b"a BAD"):
                            with self.lock:
                                self.odd.append(line)
                            break
                        if line.startswith(b"b OK"):
                            self.add("sessions")
                            s.sendall(b"c IDLE\r\n")
                            break
                    s.settimeout(0.3)
                    rest = b""
                    while not self.stop.is_set():
                        try:
                            got = s.recv(4096)
                        except TimeoutError:
                            continue
                        rest = (rest + got)[-400:]
                        if b"* BYE [UNAVAILABLE]" in rest:
                            self.add("farewells")
                            break
                        if not got:
                            break
            except OSError as error:
                self.connect_failed(error)
                time.sleep(0.05)

    def tls(self, name):
        s = socket.create_connection(("127.0.0.1", self.demo.port(name)), timeout=PATIENCE)
        return self.context.wrap_socket(s, server_hostname="localhost")

    def knock(self, n):
        """Somebody who connects all the time, and must always be greeted."""
        name, good = (("SMTP", b"220 "), ("IMAPS", b"* OK"), ("POP3", b"+OK"), ("SUBMISSION", b"220 "))[n % 4]
        while not self.stop.is_set():
            begin = time.monotonic()
            try:
                with (self.tls(name) if name == "IMAPS" else
                      socket.create_connection(("127.0.0.1", self.demo.port(name)), timeout=PATIENCE)) as s:
                    line = s.recv(200)
                    if line.startswith(good):
                        self.add("greeted")
                    else:
                        with self.lock:
                            self.odd.append(line)
                waited = time.monotonic() - begin
                with self.lock:
                    self.longest = max(self.longest, waited)
            except OSError as error:
                with self.lock:
                    (self.refused if isinstance(error, ConnectionRefusedError) else self.odd).append(repr(error))
            time.sleep(0.002)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--senders", type=int, default=9)
    parser.add_argument("--readers", type=int, default=8)
    options = parser.parse_args()
    drains = []
    with Demo() as demo:
        load = Load(demo, options.senders, options.readers)
        for n in range(options.rounds):
            time.sleep(1.5)
            begin = time.monotonic()
            done = demo.gatepost("restart", check=False)
            seconds = time.monotonic() - begin
            drained = re.search(r"(\d+) connection\(s\) told, drained in ([\d.]+) s, (\d+) cut off", done.stdout)
            if done.returncode != 0 or not drained:
                print(done.stdout, done.stderr, demo.log()[-4000:])
                load.odd.append(f"round {n + 1}: restart ended with {done.returncode}")
                break
            told, took, cut = int(drained[1]), float(drained[2]), int(drained[3])
            drains.append(took)
            print(f"round {n + 1}: restarted in {seconds:.2f} s; {told} connections told, drained in {took:.2f} s, {cut} cut off",
                  flush=True)
        time.sleep(1)
        load.join()
        found = {}
        for body in demo.bodies(user=demo.user2, password=demo.pass2):
            name = re.search(rb"X-Name: (\S+)", body).group(1).decode()
            found[name] = found.get(name, 0) + 1
        lost = [name for name in load.acknowledged if name not in found]
        twice = sum(count - 1 for count in found.values())
        check = demo.gatepost("store", "check", check=False)
    print(check.stdout.strip())
    print(f"{len(load.acknowledged)} messages acknowledged, {len(lost)} lost, {twice} stored twice; {load.retried} tries were "
          f"repeated, {len(load.failed)} deliveries failed")
    print(f"{load.greeted} connections greeted, {len(load.refused)} refused, {len(load.odd)} otherwise wrong; the longest "
          f"waited {load.longest:.2f} s; {load.sessions} IMAP sessions, {load.farewells} heard BYE")
    if drains:
        print(f"drain time: {min(drains):.2f} to {max(drains):.2f} s, on average {sum(drains) / len(drains):.2f} s")
    for what in (load.refused, load.failed, load.odd, lost):
        for line in what[:5]:
            print("  ", line)
    good = load.acknowledged and load.greeted and len(drains) == options.rounds and not check.returncode
    return 0 if good and not (load.refused or load.failed or load.odd or lost) else 1


if __name__ == "__main__":
    sys.exit(main())
