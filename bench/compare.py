#!/usr/bin/env python3
"""Gatepost beside Debian's Postfix + Dovecot (LMTP), the same load on both in one run: ratios, not bare times.

compare.py [--dir DIR] [--rounds N] [--only NAME,...] [--binary FILE]
  delivery   accepted and delivered messages/s, 4 KiB and office mail, 10 and 50 connections; accept latency
  idle       memory of an idle IMAPS connection (9,000 of them, signed in, IDLE)
  start      milliseconds from exec to the first greeting with 100,000 stored messages

Needs root (the peer's packages do), packages postfix dovecot-imapd dovecot-lmtpd dovecot-pop3d, and the programs of this folder built:
  cmake -S bench -B build/bench -G Ninja -DCMAKE_CXX_COMPILER=clang++-19 && ninja -C build/bench
Both servers keep their data below DIR, which decides which disk is measured. Everything is on loopback.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
TOOLS = TOP / "build/bench"
PASSWORD = "secret-of-load"
USERS = 100
OFFSET = 20000
SMTP, IMAP, IMAPS = 25 + OFFSET, 143 + OFFSET, 993 + OFFSET

CONFIG = """
[server]
hostname = "mail.load.example"
data_dir = "{dir}/data"
port_offset = {offset}
bind = ["127.0.0.1"]

[[tls.certificate]]
cert = "{dir}/cert.pem"
key = "{dir}/key.pem"

[auth]
allow_sign_in_without_tls = "yes, send passwords in clear"   # the peer is measured so too
argon2_memory_kib = 8192                                     # the peer hashes nothing
argon2_iterations = 1

[bans]
never = ["127.0.0.0/8"]

[limits]
unlimited = ["127.0.0.0/8"]
connections = 100000
messages_per_connection = 1000000
connections_per_account = 100000

[log]
target = "{dir}/gatepost.log"
"""


def wait_for(port, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
                if s.recv(1):
                    return
        except OSError:
            time.sleep(0.005)
    sys.exit(f"port {port} does not answer")


class Gatepost:
    login, password = "user%04d@load.example", PASSWORD
    smtp, imap, imaps = SMTP, IMAP, IMAPS

    def __init__(self, directory, binary):
        self.dir, self.binary = directory / "gatepost", binary
        self.config = self.dir / "gatepost.toml"
        self.process = None

    def tool(self, *args, stdin=None):
        subprocess.run([self.binary, "--config", self.config, *args], input=stdin, text=True, check=True, stdout=subprocess.DEVNULL)

    def prepare(self):
        if self.config.exists():
            return
        (self.dir / "data").mkdir(parents=True)
        if subprocess.run(["id", "gatepost"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            subprocess.run(["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "gatepost"], check=True)
        shutil.chown(self.dir, "gatepost")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                        "-subj", "/CN=localhost", "-keyout", self.dir / "key.pem", "-out", self.dir / "cert.pem"],
                       check=True, stderr=subprocess.DEVNULL)
        shutil.chown(self.dir / "key.pem", "gatepost")
        self.config.write_text(CONFIG.format(dir=self.dir, offset=OFFSET))
        self.tool("domain", "add", "load.example")
        for n in range(1, USERS + 1):
            self.tool("account", "add", self.login % n, "--password-stdin", stdin=PASSWORD)

    def start(self):
        self.prepare()
        begun = time.monotonic()
        self.process = subprocess.Popen([self.binary, "--config", self.config, "serve"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.smtp)
        return (time.monotonic() - begun) * 1000

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def pids(self):
        return str(self.process.pid)


class PostfixDovecot:
    login, password = "user%04d", "secret"
    smtp, imap, imaps = 2525, 2143, 2993

    def __init__(self, directory):
        self.dir = directory / "peer"

    def start(self):
        out = subprocess.run([TOP / "bench/peers/postfix-dovecot", "start", self.dir], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.server_pids = out.split("pids=")[1].strip()
        wait_for(self.smtp)

    def stop(self):
        subprocess.run([TOP / "bench/peers/postfix-dovecot", "stop", self.dir], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def pids(self):
        return self.server_pids


def load(tool, *args):
    done = subprocess.run([TOOLS / tool, *map(str, args)], stdout=subprocess.PIPE, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        sys.exit(f"{tool} gave no result: {done.stdout[-500:]}")
    return json.loads(lines[-1])


def delivery(ours, peer, rounds):
    print("delivery: accepted and in the mailbox, messages/s; medians of", rounds, "rounds in which both take turns")
    for name, size, messages in (("4 KiB", 4096, 3000), ("office mail", 0, 1000)):
        for connections in (10, 50):
            runs = {ours: [], peer: []}
            for n in range(rounds):
                # Other work on the machine slows both down alike only when they run close together, and neither always first.
                for server in (ours, peer) if n % 2 == 0 else (peer, ours):
                    # The load stays long enough on the faster server to be a measurement, short enough on the slower one.
                    count = messages * (3 if server is ours else 1) // 2
                    run = load("smtp-load", "--port", server.smtp, "--size", size, "--conns", connections, "--msgs", count,
                               "--verify-imap", server.imap, "--verify-login", server.login, "--verify-password", server.password,
                               "--server-pid", server.pids())
                    if run["lost"] or run["rejected"]:
                        print("   LOST OR REJECTED:", type(server).__name__, run)
                    # What counts is the slower of the two: accepting, and having delivered.
                    run["rate"] = min(run["msgs_per_s"], run["delivered_per_s"])
                    runs[server].append(run)
            ratios = sorted(a["rate"] / b["rate"] for a, b in zip(runs[ours], runs[peer]))
            # Each round's p99 beside the same round's median: 1 or less is the goal.
            tails = sorted(a["accept_p99_ms"] / b["accept_p50_ms"] for a, b in zip(runs[ours], runs[peer]))

            def middle(server, key):
                return statistics.median(run[key] for run in runs[server])

            print(f"   {name:12} {connections:3} connections: {middle(ours, 'rate'):6.0f}/s beside {middle(peer, 'rate'):5.0f}/s:"
                  f" {statistics.median(ratios):5.1f} x ({ratios[0]:.1f} to {ratios[-1]:.1f});"
                  f"  accept p99 {middle(ours, 'accept_p99_ms'):.1f} ms beside the peer's median {middle(peer, 'accept_p50_ms'):.1f} ms:"
                  f" {statistics.median(tails):.2f} ({tails[0]:.2f} to {tails[-1]:.2f});"
                  f"  CPU a message {middle(ours, 'server_cpu_ms_per_msg'):.2f} ms"
                  f"  (client used {middle(ours, 'client_cpu_share'):.2f} of a core)", flush=True)


def idle(ours, peer):
    print("idle: IMAPS, signed in, IDLE")
    # Memory that deliveries have let go would be used again, and not counted.
    ours.stop()
    ours.start()
    for server, count in ((ours, 9000), (peer, 500)):
        r = load("imap-load", "--port", server.imaps, "--tls", "implicit", "--mode", "ramp", "--conns", count, "--step", count, "--users", USERS,
                 "--login", server.login, "--password", server.password, "--server-pid", server.pids())
        print(f"   {type(server).__name__:15} {r['connections']:6.0f} connections, {r['kb_per_connection']:.1f} KB each", flush=True)


def start(ours):
    print("start: 100,000 stored messages")
    load("imap-load", "--port", ours.imap, "--mode", "fill", "--users", USERS, "--conns", 10, "--msgs", 100000, "--size", 2048, "--multi", 50,
         "--login", ours.login, "--password", ours.password)
    times = []
    for _ in range(5):
        ours.stop()
        times.append(ours.start())
    ours.process.kill()
    ours.process.wait()
    after_kill = ours.start()
    print(f"   {statistics.median(times):.0f} ms to the first greeting (five starts, {min(times):.0f} to {max(times):.0f}); after kill -9: {after_kill:.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", default="/var/tmp/gatepost-bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="delivery,idle,start")
    parser.add_argument("--binary", default=str(TOP / "build/release/src/gatepost"))
    parser.add_argument("--keep", action="store_true", help="leave the data for a look")
    args = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard != resource.RLIM_INFINITY else 65536, hard))
    directory = pathlib.Path(args.dir)
    os.umask(0o022)
    directory.mkdir(parents=True, exist_ok=True)
    ours, peer = Gatepost(directory, args.binary), PostfixDovecot(directory)
    parts = args.only.split(",")
    ours.start()
    peer.start()
    try:
        if "delivery" in parts:
            delivery(ours, peer, args.rounds)
        if "idle" in parts:
            idle(ours, peer)
        if "start" in parts:
            peer.stop()
            start(ours)
    finally:
        ours.stop()
        peer.stop()
        if not args.keep:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
