#!/usr/bin/env python3
"""One large mailbox: Gatepost beside Debian's Dovecot 2.3 and Cyrus 3.6, the same operations on each, one after the other.

mailbox.py [--dir DIR] [--messages 100000,1000000] [--servers gatepost,dovecot,cyrus] [--only NAME,...] [--binary FILE]

For each operation: wall milliseconds and seconds of the server's processors (all of its processes, as the kernel counts them), and how many
times less processor time Gatepost needed than the better peer. Needs root, packages dovecot-imapd and cyrus-imapd (Debian does not allow both
at once: `bench/peers/unpack-cyrus` unpacks the latter below /opt/cyrus-peer), and the load programs of this folder:
  cmake -S bench -B build/bench -G Ninja -DCMAKE_CXX_COMPILER=clang++-19 && ninja -C build/bench
A mailbox that is filled already is used as it is (--keep leaves it), so that a second run is quick.
"""

import argparse
import ctypes
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
TOOLS = TOP / "build/bench"
PASSWORD = "secret-of-load"
USERS = 60
MIXERS, WATCHED = (11, 20), 40  # user numbers: 20 mailboxes of the mixed load; the one that is watched
TICK = os.sysconf("SC_CLK_TCK")


# ---- the servers ---------------------------------------------------------------------------------------------------

def wait_for(port, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
                if s.recv(1):
                    return
        except OSError:
            time.sleep(0.01)
    sys.exit(f"port {port} does not answer")


def system_user(name, group):
    if subprocess.run(["getent", "passwd", name], stdout=subprocess.DEVNULL).returncode != 0:
        subprocess.run(["useradd", "--system", *(["-g", group] if group else ["-U"]), "-d", "/nonexistent", "-s", "/usr/sbin/nologin", name], check=True)


def certificate(directory):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=localhost",
                    "-keyout", directory / "key.pem", "-out", directory / "cert.pem"], check=True, stderr=subprocess.DEVNULL)


def argon2id(password):
    """The hash that Gatepost is configured to make below, as Dovecot reads it."""
    sodium = ctypes.CDLL("libsodium.so.23")
    out = ctypes.create_string_buffer(128)
    if sodium.sodium_init() < 0 or sodium.crypto_pwhash_str_alg(out, password.encode(), ctypes.c_ulonglong(len(password)), ctypes.c_ulonglong(1),
                                                                ctypes.c_size_t(8192 * 1024), 2) != 0:
        sys.exit("libsodium cannot hash")
    return out.value.decode()


class Gatepost:
    name, login, port = "gatepost", "user%04d@load.example", 20143

    def __init__(self, directory, binary):
        self.dir, self.binary = directory / "gatepost", binary

    def tool(self, *args, stdin=None):
        subprocess.run([self.binary, "--config", self.dir / "gatepost.toml", *args], input=stdin, text=True, check=True, stdout=subprocess.DEVNULL)

    def prepare(self):
        if (self.dir / "ready").exists():
            return
        (self.dir / "data").mkdir(parents=True, exist_ok=True)
        system_user("gatepost", None)
        shutil.chown(self.dir, "gatepost")
        certificate(self.dir)
        shutil.chown(self.dir / "key.pem", "gatepost")
        (self.dir / "gatepost.toml").write_text(f'''
[server]
hostname = "mail.load.example"
data_dir = "{self.dir}/data"
port_offset = 20000
bind = ["127.0.0.1"]
[[tls.certificate]]
cert = "{self.dir}/cert.pem"
key = "{self.dir}/key.pem"
[auth]
allow_sign_in_without_tls = "yes, send passwords in clear"
argon2_memory_kib = 8192
argon2_iterations = 1
[bans]
never = ["127.0.0.0/8"]
[limits]
unlimited = ["127.0.0.0/8"]
connections = 100000
messages_per_connection = 1000000
connections_per_account = 100000
[log]
target = "{self.dir}/gatepost.log"
''')
        self.tool("domain", "add", "load.example")
        for n in range(1, USERS + 1):
            self.tool("account", "add", self.login % n, "--password-stdin", stdin=PASSWORD)
        (self.dir / "ready").touch()

    def start(self):
        self.prepare()
        self.process = subprocess.Popen([self.binary, "--config", self.dir / "gatepost.toml", "serve"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        wait_for(self.port)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Dovecot:
    """Maildir, all else as Debian has it; the password hash costs what Gatepost's does."""
    name, login, port = "dovecot", "user%04d", 22143

    def __init__(self, directory, _):
        self.dir = directory / "dovecot"

    def start(self):
        system_user("vmail", None)
        (self.dir / "mail").mkdir(parents=True, exist_ok=True)
        shutil.chown(self.dir / "mail", "vmail", "vmail")
        hashed = argon2id(PASSWORD)
        (self.dir / "users").write_text("".join(f"user{n:04d}:{{ARGON2ID}}{hashed}\n" for n in range(1, USERS + 1)))
        (self.dir / "dovecot.conf").write_text(f'''
base_dir = {self.dir}/run
log_path = {self.dir}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{self.dir}/mail/%u
mail_fsync = optimized
first_valid_uid = 1
mail_max_userip_connections = 1000
passdb {{
  driver = passwd-file
  args = {self.dir}/users
}}
userdb {{
  driver = static
  args = uid=vmail gid=vmail home={self.dir}/mail/%u
}}
default_process_limit = 2000
default_client_limit = 20000
default_vsz_limit = 0
service imap-login {{
  inet_listener imap {{
    port = {self.port}
  }}
}}
''')
        subprocess.run(["dovecot", "-c", self.dir / "dovecot.conf"], check=True)
        wait_for(self.port)
        self.pid = int((self.dir / "run/master.pid").read_text())

    def stop(self):
        subprocess.run(["doveadm", "-c", self.dir / "dovecot.conf", "stop"], stdout=subprocess.DEVNULL)


class Cyrus:
    """sasldb passwords, which are not hashed; all else by default, with idled."""
    name, login, port = "cyrus", "user%04d", 23143
    root = pathlib.Path("/opt/cyrus-peer/usr/lib")

    def __init__(self, directory, _):
        self.dir = directory / "cyrus"

    def start(self):
        system_user("cyrus", "mail")
        fresh = not (self.dir / "ready").exists()
        for name in ("conf/db", "conf/socket", "conf/log", "conf/msg", "conf/proc", "conf/lock", "conf/sync", "conf/backup", "mail"):
            (self.dir / name).mkdir(parents=True, exist_ok=True)
        (self.dir / "imapd.conf").write_text(f'''
configdirectory: {self.dir}/conf
defaultpartition: default
partition-default: {self.dir}/mail
admins: cyrus
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {self.dir}/sasldb2
sasl_mech_list: PLAIN LOGIN
servername: localhost
unixhierarchysep: yes
altnamespace: yes
maxlogins_per_user: 0
''')
        binaries = self.root / "cyrus/bin"
        (self.dir / "cyrus.conf").write_text(f'''
START {{
  recover cmd="{binaries}/ctl_cyrusdb -C {self.dir}/imapd.conf -r"
}}
SERVICES {{
  imap cmd="{binaries}/imapd -C {self.dir}/imapd.conf -U 100000" listen="127.0.0.1:{self.port}" prefork=2 maxchild=1000
}}
DAEMON {{
  idled cmd="{binaries}/idled -C {self.dir}/imapd.conf"
}}
EVENTS {{
  checkpoint cmd="{binaries}/ctl_cyrusdb -C {self.dir}/imapd.conf -c" period=600
}}
''')
        if fresh:
            for user in ["cyrus"] + [self.login % n for n in range(1, USERS + 1)]:
                subprocess.run(["saslpasswd2", "-f", self.dir / "sasldb2", "-u", "localhost", "-p", "-c", user], input=PASSWORD, text=True, check=True)
            subprocess.run(["chown", "-R", "cyrus:mail", self.dir], check=True)
        self.process = subprocess.Popen([binaries / "master", "-C", self.dir / "imapd.conf", "-M", self.dir / "cyrus.conf", "-p", self.dir / "pid"],
                                        env=os.environ | {"LD_LIBRARY_PATH": str(self.root / "x86_64-linux-gnu")}, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for(self.port)
        self.pid = self.process.pid
        if fresh:
            with Imap(self, "cyrus") as admin:
                for n in range(1, USERS + 1):
                    admin.run("CREATE user/" + self.login % n)
            (self.dir / "ready").touch()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


# ---- what the server uses ------------------------------------------------------------------------------------------

def tree(pid):
    pids = [pid]
    for p in pids:
        try:
            for task in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{task}/children") as f:
                    pids += map(int, f.read().split())
        except OSError:
            pass
    return pids


def cpu(pid):
    """Seconds: of processes that run by the clock of each (clock_getcpuclockid(3)), to a nanosecond; of those that have ended in ticks of 10 ms."""
    seconds, ticks = 0.0, 0
    for p in tree(pid):
        try:
            seconds += time.clock_gettime((~p << 3) | 2)
            with open(f"/proc/{p}/stat") as f:
                ticks += sum(map(int, f.read().rsplit(")", 1)[1].split()[13:15]))
        except OSError:
            pass
    return seconds + ticks / TICK


def settle(pid):
    """Until it has done what it does by itself after many messages came: indexes, caches, compaction."""
    for _ in range(1800):
        before = cpu(pid)
        time.sleep(1)
        if cpu(pid) - before < 0.01:
            return


def memory(pid):
    kib = 0
    for p in tree(pid):
        try:
            with open(f"/proc/{p}/smaps_rollup") as f:
                kib += sum(int(line.split()[1]) for line in f if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
        except OSError:
            pass
    return kib / 1024


# ---- a client ------------------------------------------------------------------------------------------------------

class Imap:
    def __init__(self, server, user, timeout=3600):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.count = 0
        self.socket.recv(65536)
        self.run(f"LOGIN {user} {PASSWORD}")
        self.capabilities = self.run("CAPABILITY").split()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def run(self, command, keep=True):
        """The answer; its octets alone with keep=False."""
        self.count += 1
        tag = f"zz{self.count:06d}"
        self.socket.sendall(f"{tag} {command}\r\n".encode() if isinstance(command, str) else tag.encode() + b" " + command + b"\r\n")
        return self.answer(tag, keep)

    def answer(self, tag, keep=True):
        end = ("\r\n" + tag + " ").encode()
        tail, kept, octets = b"\r\n", [], 0
        while True:
            data = self.socket.recv(1 << 20)
            if not data:
                raise OSError("the server closed the connection")
            octets += len(data)
            if keep:
                kept.append(data)
            tail = (tail + data)[-4096:]
            at = tail.rfind(end)
            if at >= 0 and tail.endswith(b"\r\n"):
                line = tail[at + len(end):]
                if not line.startswith(b"OK"):
                    raise OSError("refused: " + line.decode(errors="replace"))
                return b"".join(kept).decode(errors="replace") if keep else octets


def number(answer, word):
    rest = answer.split(word + " ", 1)[1]
    return int("".join(c for c in rest.split("]")[0].split(")")[0].split()[0] if c.isdigit()))


# ---- the mail ------------------------------------------------------------------------------------------------------

class Mail:
    """Message n is the same everywhere: two alternatives, threads of four, a subject that one in a thousand has, a word that one has."""

    def __init__(self, total):
        dice = random.Random(1)
        letters = "etaoinshrdlucmfwypvbgk"
        self.words = ["".join(dice.choice(letters) for _ in range(dice.randint(3, 9))) for _ in range(3000)]
        self.lines = [" ".join(self.words[int(3000 * dice.random() ** 3)] for _ in range(9)) for _ in range(4000)]
        self.rare = total // 3

    def make(self, n):
        dice = random.Random(n)
        lines = self.lines
        first = dice.randrange(3980)
        text = "\r\n".join(lines[first:first + 6])
        if n % 1000 == 7:
            text += "\r\nxylophone"
        if n == self.rare:
            text += "\r\nquetzalcoatlus"
        thread = n - n % 4
        subject = ("Re: " if n % 4 else "") + lines[thread % 4000][:40] + (" harpsichord" if n % 1000 == 9 else "")
        when = time.strftime("%d %b %Y %H:%M:%S +0000", time.gmtime(1600000000 + (n * 7919 % 100000000)))
        reference = f"In-Reply-To: <{n - 1}@load.example>\r\nReferences: <{thread}@load.example> <{n - 1}@load.example>\r\n" if n % 4 else ""
        message = (f"From: {self.words[n % 3000]} <{self.words[n % 3000]}@load.example>\r\nTo: user@load.example\r\nSubject: {subject}\r\nDate: {when}\r\n"
                   f"Message-ID: <{n}@load.example>\r\n{reference}MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b{n}\r\n\r\n"
                   f"--b{n}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
                   f"--b{n}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>{text}</p></body></html>\r\n--b{n}--\r\n")
        return message.encode()


def append(client, mailbox, messages):
    """One APPEND; of several messages by MULTIAPPEND."""
    client.count += 1
    tag = f"zz{client.count:06d}"
    client.socket.sendall(f"{tag} APPEND {mailbox}".encode() + b"".join(b" (\\Seen) {%d+}\r\n%b" % (len(m), m) for m in messages) + b"\r\n")
    client.answer(tag)


def fill(server, user, total):
    with Imap(server, server.login % user) as client:
        have = number(client.run("STATUS INBOX (MESSAGES)"), "MESSAGES")
        if have >= total:
            return
        mail = Mail(total)
        begun, step = time.monotonic(), 200 if "MULTIAPPEND" in client.capabilities else 1
        for n in range(have, total, step):
            append(client, "INBOX", [mail.make(i) for i in range(n, min(n + step, total))])
        print(f"   filled {server.name} with {total}: {(total - have) / (time.monotonic() - begun):.0f} messages/s", file=sys.stderr, flush=True)


# ---- the operations ------------------------------------------------------------------------------------------------

ORDERS = {name: f"{name} UTF-8 ALL" for name in ("SORT (DATE)", "SORT (SUBJECT)", "SORT (FROM)", "THREAD REFERENCES")}
SEARCHES = {"SEARCH SUBJECT": "SEARCH SUBJECT harpsichord", "SEARCH BODY word": "SEARCH BODY xylophone",
            "SEARCH BODY rare word": "SEARCH BODY quetzalcoatlus"}

class Bench:
    def __init__(self, server, user, total, only):
        self.server, self.user, self.total, self.only = server, server.login % user, total, only
        self.results = {}
        self.dice = random.Random(5)

    def wanted(self, name):
        return not self.only or any(name.startswith(o) for o in self.only)

    def timed(self, name, work, at_least=1.0, most=200, per=1):
        """Repeats until the ticks of the kernel's clock do not matter; once is enough for what takes long."""
        if not self.wanted(name):
            return
        runs, walls = 0, []
        try:
            before = cpu(self.server.pid)
            begun = time.monotonic()
            while True:
                t = time.monotonic()
                work()
                walls.append(time.monotonic() - t)
                runs += 1
                if runs >= most or time.monotonic() - begun > at_least:
                    break
            used = cpu(self.server.pid) - before
            self.keep(name, sorted(walls)[len(walls) // 2] * 1000 / per, used / runs / per)
        except OSError as e:
            self.keep(name, None, None, str(e))

    def keep(self, name, wall_ms, cpu_s, note=""):
        self.results[name] = {"wall_ms": wall_ms, "cpu_s": cpu_s, "note": note}
        print(f"   {self.server.name:9} {self.total:8} {name:34} " +
              (f"{wall_ms:10.2f} ms wall {cpu_s * 1000:10.3f} ms cpu" if wall_ms is not None else note), file=sys.stderr, flush=True)

    def part(self, width):
        first = self.dice.randrange(1, max(2, self.total - width))
        return f"{first}:{first + width - 1}"

    def run(self):
        settle(self.server.pid)
        self.afresh()
        with Imap(self.server, self.user) as c, Imap(self.server, self.user) as other:
            c.run("SELECT INBOX")  # what the first look costs is not what is measured
            self.timed("SELECT", lambda: c.run("SELECT INBOX"))
            self.select_with_news(other)
            self.timed("STATUS", lambda: other.run("STATUS INBOX (MESSAGES UIDNEXT UNSEEN HIGHESTMODSEQ)"))
            self.timed("FETCH 1:* (UID FLAGS)", lambda: c.run("FETCH 1:* (UID FLAGS)", keep=False), most=5)
            self.timed("FETCH 50 ENVELOPE BODYSTRUCTURE", lambda: c.run(f"FETCH {self.part(50)} (ENVELOPE BODYSTRUCTURE)"))
            signs = iter(lambda: self.dice.choice("+-"), None)
            self.timed("STORE 1000 flags", lambda: c.run(f"STORE {self.part(1000)} {next(signs)}FLAGS.SILENT (\\Flagged)"), most=20)
            self.resync(other)
            mail = Mail(self.total)
            extra = iter(range(self.total, 1 << 31))
            self.timed("APPEND", lambda: append(other, "INBOX", [mail.make(next(extra))]), most=2000)
            c.run("NOOP")
            self.memory(c)
            for name, command in SEARCHES.items():
                self.timed(name, lambda: c.run(command, keep=False), most=3)
            for name, command in ORDERS.items():
                if self.wanted(name):
                    c.run(command, keep=False)  # the first is measured by afresh()
                self.timed(name, lambda: c.run(command, keep=False), most=3)

    def afresh(self):
        """What is first asked of a server that has just started; what the kernel has read of its files stays in memory. Somebody has asked the same
        of the process before, and each server had time to write down what it wants to find again (Dovecot and Cyrus do so as they answer)."""
        asked = {n: c for n, c in ({"FETCH 1:* (UID FLAGS)": "FETCH 1:* (UID FLAGS)"} | ORDERS | SEARCHES).items() if self.wanted(n + ", first")}
        with Imap(self.server, self.user) as c:
            c.run("SELECT INBOX")
            for command in asked.values():
                c.run(command, keep=False)
        time.sleep(12 if asked else 0)
        for name, command in asked.items():
            self.server.stop()
            self.server.start()
            with Imap(self.server, self.user) as c:
                c.run("SELECT INBOX")
                settle(self.server.pid)
                self.timed(name + ", first", lambda: c.run(command, keep=False), most=1)

    def select_with_news(self, other):
        """Opening it when a message has come since it was opened last: what a SELECT mostly meets."""
        name = "SELECT, one new message"
        if not self.wanted(name):
            return
        used, walls, mail = [], [], Mail(self.total)
        with Imap(self.server, self.user) as c:
            for n in range(10):
                append(other, "INBOX", [mail.make(self.total + n)])
                before, begun = cpu(self.server.pid), time.monotonic()
                c.run("SELECT INBOX")
                walls.append(time.monotonic() - begun)
                used.append(cpu(self.server.pid) - before)
                c.run("UNSELECT")
        self.keep(name, sorted(walls)[5] * 1000, sorted(used)[5])

    def resync(self, other):
        with Imap(self.server, self.user) as c:
            c.run("ENABLE QRESYNC")
            opened = c.run("SELECT INBOX")
            known = f"{number(opened, '[UIDVALIDITY')} {number(opened, '[HIGHESTMODSEQ')}"
            c.run("UNSELECT")
            other.run("SELECT INBOX")
            other.run(f"STORE {self.total // 2} +FLAGS.SILENT ($Once{self.dice.randrange(100)})")
            other.run("UNSELECT")
            self.timed("QRESYNC after one change", lambda: c.run(f"SELECT INBOX (QRESYNC ({known}))"))

    def memory(self, client):
        """What the server holds beyond what it had, at most, while it sends the whole list to a client that reads slowly at first."""
        name = "memory streaming FETCH 1:*"
        if not self.wanted(name):
            return
        before, peak, done = memory(self.server.pid), 0.0, threading.Event()

        def watch():
            nonlocal peak
            while not done.is_set():
                peak = max(peak, memory(self.server.pid))
                time.sleep(0.02)

        watcher = threading.Thread(target=watch)
        watcher.start()
        client.run("FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)", keep=False)
        done.set()
        watcher.join()
        self.results[name] = {"mib": max(0.0, peak - before)}
        print(f"   {self.server.name:9} {self.total:8} {name:34} {max(0.0, peak - before):10.1f} MiB", file=sys.stderr, flush=True)

    def tool(self, name, *args, per="ops"):
        if not self.wanted(name):
            return
        before = cpu(self.server.pid)
        begun = time.monotonic()
        done = subprocess.run([TOOLS / "imap-load", "--port", str(self.server.port), "--login", self.server.login, "--password", PASSWORD, *map(str, args)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wall, used = time.monotonic() - begun, cpu(self.server.pid) - before
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        count = json.loads(lines[-1]).get(per, 0) if lines else 0
        if not count:
            return self.keep(name, None, None, "failed: " + (done.stdout + done.stderr)[-200:])
        self.keep(name, wall / count * 1000, used / count)

    def many(self):
        """What does not depend on the large mailbox."""
        if self.wanted("mixed load, 20 connections"):
            for user in range(MIXERS[0], MIXERS[0] + MIXERS[1]):
                with Imap(self.server, self.server.login % user) as c:
                    have = number(c.run("STATUS INBOX (MESSAGES)"), "MESSAGES")
                    mail = Mail(1 << 30)
                    if have < 500:
                        for n in range(have, 500, 50):
                            if "MULTIAPPEND" in c.capabilities:
                                append(c, "INBOX", [mail.make(i) for i in range(n, n + 50)])
                            else:
                                for i in range(n, n + 50):
                                    append(c, "INBOX", [mail.make(i)])
        shift = lambda first: self.server.login.replace("%04d", f"{first // 10:03d}%01d")
        self.tool("mixed load, 20 connections", "--mode", "mix", "--conns", 20, "--users", 9, "--seconds", 8, "--login", shift(11), "--size", 4096)
        self.tool("IDLE fan-out to 200 watchers", "--mode", "idle", "--conns", 200, "--rounds", 8, "--login", self.server.login.replace("%04d", "004%01d"),
                  "--size", 2048, per="notifications")
        self.tool("sign-in, SELECT, LOGOUT", "--mode", "login", "--conns", 10, "--ops", 600, "--users", 9)


# ---- the table -----------------------------------------------------------------------------------------------------

def table(results, sizes, names):
    operations = list(dict.fromkeys(op for r in results.values() for op in r))
    print("\nprocessor milliseconds of the server for each operation (wall milliseconds), and the better peer's share divided by Gatepost's\n")
    for size in sizes:
        print(f"| {size:,} messages | " + " | ".join(names) + " | ratio |" if size else "| many connections | " + " | ".join(names) + " | ratio |")
        print("|---|" + "---|" * (len(names) + 1))
        for op in operations:
            cells, peers, ours = [], [], None
            for name in names:
                r = results.get((name, size), {}).get(op)
                value = None
                if r is None:
                    cells.append("")
                elif "mib" in r:
                    cells.append(f"{r['mib']:.1f} MiB")
                elif r["wall_ms"] is None:
                    cells.append("refused")
                else:
                    cells.append(f"{r['cpu_s'] * 1000:.3f} ({r['wall_ms']:.2f})")
                    value = r["cpu_s"]
                if value is not None:
                    if name == "gatepost":
                        ours = value
                    else:
                        peers.append(value)
            if any(cells):
                ratio = f"{min(peers) / ours:.1f}" if peers and ours else ""
                print(f"| {op} | " + " | ".join(cells) + f" | {ratio} |")
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", default="/var/tmp/gatepost-mailbox")
    parser.add_argument("--messages", default="100000,1000000")
    parser.add_argument("--servers", default="gatepost,dovecot,cyrus")
    parser.add_argument("--only", default="", help="operations whose names begin so")
    parser.add_argument("--binary", default=str(TOP / "build/release/src/gatepost"))
    parser.add_argument("--fill-only", action="store_true")
    parser.add_argument("--many", type=int, default=1, help="0: without the operations of many connections")
    parser.add_argument("--keep", action="store_true", help="leave the data for another run")
    parser.add_argument("--json", help="write all figures there")
    args = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    directory = pathlib.Path(args.dir)
    os.umask(0o022)
    directory.mkdir(parents=True, exist_ok=True)
    sizes = [int(n) for n in args.messages.split(",") if n]
    names = args.servers.split(",")
    only = [o for o in args.only.split(",") if o]
    results = {}
    for name in names:
        server = {"gatepost": Gatepost, "dovecot": Dovecot, "cyrus": Cyrus}[name](directory, args.binary)
        server.start()
        try:
            for user, size in enumerate(sizes, 1):
                fill(server, user, size)
                if args.fill_only:
                    continue
                bench = Bench(server, user, size, only)
                bench.run()
                results[name, size] = bench.results
            if args.many and not args.fill_only:
                bench = Bench(server, 1, 0, only)
                bench.many()
                results[name, 0] = bench.results
        finally:
            server.stop()
    if not args.fill_only:
        table(results, sizes + [0] * bool(args.many), names)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps([{"server": s, "messages": n, "operations": r} for (s, n), r in results.items()], indent=1))
    if not args.keep:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
