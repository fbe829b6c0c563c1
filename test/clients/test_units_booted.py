"""The units under a systemd that booted: a container on an overlay of this machine's files, with no network but its own.

What systemd-analyze cannot see: that each unit starts with the rights it is left, that sockets, notices and the watchdog work, that a
restart refuses nobody, and that rules which nobody confirmed are gone after a boot."""

import json
import os
import pathlib
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import documents
from demo import PRESET, TOP
from gate_world import possible as namespaces_and_nft

BUILD = TOP / "build" / PRESET / "src"
PATIENCE = 60  # seconds, for a machine that is busy

CONFIG = """
[server]
hostname = "mail.example.org"
data_dir = "/var/lib/gatepost"
[networks]
trusted = ["10.20.0.0/16"]
[auth]
argon2_memory_kib = 8192
argon2_iterations = 1
[tls]
self_signed = true
[gate]
log_group = 7
[listener.imaps]
audience = "{imaps}"
reason = "a test"
[listener.imap-late]
service = "imap"
port = 1143
reason = "gatepost.socket does not have it"
"""


def run(*command, check=True, stdin=None):
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode} {done.stdout}{done.stderr}")
    return done


class Machine:
    """A root directory and the systemd that runs in it. Files written survive power_off(), processes and rules do not."""

    def __init__(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-boot-"))
        self.container = self.leader = None
        # An overlay's upper directory may not lie on an overlay, as /tmp of a container often does.
        run("mount", "-t", "tmpfs", "tmpfs", str(self.top))
        self.root = self.top / "root"
        for name in ("root", "upper", "work"):
            (self.top / name).mkdir()
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={self.top}/upper,workdir={self.top}/work", str(self.root))
        # Nothing of this machine's own services.
        for folder in ("etc/systemd/system", "etc/cron.d", "etc/gatepost", "var/lib/gatepost", "var/lib/gatepost-gate", "var/log/journal"):
            shutil.rmtree(self.root / folder, ignore_errors=True)
        (self.root / "etc/systemd/system").mkdir(parents=True)
        for name in ("systemd-networkd", "systemd-networkd-wait-online", "systemd-resolved", "systemd-timesyncd", "systemd-logind"):
            (self.root / f"etc/systemd/system/{name}.service").symlink_to("/dev/null")
        (self.root / "etc/machine-id").write_text("")
        # What an administrator enables, and no other service of multi-user.target.
        (self.root / "etc/systemd/system/tested.target").write_text("[Unit]\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n")

    def install(self):
        for program in ("gatepost", "gatepost-gate-helper", "gatepost-text-agent"):
            (self.root / "usr/bin" / program).unlink(missing_ok=True)
            shutil.copy(BUILD / program, self.root / "usr/bin" / program)
        for unit in (TOP / "contrib/systemd").iterdir():
            if unit.suffix in (".service", ".socket", ".timer"):
                shutil.copy(unit, self.root / "usr/lib/systemd/system" / unit.name)
        (self.root / "usr/lib/sysusers.d").mkdir(exist_ok=True)
        shutil.copy(TOP / "contrib/systemd/gatepost.sysusers", self.root / "usr/lib/sysusers.d/gatepost.conf")
        run("systemd-sysusers", f"--root={self.root}", str(self.root / "usr/lib/sysusers.d/gatepost.conf"))

    def enable(self, *units):
        run("systemctl", f"--root={self.root}", "enable", *units)
        wants = self.root / "etc/systemd/system/multi-user.target.wants"
        wants.rename(wants.with_name("tested.target.wants"))

    def boot(self):
        self.log = open(self.top / "console", "a")
        self.container = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--console=pipe", "--link-journal=no",
             "--capability=CAP_NET_ADMIN,CAP_SYSLOG", "--boot", f"--directory={self.root}", "systemd.unit=tested.target"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.container.poll() is None:
            children = pathlib.Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split()
            for child in children:
                self.leader = child
                state = self("systemctl", "is-system-running", check=False).stdout.strip()
                if state in ("running", "degraded"):
                    return state
            time.sleep(0.2)
        raise unittest.SkipTest("systemd does not boot in a container on this machine: " +
                                (self.top / "console").read_text(errors="replace")[-300:].strip())

    def __call__(self, *command, check=True, stdin=None):
        return run("nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--", *command, check=check, stdin=stdin)

    def power_off(self):
        """As when somebody pulls the plug: nothing in it may say a word."""
        if self.leader:
            try:
                os.kill(int(self.leader), signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.container:
            try:
                self.container.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.container.kill()
                self.container.wait()
            self.log.close()
        self.container = self.leader = None

    def remove(self):
        self.power_off()
        run("umount", "-l", str(self.root), check=False)
        run("umount", "-l", str(self.top), check=False)
        shutil.rmtree(self.top, ignore_errors=True)

    def property(self, unit, name):
        return self("systemctl", "show", "--property", name, "--value", unit).stdout.strip()

    def gatepost(self, *arguments, check=True, stdin=None):
        return self("gatepost", "--config", "/etc/gatepost/gatepost.toml", *arguments, check=check, stdin=stdin)

    def configure(self, **values):
        (self.root / "etc/gatepost").mkdir(exist_ok=True)
        (self.root / "etc/gatepost/gatepost.toml").write_text(CONFIG.format(**values))

    def python(self, program, *arguments):
        """Runs in its network alone, so that its files are this machine's."""
        return subprocess.Popen(["nsenter", "-t", self.leader, "-n", "--", "python3", "-c", program, *arguments], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)


UNITS = ["gatepost.socket", "gatepost.service", "gatepost-gate.service", "gatepost-gate-helper.service", "gatepost-gate-agent.service", "gatepost-gate-watch.service",
         "gatepost-gate-audit.timer", "gatepost-text-agent.service"]

# Connects to ports again and again, each at most PATIENCE for its greeting; one line of numbers when its input ends.
KNOCKER = r"""
import json, socket, sys, threading
counts = {"greeted": 0, "refused": 0, "silent": 0}
stop = threading.Event()
lock = threading.Lock()
def knock(port):
    while not stop.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=120) as s:
                got = "greeted" if s.recv(100) else "silent"
        except OSError as error:
            got = "refused"
        with lock:
            counts[got] += 1
        stop.wait(0.02)
threads = [threading.Thread(target=knock, args=(int(port),)) for port in sys.argv[1:]]
for t in threads: t.start()
print("ready", flush=True)
sys.stdin.read()
stop.set()
for t in threads: t.join()
print(json.dumps(counts))
"""

# Sends messages over port 25 until its input ends; each is tried until it is taken. Prints what was acknowledged.
SENDER = r"""
import smtplib, sys, threading, time
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
print("ready", flush=True)
n, client = 0, None
while not stop.is_set():
    until = time.monotonic() + 120
    while True:
        try:
            client = client or smtplib.SMTP("127.0.0.1", 25, timeout=60)
            client.sendmail("w@load.example", ["anna@example.org"], f"From: w@load.example\r\nSubject: n{n}\r\n\r\nx\r\n")
            break
        except (OSError, smtplib.SMTPException):
            client = None
            if time.monotonic() > until: sys.exit(f"message {n} was not taken")
            time.sleep(0.1)
    n += 1
print(n)
"""


def possible():
    return namespaces_and_nft() and all(shutil.which(name) for name in ("systemd-nspawn", "nsenter", "systemctl", "systemd-sysusers"))


@unittest.skipUnless(possible(), "needs root, systemd-nspawn, network namespaces and nft")
class Booted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.machine = Machine()
        except RuntimeError as error:
            raise unittest.SkipTest(f"no overlay of the root file system can be mounted here: {error}")
        cls.addClassCleanup(cls.machine.remove)
        cls.machine.install()
        cls.machine.configure(imaps="internet")
        cls.machine.enable(*UNITS)
        cls.machine.boot()
        if cls.machine("nft", "list", "ruleset", check=False).returncode != 0:
            raise unittest.SkipTest("the kernel's rules cannot be read in a container on this machine")
        cls.machine.gatepost("domain", "add", "example.org")
        cls.machine.gatepost("account", "add", "anna@example.org", "--password-stdin", stdin="correct horse\n")

    def setUp(self):
        if self.machine.container is None:
            self.machine.boot()
        # Whatever the test before left.
        if not self.active("gatepost.service"):
            self.machine.configure(imaps="internet")
            self.machine("systemctl", "start", "gatepost.socket", "gatepost.service", check=False)
        self.wait_for(lambda: self.active("gatepost.service"), "the server runs")

    def active(self, unit):
        return self.machine.property(unit, "ActiveState") == "active"

    def wait_for(self, what, words, seconds=PATIENCE):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if what():
                return
            time.sleep(0.2)
        self.fail(f"{words}: not in time\n" + self.machine("journalctl", "--no-pager", "-n", "40", check=False).stdout)

    def pid(self, unit="gatepost.service"):
        return int(self.machine.property(unit, "MainPID"))

    def status_of(self, pid):
        lines = self.machine("cat", f"/proc/{pid}/status").stdout.splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def journal(self, unit):
        return self.machine("journalctl", "--no-pager", "-o", "cat", "-u", unit).stdout

    def test_the_server_asks_the_agent_and_strangers_cannot(self):
        self.wait_for(lambda: self.active("gatepost-gate-agent.service"), "the agent runs")
        ask = ("import socket, sys\n"
               "s = socket.socket(socket.AF_UNIX)\n"
               "s.connect('/run/gatepost-gate-agent/socket')\n"
               "s.sendall(('{\"verb\":\"gate %s\",\"options\":{}}' % sys.argv[1]).encode())\n"
               "s.shutdown(socket.SHUT_WR)\n"
               "print(b''.join(iter(lambda: s.recv(65536), b'')).decode())\n")

        def asked(user, verb):
            return self.machine("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "python3", "-c", ask, verb, check=False)

        for verb, word in (("plan", "cuts_off"), ("audit", "findings"), ("history", "revisions"), ("show", "ports")):
            answer = asked("gatepost", verb).stdout
            self.assertIn(word, answer, self.journal("gatepost-gate-agent.service"))
        self.assertNotEqual(0, asked("nobody", "plan").returncode)

    def test_attachments_are_read_by_a_user_who_may_nothing(self):
        self.wait_for(lambda: self.active("gatepost-text-agent.service"), "the agent runs")
        agent = self.status_of(self.pid("gatepost-text-agent.service"))
        self.assertFalse(set(agent["Uid"].split()) & {"0", self.machine("id", "-u", "gatepost").stdout.strip()})
        self.assertEqual(int(agent["CapBnd"], 16), 0)
        (self.machine.root / "usr/share/gatepost-test.pdf").write_bytes(documents.pdf("harpsichord"))
        (self.machine.root / "usr/share/gatepost-test.docx").write_bytes(documents.docx("harpsichord"))
        ask = ("import socket, struct, sys\n"
               "frame = lambda content: struct.pack('>I', len(content)) + content\n"
               "text = lambda words: bytes([len(words)]) + words.encode()\n"
               "s = socket.socket(socket.AF_UNIX)\n"
               "s.connect('/run/gatepost-text-agent/socket')\n"
               "s.sendall(frame(b'R' + text('application/octet-stream') + text(sys.argv[1])) + frame(b'D' + open(sys.argv[1], 'rb').read()) + frame(b'D'))\n"
               "s.shutdown(socket.SHUT_WR)\n"
               "print(b''.join(iter(lambda: s.recv(65536), b''))[-40:])\n")

        def asked(user, name):
            return self.machine("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "python3", "-c", ask, name, check=False).stdout

        for name in ["gatepost-test.docx"] + ["gatepost-test.pdf"] * bool(shutil.which("pdftotext")):
            self.assertIn("harpsichord", asked("gatepost", f"/usr/share/{name}"), self.journal("gatepost-text-agent.service"))
        self.assertNotIn("harpsichord", asked("nobody", "/usr/share/gatepost-test.docx"))

    def test_every_unit_runs_with_the_rights_it_is_left(self):
        for unit in UNITS:
            self.wait_for(lambda: self.active(unit), unit)
            self.assertEqual(self.machine.property(unit, "Result"), "success", unit)
        self.assertEqual(self.machine("systemctl", "--failed", "--plain", "--no-legend").stdout, "")
        user = self.machine("id", "-u", "gatepost").stdout.strip()
        server = self.status_of(self.pid())
        self.assertEqual(set(server["Uid"].split()), {user})
        self.assertEqual((server["NoNewPrivs"].strip(), server["Seccomp"].strip()), ("1", "2"))
        self.assertEqual(int(server["CapBnd"], 16), 1 << 10)  # CAP_NET_BIND_SERVICE
        helper = self.status_of(self.pid("gatepost-gate-helper.service"))
        self.assertNotIn("0", helper["Uid"].split())
        self.assertEqual(int(helper["CapEff"], 16), 1 << 12)  # CAP_NET_ADMIN
        self.assertEqual(self.machine.property("gatepost.service", "StatusText"), "Serving mail.example.org")
        # The server's own word on how it confines itself.
        log = self.journal("gatepost.service")
        self.assertIn("server.secured", log)
        self.assertIn("seccomp=on", log)
        # Landlock is the kernel's to have.
        for line in log.splitlines():
            if "server.security_missing" in line:
                self.assertIn("this kernel has no Landlock", line)

    def test_ports_are_systemds_and_what_it_does_not_have_is_left_with_it(self):
        held = lambda pid: {line.rsplit("> ", 1)[-1] for line in self.machine("sh", "-c", f"ls -l /proc/{pid}/fd").stdout.splitlines() if "socket:" in line}
        sockets = lambda: self.machine("ss", "-Hltne").stdout.splitlines()
        inode = lambda port: {word[4:] for line in sockets() if f":{port} " in line for word in line.split() if word.startswith("ino:")}
        before = {port: inode(port) for port in (25, 993, 1143)}
        self.assertTrue(all(before.values()), before)
        self.assertGreater(int(self.machine.property("gatepost.service", "NFileDescriptorStore")), 0)
        self.machine("systemctl", "restart", "gatepost.service")
        self.assertEqual({port: inode(port) for port in (25, 993, 1143)}, before)
        # Somebody who connects starts a server that was stopped.
        self.machine("systemctl", "stop", "gatepost.service")
        knocker = self.begin(KNOCKER, "25")
        self.wait_for(lambda: self.active("gatepost.service"), "a connection starts the server")
        said, _ = knocker.communicate("")
        counts = json.loads(said.splitlines()[-1])
        self.assertEqual(counts["refused"] + counts["silent"], 0, counts)
        self.assertGreater(counts["greeted"], 0)

    def test_restarts_and_stops_under_load_refuse_nobody_and_lose_nothing(self):
        before = self.count()
        knocker, sender = self.begin(KNOCKER, "25", "143", "110", "1143"), self.begin(SENDER)
        pids = {self.pid()}
        for _ in range(3):
            time.sleep(1)
            self.machine("systemctl", "restart", "gatepost.service")
            pids.add(self.pid())
        self.machine("systemctl", "reload", "gatepost.service")
        pids.add(self.pid())
        time.sleep(1)
        said, _ = sender.communicate("")
        self.assertEqual(sender.returncode, 0, said)
        counts = json.loads(knocker.communicate("")[0].splitlines()[-1])
        self.assertEqual(len(pids), 4)
        self.assertEqual(counts["refused"], 0, counts)
        self.assertGreater(counts["greeted"], 20)
        sent = int(said.splitlines()[-1])
        self.assertGreater(sent, 3)
        # A message whose acknowledgement was cut off comes twice at most.
        self.wait_for(lambda: self.count() - before >= sent, "all messages are there", 60)
        self.assertLessEqual(self.count() - before, sent + 4)

    def count(self):
        """Messages in the inbox."""
        program = r"""
import imaplib, ssl
c = imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=ssl._create_unverified_context(), timeout=60)
c.login("anna@example.org", "correct horse")
print(int(c.select("INBOX", readonly=True)[1][0]))
"""
        said, _ = self.machine.python(program).communicate()
        return int(said)

    def test_a_crash_and_a_server_that_hangs_are_followed_by_a_new_one(self):
        for signal_name, cause in (("SIGKILL", "signal"), ("SIGSTOP", "watchdog")):
            with self.subTest(signal_name):
                if cause == "watchdog":
                    self.machine("sh", "-c", "mkdir -p /run/systemd/system/gatepost.service.d; "
                                 "printf '[Service]\\nWatchdogSec=6\\n' >/run/systemd/system/gatepost.service.d/test.conf")
                    self.machine("systemctl", "daemon-reload")
                    self.machine("systemctl", "restart", "gatepost.service")
                    # By its own word, again and again, it is alive.
                    for _ in range(2):
                        said = self.machine.property("gatepost.service", "WatchdogTimestampMonotonic")
                        self.wait_for(lambda: self.machine.property("gatepost.service", "WatchdogTimestampMonotonic") != said, "a sign of life")
                before = self.pid()
                self.machine("kill", "-" + signal_name[3:], str(before))
                self.wait_for(lambda: self.active("gatepost.service") and self.pid() not in (0, before), "it is started again")
        self.assertGreaterEqual(int(self.machine.property("gatepost.service", "NRestarts")), 1)
        self.machine("rm", "-r", "/run/systemd/system/gatepost.service.d")
        self.machine("systemctl", "daemon-reload")

    def begin(self, *command):
        program = self.machine.python(*command)
        self.addCleanup(lambda: (program.kill(), program.communicate()) if program.poll() is None else None)
        self.assertEqual(program.stdout.readline(), "ready\n")
        return program

    def test_a_start_that_fails_again_and_again_is_tried_until_it_works(self):
        machine = self.machine
        good = (machine.root / "etc/gatepost/gatepost.toml").read_text()
        knocker = self.begin(KNOCKER, "25", "143")
        (machine.root / "etc/gatepost/gatepost.toml").write_text("[server]\nnonsense = 1\n")
        machine("systemctl", "restart", "gatepost.service", check=False)
        began = time.monotonic()
        while time.monotonic() - began < 8:
            time.sleep(0.5)
            self.assertTrue(self.active("gatepost.socket"))
        tries = self.journal("gatepost.service").count("Starting gatepost.service")
        (machine.root / "etc/gatepost/gatepost.toml").write_text(good)
        self.wait_for(lambda: self.active("gatepost.service"), "it starts as soon as it can")
        counts = json.loads(knocker.communicate("")[0].splitlines()[-1])
        self.assertEqual(counts["refused"], 0, counts)
        self.assertLess(tries, 60)  # it does not keep the machine busy meanwhile

    def rules(self):
        return self.machine("nft", "list", "table", "inet", "gatepost", check=False).stdout

    def revision(self):
        return [line.split()[1].split("-")[1] for line in self.rules().splitlines() if line.strip().startswith("chain revision-")]

    def test_a_boot_brings_back_what_was_confirmed_and_forgets_what_was_not(self):
        machine = self.machine
        machine.gatepost("gate", "apply", "--now")
        first = self.revision()
        self.assertEqual(len(first), 1)
        self.assertIn('"gp:imaps:internet"', self.rules())
        machine.configure(imaps="trusted")
        machine.gatepost("reload")
        machine.gatepost("gate", "apply", "--confirm", "1h")
        self.assertNotEqual(self.revision(), first)
        self.assertNotIn('"gp:imaps:internet"', self.rules())
        machine.power_off()
        machine.boot()
        self.wait_for(lambda: self.active("gatepost.service"), "the server runs")
        self.assertEqual(self.revision(), first)
        self.assertIn('"gp:imaps:internet"', self.rules())
        self.assertIn(f"Revision {first[0]} is in force", self.journal("gatepost-gate.service"))
        self.assertNotIn("pending", machine.gatepost("gate", "history").stdout)
        # Rules come before the server, and before the network.
        entered = lambda unit: int(machine.property(unit, "ActiveEnterTimestampMonotonic"))
        self.assertLess(entered("gatepost-gate.service"), entered("gatepost.service"))
        self.assertIn("network-pre.target", machine.property("gatepost-gate.service", "Before"))
        # And what is confirmed stays.
        machine.gatepost("gate", "apply", "--confirm", "1h")
        machine.gatepost("gate", "confirm")
        second = self.revision()
        machine.power_off()
        machine.boot()
        self.assertEqual(self.revision(), second)
        self.assertNotIn('"gp:imaps:internet"', self.rules())
        self.wait_for(lambda: json.loads(machine.gatepost("--json", "status", check=False).stdout or "{}").get("bans_in_firewall"),
                      "the helper has the sets")
        machine.configure(imaps="internet")
        machine.gatepost("reload")
        machine.gatepost("gate", "apply", "--now")

    def test_the_audit_runs_by_its_timer_and_says_what_is_new(self):
        machine = self.machine
        self.assertEqual(machine.property("gatepost-gate-audit.timer", "Unit"), "gatepost-gate-audit.service")
        self.assertNotIn("n/a", machine.property("gatepost-gate-audit.timer", "TimersCalendar"))

        def audit():
            machine("systemctl", "start", "gatepost-gate-audit.service")
            return [line for line in self.journal("gatepost-gate-audit.service").splitlines() if line.startswith("new  firewall")]

        machine.gatepost("gate", "apply", "--now")
        before = audit()
        self.assertEqual(audit(), before)  # nothing is new
        machine("nft", "add", "rule", "inet", "gatepost", "input", "accept")
        self.assertEqual(len(audit()), len(before) + 1)
        self.assertEqual(len(audit()), len(before) + 1)
        self.assertEqual(machine.property("gatepost-gate-audit.service", "Result"), "success")
        # The server's own authority is no stranger to it.
        self.assertNotIn("not trusted here", self.journal("gatepost-gate-audit.service"))
        # Where it could not look it fails.
        machine("systemctl", "stop", "gatepost.socket", "gatepost.service")
        (machine.root / "etc/gatepost/gatepost.toml").write_text("[server]\nnonsense = 1\n")
        self.assertNotEqual(machine("systemctl", "start", "gatepost-gate-audit.service", check=False).returncode, 0)
        machine.configure(imaps="internet")
        machine("systemctl", "reset-failed")
        machine("systemctl", "start", "gatepost.socket", "gatepost.service")

    def test_what_the_firewall_drops_is_kept_by_the_watcher(self):
        machine = self.machine
        machine.configure(imaps="trusted")
        machine.gatepost("reload")
        machine.gatepost("gate", "apply", "--now")
        self.wait_for(lambda: self.active("gatepost-gate-watch.service"), "it watches")
        machine("sh", "-c", "ip addr add 203.0.113.9/32 dev lo 2>/dev/null; ip addr add 198.51.100.1/32 dev lo 2>/dev/null; true")
        said, _ = machine.python("import socket; s=socket.socket(); s.settimeout(2); s.bind(('203.0.113.9', 0)); "
                                 "print(s.connect_ex(('198.51.100.1', 993)))").communicate()
        self.assertNotEqual(said.strip(), "0")
        why = lambda: machine.gatepost("--json", "gate", "explain", "--from", "203.0.113.9", "--port", "993", "--no-dns", check=False).stdout
        self.wait_for(lambda: "not_in_audience" in why() and "firewall events" in why(), "explain has the packet")
        machine.configure(imaps="internet")
        machine.gatepost("reload")
        machine.gatepost("gate", "apply", "--now")


if __name__ == "__main__":
    unittest.main()
