#!/usr/bin/env python3
"""The directory: Gatepost beside Debian's slapd 2.5 (mdb), the same entries and searches on each, one after the other, in rounds.

directory.py [--dir DIR] [--entries 10000,200000] [--rounds 3] [--ops 40000] [--servers gatepost,slapd] [--binary FILE]

For each search: answers a second, microseconds of the server's processors for one, and how many times less Gatepost needed. Needs root, `bench/peers/unpack-slapd`
once before, ldap-utils, and the load programs of this folder. slapd indexes what Gatepost does of these attributes. Entries come from
make_directory.py; Gatepost gets them by LDAP, slapd by slapadd. A bind is of one person again and again: Gatepost has checked the
argon2id hash once and remembers, slapd keeps a salted SHA-1, which costs next to nothing.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

from mailbox import TICK, certificate, system_user

TOP = pathlib.Path(__file__).resolve().parents[1]
LOAD = TOP / "build/bench/ldap-load"
PASSWORD = "secret-of-load"
PEER = pathlib.Path("/opt/slapd-peer")
BASE = "dc=load,dc=example"
ADMIN = "admin@load.example"
PERSON = "user00001"


def wait_for(port, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"port {port} does not answer")


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_mb(pid):
    return next(int(line.split()[1]) / 1024 for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))


class Gatepost:
    name, port = "gatepost", 20389
    bind = ["--bind-dn", ADMIN, "--bind-password", PASSWORD]
    search = ["-D", ADMIN, "-w", PASSWORD]
    person = PASSWORD

    def __init__(self, directory, binary, entries):
        self.dir, self.binary, self.entries = directory / f"gatepost-{entries}", binary, entries

    def tool(self, *args, stdin=None):
        subprocess.run([self.binary, "--config", self.dir / "gatepost.toml", *args], input=stdin, text=True, check=True, stdout=subprocess.DEVNULL)

    def start(self):
        fresh = not (self.dir / "ready").exists()
        if fresh:
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
[limits]
unlimited = ["127.0.0.0/8"]
[ldap]
size_limit = 0
[log]
target = "{self.dir}/gatepost.log"
''')
            self.tool("domain", "add", "load.example")
            self.tool("account", "add", ADMIN, "--password-stdin", stdin=PASSWORD)
            self.tool("account", "set", ADMIN, "role=admin")
        self.process = subprocess.Popen([self.binary, "--config", self.dir / "gatepost.toml", "serve"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        wait_for(self.port)
        if fresh:
            self.fill()
            self.tool("account", "passwd", PERSON + "@load.example", "--password-stdin", stdin=PASSWORD)
            (self.dir / "ready").touch()
            self.stop()
            self.start()

    def fill(self):
        ldif = self.dir / "people.ldif"
        with open(ldif, "w") as out:
            for i in range(1, self.entries + 1):
                user = f"user{i:05d}"
                out.write(f"dn: uid={user},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: {user}\ncn: Person {i}\nsn: Number{i}\ngivenName: Person\n"
                          f"telephoneNumber: +49 30 {i:07d}\ntitle: Clerk\nl: Berlin\n\n")
        subprocess.run(["ldapadd", "-x", "-H", f"ldap://127.0.0.1:{self.port}", *self.search, "-f", ldif], check=True, stdout=subprocess.DEVNULL)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Slapd:
    name, port = "slapd", 21389
    bind, search = [], []  # anonymous may read, which costs it nothing
    person = "secret"  # of make_directory.py
    binary = PEER / "usr/sbin/slapd"  # one program under several names
    env = dict(os.environ, LD_LIBRARY_PATH=f"{PEER}/usr/lib:{PEER}/usr/lib/x86_64-linux-gnu")

    def __init__(self, directory, _, entries):
        self.dir, self.entries = directory / f"slapd-{entries}", entries

    def start(self):
        if not (self.dir / "ready").exists():
            (self.dir / "db").mkdir(parents=True, exist_ok=True)
            ldif = subprocess.run([sys.executable, TOP / "bench/make_directory.py", str(self.entries)], check=True, stdout=subprocess.PIPE).stdout
            (self.dir / "dir.ldif").write_bytes(ldif)
            (self.dir / "slapd.conf").write_text(f'''
include {PEER}/etc/ldap/schema/core.schema
include {PEER}/etc/ldap/schema/cosine.schema
include {PEER}/etc/ldap/schema/inetorgperson.schema
modulepath {PEER}/usr/lib/ldap
moduleload back_mdb
pidfile {self.dir}/pid
sizelimit unlimited
database mdb
maxsize 4294967296
suffix "{BASE}"
directory {self.dir}/db
index objectClass eq
index uid,mail,cn,sn,givenName,telephoneNumber eq,sub
access to * by * read
''')
            subprocess.run(["slapadd", "-q", "-f", self.dir / "slapd.conf", "-l", self.dir / "dir.ldif"], executable=self.binary, env=self.env, check=True,
                           stdout=subprocess.DEVNULL)
            (self.dir / "ready").touch()
        self.process = subprocess.Popen(["slapd", "-d", "0", "-f", self.dir / "slapd.conf", "-h", f"ldap://127.0.0.1:{self.port}"],
                                        executable=self.binary, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        wait_for(self.port)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def load(server, entries, ops, *more):
    done = subprocess.run([LOAD, "--port", str(server.port), "--entries", str(entries), "--conns", "10", "--ops", str(ops), "--server-pid", str(server.pid),
                           *server.bind, *more], stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    if found["wrong_answers"]:
        sys.exit(f"{server.name}: {found['wrong_answers']} wrong answers to {more}")
    return {"per_s": found["ops_per_s"], "us": found["server_cpu_us_per_op"]}


def read_all(server, entries):
    """As often as it takes for the kernel's ticks of 10 ms not to matter."""
    times = max(1, 400_000 // entries)
    before, began = cpu(server.pid), time.monotonic()
    for _ in range(times):
        out = subprocess.run(["ldapsearch", "-LLL", "-x", "-H", f"ldap://127.0.0.1:{server.port}", *server.search, "-b", f"ou=people,{BASE}", "-s", "one",
                              "-E", "pr=1000/noprompt", "(sn=*)", "cn", "mail", "telephoneNumber"], stdout=subprocess.PIPE, text=True, check=True).stdout
        count = out.count("\ndn: ") + out.startswith("dn: ")
        if count < entries:
            sys.exit(f"{server.name}: {count} of {entries} entries")
    took = time.monotonic() - began
    return {"per_s": times * count / took, "us": (cpu(server.pid) - before) * 1e6 / (times * count)}


def measure(server, entries, ops):
    return {"uid equals": load(server, entries, ops),
            "uid equals, 8 in flight": load(server, entries, 4 * ops, "--depth", "8"),
            "uid equals, all attributes": load(server, entries, ops, "--attrs", ""),
            "mail equals": load(server, entries, ops, "--filter-attr", "mail", "--uid", "user%05d@load.example"),
            "part of mail": load(server, entries, ops // 8, "--filter-attr", "mail", "--match", "sub", "--uid", "er%05d@"),
            "bind, hash not counted": load(server, entries, ops, "--mode", "bind", "--user-dn", f"uid={PERSON},ou=people,{BASE}", "--password", server.person),
            "all, in pages of 1000": read_all(server, entries)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=pathlib.Path, default=pathlib.Path("/var/tmp/gatepost-directory"))
    parser.add_argument("--entries", default="10000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ops", type=int, default=40000)
    parser.add_argument("--servers", default="gatepost,slapd")
    parser.add_argument("--binary", type=pathlib.Path, default=TOP / "build/release/src/gatepost")
    args = parser.parse_args()
    args.dir.mkdir(parents=True, exist_ok=True)
    os.chmod(args.dir, 0o755)
    for entries in map(int, args.entries.split(",")):
        rounds, memory = [], {}
        servers = [kind(args.dir, args.binary, entries) for kind in (Gatepost, Slapd) if kind.name in args.servers.split(",")]
        for server in servers:
            server.start()
        for _ in range(args.rounds):
            rounds.append({server.name: measure(server, entries, args.ops) for server in servers})
        for server in servers:
            memory[server.name] = rss_mb(server.pid)
            server.stop()
        print(f"\n{entries} entries; resident: " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in memory.items()))
        print(f"{'':28}" + "".join(f"{s.name + '/s':>14}{s.name + ' us':>14}" for s in servers) + ("   less processor time" if len(servers) == 2 else ""))
        for what in rounds[0][servers[0].name]:
            row = [{key: statistics.median(r[s.name][what][key] for r in rounds) for key in ("per_s", "us")} for s in servers]
            ratio = statistics.median(r["slapd"][what]["us"] / r["gatepost"][what]["us"] for r in rounds) if len(servers) == 2 else None
            print(f"{what:28}" + "".join(f"{r['per_s']:14.0f}{r['us']:14.1f}" for r in row) + (f"   {ratio:.1f} x" if ratio else ""), flush=True)


if __name__ == "__main__":
    main()
