"""What the tests of the gate share: who connects, from where, what `gatepost gate who` says of each, and what becomes of them."""

import ipaddress
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = TOP / "build" / os.environ.get("GATEPOST_PRESET", "release") / "src" / "gatepost"

SERVER4, SERVER6 = "198.51.100.1", "2001:db8:100::1"
# Who connects: an office, its last address, its neighbour, a VPN, an administrator, a stranger.
CLIENTS4 = ["10.20.0.9", "10.20.255.255", "10.21.0.0", "10.30.0.9", "192.0.2.5", "203.0.113.9"]
CLIENTS6 = ["2001:db8:20::9", "2001:db8:20:ffff:ffff:ffff:ffff:ffff", "2001:db8:21::", "2001:db8:30::9", "2001:db8:a::5",
            "2001:db8:bad::9"]

# Connects from every source to every port at once; "open", "refused" or "silent" each.
CONNECTOR = r"""
import errno, json, select, socket, sys, time
jobs, out, waiting = json.load(sys.stdin), {}, {}
poll = select.poll()
for source, to, port in jobs:
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setblocking(False)
    s.bind((source, 0))
    s.connect_ex((to, port))
    waiting[s.fileno()] = (s, "%s>%s" % (source, port))
    poll.register(s, select.POLLOUT | select.POLLERR | select.POLLHUP)
until = time.time() + 1.8
while waiting and time.time() < until:
    for fd, _ in poll.poll(100):
        s, name = waiting.pop(fd)
        poll.unregister(fd)
        out[name] = "open" if s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0 else "refused"
        s.close()
for s, name in waiting.values():
    out[name] = "silent"
print(json.dumps(out))
"""


def run(*command, check=True, stdin=None):
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{command}: {done.returncode} {done.stdout}{done.stderr}")
    return done


def possible():
    if os.geteuid() != 0 or not shutil.which("nft"):
        return False
    name = f"gpt{os.getpid()}"
    if run("ip", "netns", "add", name, check=False).returncode != 0:
        return False
    listed = run("ip", "netns", "exec", name, "nft", "list", "ruleset", check=False)
    run("ip", "netns", "del", name, check=False)
    return listed.returncode == 0


def said_by(answer, interface="eth0"):
    """{client: (fate, proof)} of the JSON of `gatepost gate who`; fate: open, may, refused, silent, unknown."""
    words = {"open": "open", "forwarded": "open", "may": "may", "refused": "refused", "dropped": "silent", "unknown": "unknown"}
    out = {}
    for region in answer["regions"]:
        at = [ipaddress.ip_network(n) for n in region["destinations"]]
        here = any(ipaddress.ip_address(a) in n for a in (SERVER4, SERVER6) for n in at)
        if interface not in region["interfaces"] or not here:
            continue
        for network in map(ipaddress.ip_network, region["sources"]):
            for client in CLIENTS4 + CLIENTS6:
                address = ipaddress.ip_address(client)
                if address.version == network.version and address in network:
                    assert client not in out or out[client][0] == words[region["fate"]], f"two regions hold {client}"
                    out[client] = (words[region["fate"]], region["proof"])
    return out


def connects(namespace, jobs):
    """{"source>port": open, refused or silent} of real connects from `namespace`; jobs: [source, to, port]."""
    return json.loads(run("ip", "netns", "exec", namespace, "python3", "-c", CONNECTOR, stdin=json.dumps(jobs)).stdout)


PORTS = [25, 465, 587, 143, 993, 110, 995, 80, 443, 389, 636]
CONTAINER4, CONTAINER6 = "10.99.0.2", "fd99::2"

# Listens at all ports of both families until its input ends.
LISTENER = """
import socket, sys, threading
ports = [int(p) for p in sys.argv[1].split(",")]
def take(s):
    while True:
        s.accept()[0].close()
for family, any in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    for port in ports:
        s = socket.socket(family, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((any, port))
        s.listen(128)
        threading.Thread(target=take, args=(s,), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""

# Every first packet is followed. The mark that says so is no rule of anybody: it comes before all others and decides nothing.
TRACER = """table inet tracer {
 chain pre {
  type filter hook prerouting priority -350; policy accept;
  tcp flags & (syn | ack) == syn meta nftrace set 1
 }
}
"""
SYNC_PORT = 9

HEAD = """
[server]
hostname = "mail.example.org"
data_dir = "{folder}/data"
user = ""
default_listeners = false
[networks]
trusted = ["10.20.0.0/16", "2001:db8:20::/48"]
vpn = ["10.30.0.0/16", "2001:db8:30::/48"]
admin = ["192.0.2.5", "2001:db8:a::5"]
[[networks.group]]
name = "filter"
networks = ["203.0.113.0/24"]
[[tls.certificate]]
cert = "{folder}/cert.pem"
key = "{folder}/key.pem"
"""
GATE = """[gate]
state_dir = "{folder}/gate"
scope = "{scope}"
"""
SERVICES = {25: "smtp", 465: "submission", 587: "submission", 143: "imap", 993: "imap", 110: "pop3", 995: "pop3"}


def listener(port, audience, more=""):
    tls = "implicit" if port in (465, 993, 995, 443, 636) else "starttls"
    return (f"[listener.l{port}]\nservice = \"{SERVICES.get(port, 'imap')}\"\nport = {port}\ntls = \"{tls}\"\n"
            f"audience = \"{audience}\"\nreason = \"a test\"\n{more}")


def ordinary(more=None):
    audiences = {25: "internet", 465: "internet", 587: "named", 143: "trusted", 993: "internet", 110: "off", 995: "vpn",
                 80: "internet", 443: "internet", 389: "admin", 636: "trusted"}
    extra = {587: 'groups = ["filter"]\n', 143: 'networks = ["10.21.0.0"]\n'}
    extra.update(more or {})
    return "".join(listener(p, a, extra.get(p, "")) for p, a in audiences.items())


class Trace:
    """`nft monitor trace` of a namespace: what became of each first packet, and the last rule that said so."""

    def __init__(self, namespace, sync):
        self.process = subprocess.Popen(["ip", "netns", "exec", namespace, "nft", "monitor", "trace"], stdout=subprocess.PIPE,
                                        text=True)
        self.lines, self.sync = [], sync
        # From a thread: the pipe must never fill.
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def wait_for_sync(self):
        """What was sent before a packet to the port of synchronisation is in the list when that is."""
        before = len(self.lines)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            self.sync()
            for _ in range(20):
                if any(f"tcp dport {SYNC_PORT} " in line for line in self.lines[before:]):
                    return
                time.sleep(0.02)
        raise RuntimeError("nft monitor trace says nothing")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def fates(self):
        """{(source, port): [(open|refused|silent, text of the deciding rule)]}, a packet each, retransmissions too."""
        packets, current = [], {}
        for line in self.lines:
            match = re.match(r"trace id (\w+) (\w+) (\S+) (\S+) (packet:|rule|policy|verdict|unknown)\s*(.*)", line)
            if not match:
                continue
            number, _, table, _, kind, text = match.groups()
            if kind == "packet:" and table == "tracer":
                source = re.search(r"ip6? saddr (\S+)", text)
                port = re.search(r"tcp dport (\d+)", text)
                current[number] = packet = {"key": (source.group(1), int(port.group(1))), "fate": "open", "rule": ""}
                packets.append(packet)
            if number not in current or table == "tracer":
                continue
            packet = current[number]
            if kind == "rule" and text.rstrip().endswith("(verdict drop)"):
                packet["fate"] = "refused" if re.search(r"\breject\b", text) else "silent"
                packet["rule"] = text
            elif kind == "policy" and text.startswith("drop"):
                packet["fate"], packet["rule"] = "silent", "policy"
        out = {}
        for packet in packets:
            out.setdefault(packet["key"], []).append((packet["fate"], packet["rule"]))
        return out


class World(unittest.TestCase):
    """Three namespaces: the server's, its clients' and a container's behind it. Nothing touches the rules of the machine."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-gate-"))
        cls.server, cls.client, cls.container = (f"gm{x}{os.getpid()}" for x in "sck")
        cls.listeners = []
        cls.addClassCleanup(cls.clean)
        for name in (cls.server, cls.client, cls.container):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        cls.batch(cls.server, f"link add eth0 type veth peer name eth0 netns {cls.client}\n"
                              f"link add ctr0 type veth peer name eth0 netns {cls.container}\n")
        at = {}
        for name, device in ((cls.server, "eth0"), (cls.client, "eth0"), (cls.server, "ctr0"), (cls.container, "eth0")):
            run("ip", "-n", name, "link", "set", device, "up")
            at[name, device] = json.loads(run("ip", "-j", "-n", name, "link", "show", device).stdout)[0]["address"]
        # Neighbour discovery would have to pass the rules under test.
        def neighbours(addresses, device, mac):
            return "".join(f"neigh replace {a} lladdr {mac} dev {device} nud permanent\n" for a in addresses)
        cls.batch(cls.server, f"addr add {SERVER4}/32 dev eth0\naddr add {SERVER6}/128 dev eth0 nodad\n"
                              "addr add 10.99.0.1/24 dev ctr0\naddr add fd99::1/64 dev ctr0 nodad\n"
                              "route add default dev eth0\n-6 route add default dev eth0\n"
                              + neighbours(CLIENTS4 + CLIENTS6, "eth0", at[cls.client, "eth0"])
                              + neighbours([CONTAINER4, CONTAINER6], "ctr0", at[cls.container, "eth0"]))
        cls.batch(cls.client, "".join(f"addr add {a}/32 dev eth0\n" for a in CLIENTS4)
                  + "".join(f"addr add {a}/128 dev eth0 nodad\n" for a in CLIENTS6)
                  + "route add default dev eth0\n-6 route add default dev eth0\n"
                  + neighbours([SERVER4, SERVER6], "eth0", at[cls.server, "eth0"]))
        cls.batch(cls.container, f"addr add {CONTAINER4}/24 dev eth0\naddr add {CONTAINER6}/64 dev eth0 nodad\n"
                                 "route add default via 10.99.0.1\n-6 route add default via fd99::1\n"
                                 + neighbours(["10.99.0.1", "fd99::1"], "eth0", at[cls.server, "ctr0"]))
        for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            run("ip", "netns", "exec", cls.server, "sysctl", "-qw", f"{key}=1")
        for name, ports in ((cls.server, PORTS), (cls.container, [80, 993])):
            process = subprocess.Popen(["ip", "netns", "exec", name, "python3", "-c", LISTENER, ",".join(map(str, ports))],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            cls.listeners.append(process)
            assert process.stdout.readline() == "ready\n"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mail.example.org", "-days", "2", "-keyout",
            str(cls.folder / "key.pem"), "-out", str(cls.folder / "cert.pem"))

    @classmethod
    def clean(cls):
        for process in cls.listeners:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()
        for name in (cls.server, cls.client, cls.container):
            run("ip", "netns", "del", name, check=False)
        shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self):
        self.nft("flush ruleset\n")
        shutil.rmtree(self.folder / "gate", ignore_errors=True)

    @staticmethod
    def batch(namespace, lines):
        # -batch has no family option a line: those of IPv6 go by themselves.
        old = "".join(line + "\n" for line in lines.splitlines() if not line.startswith("-6 "))
        new = "".join(line[3:] + "\n" for line in lines.splitlines() if line.startswith("-6 "))
        for family, text in (("-4", old), ("-6", new)):
            if text:
                run("ip", *([family] if family == "-6" else []), "-n", namespace, "-batch", "-", stdin=text)

    def nft(self, text):
        run("ip", "netns", "exec", self.server, "nft", "-f", "-", stdin=text)

    def gatepost(self, *arguments, check=True):
        return run("ip", "netns", "exec", self.server, str(BINARY), "--config", str(self.folder / "gatepost.toml"), *arguments,
                   check=check)

    def configure(self, listeners, scope="own-ports", more=""):
        text = HEAD + GATE.replace("{scope}", scope) + listeners + more
        (self.folder / "gatepost.toml").write_text(text.replace("{folder}", str(self.folder)))

    def apply(self):
        self.gatepost("gate", "apply", "--now", "--without-daemon", "--cut-me-off")

    def compare(self, listens=lambda port: True, ports=PORTS, traced_too=True):
        """One round. Returns {(client, port): fate of the connect}, and asserts that all three answers agree."""
        def sync():
            run("ip", "netns", "exec", self.client, "python3", "-c", "import socket,sys\ns=socket.socket()\ns.setblocking(False)\n"
                f"s.bind(('{CLIENTS4[0]}',0))\ns.connect_ex(('{SERVER4}',{SYNC_PORT}))")
        self.nft(TRACER)
        trace = Trace(self.server, sync)
        try:
            trace.wait_for_sync()
            jobs = [(c, to, p) for clients, to in ((CLIENTS4, SERVER4), (CLIENTS6, SERVER6)) for c in clients for p in ports]
            real = connects(self.client, jobs)
            trace.wait_for_sync()
            traced = trace.fates()
        finally:
            trace.close()
            self.nft("delete table inet tracer\n")
        out = {}
        for port in ports:
            said = said_by(json.loads(self.gatepost("--json", "gate", "who", str(port)).stdout))
            for client in CLIENTS4 + CLIENTS6:
                where = f"{client} to {port}"
                fate, proof = said[client]
                connected, packets = real[f"{client}>{port}"], traced[client, port]
                kernel = {f for f, _ in packets}
                # A connection that was silent at first and let in when it was tried again is open.
                judged = "open" if "open" in kernel else "refused" if "refused" in kernel else "silent"
                if not traced_too:
                    judged = connected
                self.assertEqual(connected, judged if judged != "open" or listens(port) else "refused", f"{where}: {packets}")
                if fate == "may":
                    self.assertIn(judged, ("open", "silent"), where)
                else:
                    self.assertEqual(fate, judged, f"{where}: {proof}, {packets}")
                    named = traced_too and re.search(r'comment "([^"]*)"', packets[-1][1])
                    if named:
                        self.assertIn(f'"{named.group(1)}"', proof[-1], where)
                out[client, port] = judged
        return out

    def open_to(self, outcome, port):
        return {client for (client, p), fate in outcome.items() if p == port and fate == "open"}
