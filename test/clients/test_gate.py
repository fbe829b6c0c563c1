"""The gate in network namespaces: real connects against what `gatepost gate who` says, and a change that undoes itself.

Nothing here touches the rules of the machine: the server runs in a namespace of its own, its clients in another."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from demo import TOP
from gate_world import BINARY, CLIENTS4, CLIENTS6, SERVER4, SERVER6, connects, possible, run, said_by

PORTS = [25, 80, 110, 143, 389, 443, 465, 587, 636, 993, 995, 1993, 2525, 9464, 9465]

CONFIG = """
[server]
hostname = "mail.example.org"
data_dir = "{folder}/data"
user = ""
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
# These clients connect to every port without a word, again and again.
[bans]
automatic = false
[gate]
state_dir = "{folder}/gate"
[listener.imap]
audience = "{imap}"
networks = ["10.21.0.0"]
[listener.imaps]
audience = "trusted"
[listener.pop3]
audience = "off"
[listener.pop3s]
audience = "vpn"
[listener.submission]
audience = "named"
groups = ["filter"]
[listener.imaps-v4]
service = "imap"
port = 1993
tls = "implicit"
audience = "trusted"
address = "198.51.100.1"
reason = "a test"
[listener.smtp-2525]
service = "smtp"
port = 2525
connections_per_minute = 600
reason = "a test"
[listener.metrics]
address = "*"
[listener.metrics-2]
service = "metrics"
port = 9465
audience = "vpn"
reason = "a test"
"""


@unittest.skipUnless(possible(), "needs root, network namespaces and nft")
class Gate(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-gate-"))
        self.server, self.client = f"gps{os.getpid()}", f"gpc{os.getpid()}"
        self.daemon = None
        self.addCleanup(self.clean)
        for name in (self.server, self.client):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", self.server, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", self.client)
        for name in (self.server, self.client):
            run("ip", "-n", name, "link", "set", "eth0", "up")
        addresses = [(self.server, SERVER4 + "/32"), (self.server, SERVER6 + "/128")]
        addresses += [(self.client, a + "/32") for a in CLIENTS4] + [(self.client, a + "/128") for a in CLIENTS6]
        for name, address in addresses:
            run("ip", "-n", name, "addr", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
        for name in (self.server, self.client):
            run("ip", "-n", name, "route", "add", "default", "dev", "eth0")
            run("ip", "-6", "-n", name, "route", "add", "default", "dev", "eth0")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mail.example.org", "-days", "2", "-keyout",
            str(self.folder / "key.pem"), "-out", str(self.folder / "cert.pem"))
        self.configure("internet")
        self.start()

    def clean(self):
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
        for name in (self.server, self.client):
            run("ip", "netns", "del", name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def configure(self, imap):
        (self.folder / "gatepost.toml").write_text(CONFIG.format(folder=self.folder, imap=imap))

    def start(self):
        with open(self.folder / "log", "a") as log:
            self.daemon = subprocess.Popen(
                ["ip", "netns", "exec", self.server, str(BINARY), "--config", str(self.folder / "gatepost.toml"), "serve"],
                stdout=subprocess.DEVNULL, stderr=log)
        for _ in range(300):
            if self.gatepost("status", check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text()[-3000:])

    def gatepost(self, *arguments, check=True, ssh=None):
        environment = dict(os.environ)
        environment.pop("SSH_CONNECTION", None)
        if ssh:
            environment["SSH_CONNECTION"] = ssh
        done = subprocess.run(["ip", "netns", "exec", self.server, str(BINARY), "--config",
                               str(self.folder / "gatepost.toml"), *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        if check and done.returncode != 0:
            raise RuntimeError(f"{arguments}: {done.returncode} {done.stdout}{done.stderr}")
        return done

    def nft(self, text):
        run("ip", "netns", "exec", self.server, "nft", "-f", "-", stdin=text)

    def table(self):
        return run("ip", "netns", "exec", self.server, "nft", "list", "table", "inet", "gatepost", check=False).stdout

    def connects(self, ports=PORTS):
        jobs = [(c, SERVER4, p) for c in CLIENTS4 for p in ports] + [(c, SERVER6, p) for c in CLIENTS6 for p in ports]
        return connects(self.client, jobs)

    def said(self, port):
        """What the evaluator says of each client: open, refused, silent."""
        answer = json.loads(self.gatepost("--json", "gate", "who", str(port)).stdout)
        self.assertTrue(answer["complete"])
        return {client: "open" if fate == "may" else fate for client, (fate, _) in said_by(answer).items()}

    def compare(self, listens, ports=PORTS):
        """Every connect against the evaluator; a port nobody listens at is refused where the rules let it in."""
        real = self.connects(ports)
        open_ones = 0
        for port in ports:
            said = self.said(port)
            for client in CLIENTS4 + CLIENTS6:
                expected = said[client]
                if expected == "open" and not listens(port, ":" in client):
                    expected = "refused"
                self.assertEqual(real[f"{client}>{port}"], expected, f"{client} to {port}")
                open_ones += expected == "open"
        return open_ones

    @staticmethod
    def listens(port, v6):
        return port != 110 and not (port == 1993 and v6)

    def test_programs_find_the_keys_that_are_documented(self):
        text = (TOP / "docs/gate.md").read_text()
        rows = re.findall(r"^\| (`gate [^|]*) \| (.*) \|$", text[text.index("## For programs"):], re.M)
        documented = {command: set(re.findall(r"`([a-z_]+)`", keys)) - {"ok"} for command, keys in rows}
        self.assertEqual(len(documented), 9)

        def keys(value):
            if isinstance(value, dict):
                return set(value) | set().union(*map(keys, value.values()))
            return set().union(*map(keys, value)) if isinstance(value, list) else set()

        def says(documented_as, *commands):
            found = set()
            for command in commands:
                done = self.gatepost("--json", *command, check=False)
                found |= keys(json.loads(done.stdout))
            self.assertLessEqual(documented[documented_as], found, documented_as)

        says("`gate show`", ["gate", "show"])
        says("`gate who`", ["gate", "who", "993"])
        says("`gate plan`", ["gate", "plan"])
        says("`gate audit`", ["gate", "audit"], ["gate", "audit", "--changes"])
        says("`gate apply`, `gate rollback N`", ["gate", "apply", "--confirm", "60s"])
        says("`gate history`", ["gate", "history"])
        says("`gate confirm`; `gate rollback`", ["gate", "confirm"], ["gate", "apply", "--confirm", "60s"], ["gate", "rollback", "1"],
             ["gate", "rollback"])
        says("`gate explain`", ["gate", "explain", "--from", "203.0.113.9", "--port", "993", "--no-dns"])
        says("`gate top --once`", ["gate", "top", "--once"])

    def test_matrix_of_sources_and_ports_is_what_the_evaluator_says(self):
        before = self.compare(self.listens)
        applied = self.gatepost("gate", "apply", "--now")
        self.assertIn("Applied revision 1", applied.stdout)
        after = self.compare(self.listens)
        self.assertLess(after, before)
        # The policy itself: the office reads, strangers do not.
        self.assertEqual(self.said(993)["10.20.255.255"], "open")
        self.assertEqual(self.said(993)["10.21.0.0"], "silent")
        self.assertEqual(self.said(587), {c: "open" if c == "203.0.113.9" else "silent" for c in CLIENTS4 + CLIENTS6})
        shown = json.loads(self.gatepost("--json", "gate", "show").stdout)
        self.assertEqual(shown["problems"], 0, shown)
        # A foreign chain that comes later, and a port that is translated, are seen.
        self.nft("table inet other {\n chain late {\n type filter hook input priority 10; policy accept;\n"
                 " tcp dport 143 drop comment \"theirs\"\n }\n"
                 " chain pre {\n type nat hook prerouting priority dstnat; policy accept;\n tcp dport 9999 redirect to :993\n }\n}\n")
        self.compare(self.listens)
        who = self.gatepost("gate", "who", "143").stdout
        self.assertIn('"theirs"', who)
        self.assertIn("also reached by port 9999", self.gatepost("gate", "who", "993").stdout)
        audit = self.gatepost("gate", "audit", check=False)
        self.assertEqual(audit.returncode, 1)
        self.assertIn('"theirs"', audit.stdout)
        self.assertEqual(self.gatepost("gate", "audit", "--changes", check=False).stdout, "")
        # Its certificate is signed by itself, which who connects sees; listeners that refuse this host are not judged from it.
        probed = self.gatepost("gate", "audit", "--probe", check=False).stdout
        self.assertIn("smtp: a probe of 127.0.0.1:25 finds (certificate)", probed)
        self.assertNotIn("imaps: a probe", probed)
        self.gatepost("gate", "audit", check=False)
        run("ip", "netns", "exec", self.server, "nft", "delete", "table", "inet", "other")
        self.assertIn("gone", self.gatepost("gate", "audit", "--changes", check=False).stdout)

    def test_an_unconfirmed_change_undoes_itself_though_the_daemon_dies(self):
        # The admin's own way in stays, as own ports alone are judged.
        ssh = "192.0.2.5 50000 198.51.100.1 22"
        out = self.gatepost("gate", "apply", "--confirm", "3s", ssh=ssh)
        self.assertIn("your own connection (192.0.2.5 -> 22) stays open", out.stdout)
        self.assertIn("Applied revision 1", out.stdout)
        self.assertIn("gp:imaps:trusted", self.table())
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()
        second = self.gatepost("gate", "apply", "--without-daemon", check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("waits for its confirmation", second.stderr)
        self.assertEqual(self.gatepost("gate", "confirm", check=False, ssh=ssh).returncode, 1)
        deadline = time.time() + 12
        while self.table() and time.time() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.table(), "")
        self.assertIn("reverted", self.gatepost("gate", "history").stdout)
        self.start()
        # Confirmed from another connection, it stays; and comes back at boot.
        self.gatepost("gate", "apply", "--confirm", "3s", ssh=ssh)
        self.gatepost("gate", "confirm", ssh="192.0.2.5 50001 198.51.100.1 22")
        time.sleep(6)
        self.assertIn("gp:imaps:trusted", self.table())
        self.nft("flush ruleset\n")
        self.gatepost("gate", "restore")
        self.assertIn("gp:imaps:trusted", self.table())

    def test_sessions_that_are_no_longer_allowed_end(self):
        self.gatepost("gate", "apply", "--now")
        script = ("import socket,sys,time\n"
                  "def talk(s):\n"
                  "  s.settimeout(2)\n"
                  "  try:\n"
                  "    s.sendall(b'a NOOP\\r\\n'); return b'OK' in s.recv(1000)\n"
                  "  except OSError: return False\n"
                  "ss=[socket.create_connection(('198.51.100.1',143),source_address=(a,0)) for a in ('203.0.113.9','10.20.0.9')]\n"
                  "for s in ss: s.recv(1000)\n"
                  "print(*[talk(s) for s in ss],flush=True)\n"
                  "sys.stdin.readline()\n"
                  "print(*[talk(s) for s in ss],flush=True)\n")
        client = subprocess.Popen(["ip", "netns", "exec", self.client, "python3", "-c", script], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.assertEqual(client.stdout.readline().split(), ["True", "True"])
        self.configure("trusted")
        plan = self.gatepost("gate", "plan").stdout
        self.assertIn("- 143 (imap) closes to", plan)
        done = self.gatepost("gate", "apply", "--now")
        self.assertIn("Ended 1 session", done.stderr)
        client.stdin.write("\n")
        client.stdin.flush()
        self.assertEqual(client.stdout.readline().split(), ["False", "True"])
        client.wait()
        client.stdin.close()
        client.stdout.close()


if __name__ == "__main__":
    unittest.main()
