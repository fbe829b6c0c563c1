#!/usr/bin/env python3
"""Searches in one mailbox of office mail (10 to 40 KiB), with a search index and without.

search.py [--dir DIR] [--messages 50000] [--binary FILE] [--keep]

Prints how fast the index is built (messages a second of one processor's time, with decompression and decoding), its size, how long searches take
from a cold cache (all files of the server are dropped from memory and it is started anew) and a warm one, and after how long a new message is
indexed. A mailbox that is filled already is used as it is. Needs root.
"""

import argparse
import base64
import json
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import time

import mailbox

WORDS = 30_000


class Office:
    """Message n is the same everywhere: two alternatives of Zipf-distributed words, headers as relays write them, now and then an attachment."""

    def __init__(self):
        dice = random.Random(3)
        consonants, vowels = "bcdfghklmnprstvw", "aeiou"
        self.words = ["".join(dice.choice(consonants) + dice.choice(vowels) for _ in range(dice.randint(1, 4))) + dice.choice("nrstl") for _ in range(WORDS)]
        self.words[500], self.words[5000] = "harpsichord", "xylophone"

    def prose(self, dice, octets):
        out, size = [], 0
        while size < octets:
            line = " ".join(self.words[int(WORDS ** dice.random()) - 1] for _ in range(12))
            out.append(line + ("." if dice.random() < 0.2 else ""))
            size += len(line) + 2
        return "\r\n".join(out)

    def noise(self, dice, octets):
        return base64.b64encode(dice.randbytes(octets * 3 // 4)).decode()

    def make(self, n):
        dice = random.Random(n)
        size = int(10_240 * 4 ** dice.random())
        text = self.prose(dice, min(size // 3, 8_000))
        if n % 25_000 == 11:
            text += "\r\nquetzalcoatlus"
        html = "<html><head><style>p { margin: 0 }</style></head><body>" + "".join(f"<p class=\"c{i % 7}\">{line}</p>\r\n" for i, line in enumerate(text.split("\r\n"))) + "</body></html>"
        seal = "\r\n ".join(self.noise(dice, 344)[i:i + 70] for i in range(0, 344, 70))
        rest = max(0, size - len(text) - len(html) - 1_500)
        attachment = ""
        if rest > 2_000:
            data = self.noise(dice, rest)
            attachment = (f"--b{n}\r\nContent-Type: application/pdf; name=\"report{n}.pdf\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\n"
                          + "\r\n".join(data[i:i + 76] for i in range(0, len(data), 76)) + "\r\n")
        sender = self.words[int(2_000 ** dice.random())]
        return (f"Received: from mx{n % 9}.load.example ([192.0.2.{n % 250}]) by mail.load.example with ESMTPS id {self.noise(dice, 16)};\r\n"
                f" {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime(1700000000 + n))}\r\n"
                f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=load.example; s=s1; h=from:to:subject; bh={self.noise(dice, 44)};\r\n b={seal}\r\n"
                f"From: {sender.title()} <{sender}@load.example>\r\nTo: user@load.example\r\nSubject: {' '.join(self.words[int(WORDS ** dice.random()) - 1] for _ in range(6))}\r\n"
                f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime(1700000000 + n))}\r\nMessage-ID: <{self.noise(dice, 24)}@load.example>\r\nMIME-Version: 1.0\r\n"
                f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\nContent-Type: multipart/alternative; boundary=a{n}\r\n\r\n"
                f"--a{n}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--a{n}\r\nContent-Type: text/html; charset=utf-8\r\n"
                f"Content-Transfer-Encoding: 8bit\r\n\r\n{html}\r\n--a{n}--\r\n{attachment}--b{n}--\r\n").encode()


SEARCHES = [("SUBJECT", "SEARCH SUBJECT harpsichord"), ("FROM", f"SEARCH FROM bado"), ("BODY, rare", "SEARCH BODY quetzalcoatlus"), ("BODY, part of a rare word", "SEARCH BODY zalcoa"),
            ("BODY, nowhere", "SEARCH BODY zzqqzz"), ("BODY, common", "SEARCH BODY harpsichord"), ("TEXT, rare", "SEARCH TEXT quetzalcoatlus"),
            ("BODY, two words", "SEARCH BODY \"xylophone harpsichord\""), ("BODY, one letter", "SEARCH BODY q"),
            ("phone: FROM or SUBJECT or BODY", "SEARCH OR OR FROM xylophone SUBJECT xylophone BODY xylophone")]


def configure(server, index):
    file = server.dir / "gatepost.toml"
    text = file.read_text().split("[search]")[0]
    file.write_text(text + f"[search]\nindex = {'true' if index else 'false'}\n")


def forget(server):
    """Nothing of its files is in memory afterwards."""
    os.sync()
    for path in (server.dir / "data").rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def status(server, user):
    done = subprocess.run([server.binary, "--config", server.dir / "gatepost.toml", "--json", "search", "status", user], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)[0]


def wait_indexed(server, user, count):
    while (now := status(server, user))["indexed"] < count or now["behind"] or now["working"]:
        time.sleep(0.05)
    return now


def timed(client, command):
    begun = time.monotonic()
    answer = client.run(command)
    line = answer.split("* SEARCH", 1)[1].split("\r\n", 1)[0]
    return 1000 * (time.monotonic() - begun), line


def searches(server, user, cold, times=1):
    out = {}
    for name, command in SEARCHES:
        if cold:
            server.stop()
            forget(server)
            server.start()
        with mailbox.Imap(server, user) as client:
            client.run("SELECT INBOX")
            took = [timed(client, command) for _ in range(times)]
            out[name] = (statistics.median(t for t, _ in took), took[0][1])
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", default="/var/tmp/gatepost-search")
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--binary", default=str(mailbox.TOP / "build/release/src/gatepost"))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--no-scan", action="store_true", help="leave out what takes long: the searches without an index")
    args = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.umask(0o022)
    server = mailbox.Gatepost(pathlib.Path(args.dir), args.binary)
    server.dir.parent.mkdir(parents=True, exist_ok=True)
    server.prepare()
    user = server.login % 1
    office = Office()
    configure(server, False)
    server.start()
    with mailbox.Imap(server, user) as client:
        have = mailbox.number(client.run("STATUS INBOX (MESSAGES)"), "MESSAGES")
        octets = 0
        for n in range(have, args.messages, 100):
            some = [office.make(i) for i in range(n, min(n + 100, args.messages))]
            octets += sum(map(len, some))
            mailbox.append(client, "INBOX", some)
        if octets:
            print(f"{args.messages - have} messages, {octets / (args.messages - have) / 1024:.1f} KiB each")
    scanned = {} if args.no_scan else searches(server, user, False)
    server.stop()
    shutil.rmtree(server.dir / "data/search", ignore_errors=True)

    configure(server, True)
    server.start()
    begun, used = time.monotonic(), mailbox.cpu(server.pid)
    state = wait_indexed(server, user, args.messages)
    took, used = time.monotonic() - begun, mailbox.cpu(server.pid) - used
    print(f"built: {args.messages / used:.0f} messages per second of processor time, {args.messages / took:.0f} per second; "
          f"{state['octets'] / args.messages:.0f} octets a message, {state['segments']} segments; memory {mailbox.memory(server.pid):.0f} MiB")
    warm = searches(server, user, False, 3)
    cold = searches(server, user, True)
    lags, used = [], mailbox.cpu(server.pid)
    with mailbox.Imap(server, user) as client:
        for n in range(10):
            count = status(server, user)["indexed"]
            mailbox.append(client, "INBOX", [office.make(args.messages + n)])
            begun = time.monotonic()
            wait_indexed(server, user, count + 1)
            lags.append(time.monotonic() - begun)
    print(f"a new message is indexed after {statistics.median(lags):.1f} s (most {max(lags):.1f})")
    print(f"{'ms':<34}{'scan':>10}{'warm':>10}{'cold':>10}  found")
    for name, _ in SEARCHES:
        scan = f"{scanned[name][0]:10.1f}" if scanned else f"{'-':>10}"
        print(f"{name:<34}{scan}{warm[name][0]:10.1f}{cold[name][0]:10.1f}  {len(warm[name][1].split())}")
        if scanned and scanned[name][1] != warm[name][1] or warm[name][1] != cold[name][1]:
            print(f"   DIFFERENT: scan {scanned.get(name)}, warm {warm[name]}, cold {cold[name]}")
    server.stop()
    if not args.keep:
        shutil.rmtree(args.dir, ignore_errors=True)


if __name__ == "__main__":
    main()
