#!/usr/bin/env python3
"""A storm of sign-ins: wrong passwords from many addresses, each different, while people with the right one go on working.

    bench/sign_in_storm.py --seconds 1800                      # the long run: 10,000 wrong ones in all, 100 right ones a second
    bench/sign_in_storm.py --seconds 180 --right 100 --wrong 6

Starts a server of its own on loopback and fresh data. Clients name their addresses by the PROXY protocol, so that the storm comes from as many as it wants. Says how long
right sign-ins took (from LOGIN to its OK, and with connection and TLS), how many failed, how the wrong ones ended, and the server's memory. One JSON object with --json."""

import argparse
import asyncio
import json
import os
import pathlib
import random
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[1]

CONFIG = """
[server]
hostname = "mail.example.org"
data_dir = "{folder}/data"
user = ""
[store]
engine = "memory"
[[tls.certificate]]
cert = "{folder}/cert.pem"
key = "{folder}/key.pem"
[proxy_protocol]
trusted = ["127.0.0.1"]
[limits]
connections_per_minute = 0
unlimited = ["127.0.0.1"]
[bans]
firewall = false
[auth]
argon2_memory_kib = {memory}
[listener.smtp]
audience = "off"
[listener.submission]
audience = "off"
[listener.submissions]
audience = "off"
[listener.imap]
audience = "off"
[listener.pop3]
audience = "off"
[listener.pop3s]
audience = "off"
[listener.metrics]
audience = "off"
[listener.imaps]
address = "127.0.0.1"
port = {port}
proxy_protocol = true
reason = "the storm"
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, arguments):
        self.binary = TOP / "build" / arguments.preset / "src" / "gatepost"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-storm-"))
        self.port = free_port()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mail.example.org", "-days", "2",
                        "-keyout", str(self.folder / "key.pem"), "-out", str(self.folder / "cert.pem")],
                       check=True, stderr=subprocess.DEVNULL)
        (self.folder / "gatepost.toml").write_text(CONFIG.format(folder=self.folder, port=self.port, memory=arguments.memory))
        self.log = open(self.folder / "log", "w")
        self.process = subprocess.Popen([str(self.binary), "--config", str(self.folder / "gatepost.toml"), "serve"],
                                        stdout=subprocess.DEVNULL, stderr=self.log)
        until = time.monotonic() + 60
        while self.gatepost("status", check=False).returncode != 0:
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.1)

    def gatepost(self, *arguments, check=True, stdin=None):
        return subprocess.run([str(self.binary), "--config", str(self.folder / "gatepost.toml"), *arguments], check=check,
                              input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def memory_mib(self, what="VmRSS"):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1]) / 1024
        return 0.0

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


class Storm:
    def __init__(self, server, arguments, people):
        self.server, self.arguments, self.people = server, arguments, people
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE
        self.right_login, self.right_whole, self.right_failures = [], [], []
        self.wrong = {"no": 0, "refused": 0, "closed": 0}
        self.memory = 0.0
        self.tasks = set()

    async def sign_in(self, address, name, password):
        """The seconds from LOGIN to its answer, and the answer; "" when the server closed without one."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        try:
            writer.write(f"PROXY TCP4 {address} 192.0.2.1 40000 993\r\n".encode())
            await writer.start_tls(self.tls)
            if not await reader.readline():
                return 0.0, ""
            begun = time.monotonic()
            writer.write(f'a LOGIN {name} "{password}"\r\n'.encode())
            line = await reader.readline()
            while line and not line.startswith(b"a "):
                line = await reader.readline()
            took = time.monotonic() - begun
            return took, line.decode(errors="replace").strip()
        finally:
            writer.close()

    async def one_right(self):
        name, password, address = random.choice(self.people)
        begun = time.monotonic()
        try:
            took, answer = await asyncio.wait_for(self.sign_in(address, name, password), 60)
        except (OSError, asyncio.TimeoutError) as error:
            took, answer = 0.0, repr(error)
        if answer.startswith("a OK"):
            self.right_login.append(took)
            self.right_whole.append(time.monotonic() - begun)
        else:
            self.right_failures.append(answer)

    async def one_wrong(self, number):
        # Names that are there and names that are not; addresses enough that bans do not end the storm.
        name = self.people[number % len(self.people)][0] if number % 2 else f"guess{number}@example.org"
        address = f"203.0.{113 + number // 256 % 64}.{number % 256}"
        try:
            _, answer = await asyncio.wait_for(self.sign_in(address, name, f"wrong password {number}"), 60)
        except (OSError, asyncio.TimeoutError):
            answer = ""
        kind = "no" if "AUTHENTICATIONFAILED" in answer else "refused" if answer else "closed"
        self.wrong[kind] += 1

    def begin(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def at_rate(self, rate, until, make):
        if rate <= 0:
            return
        begun, number = time.monotonic(), 0
        while time.monotonic() < until:
            self.begin(make(number))
            number += 1
            await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))

    async def watch(self, until):
        while time.monotonic() < until:
            self.memory = max(self.memory, self.server.memory_mib())
            await asyncio.sleep(0.5)

    async def run(self):
        until = time.monotonic() + self.arguments.seconds
        await asyncio.gather(self.at_rate(self.arguments.right, until, lambda _: self.one_right()),
                             self.at_rate(self.arguments.wrong, until, self.one_wrong), self.watch(until))
        while self.tasks:
            await asyncio.wait(set(self.tasks))

    def report(self):
        ms = lambda values, part: round(1000 * percentile(values, part), 1)
        return {"seconds": self.arguments.seconds, "right": len(self.right_login), "right_failed": len(self.right_failures),
                "right_failures": sorted(set(self.right_failures))[:5],
                "login_ms": {"p50": ms(self.right_login, 0.5), "p99": ms(self.right_login, 0.99), "max": ms(self.right_login, 1)},
                "whole_ms": {"p50": ms(self.right_whole, 0.5), "p99": ms(self.right_whole, 0.99), "max": ms(self.right_whole, 1)},
                "wrong": self.wrong, "memory_mib_begin": round(self.began_with, 1), "memory_mib_most": round(self.memory, 1)}


def storm(arguments):
    server = Server(arguments)
    try:
        server.gatepost("domain", "add", "example.org")
        people = []
        for i in range(arguments.people):
            name, password = f"person{i}@example.org", f"quiet lamp {i} river"
            server.gatepost("account", "add", name, "--password-stdin", stdin=password + "\n")
            people.append((name, password, f"198.51.100.{i % 250 + 1}"))
        one = Storm(server, arguments, people)
        one.began_with = server.memory_mib()
        asyncio.run(one.run())
        return one.report()
    finally:
        server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--right", type=float, default=100, help="right sign-ins a second")
    parser.add_argument("--wrong", type=float, default=10000 / 1800, help="wrong ones a second, each different")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--memory", type=int, default=65536, help="[auth] argon2_memory_kib")
    parser.add_argument("--preset", default="release")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = storm(arguments)
    if arguments.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:18} {value}")
    sys.exit(0 if result["right_failed"] == 0 else 1)


if __name__ == "__main__":
    main()
