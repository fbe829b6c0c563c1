"""`gatepost gate explain`: every row of its table staged for real, a test each.

Three network namespaces: a client, a router (the provider: what lies between), and the server. Nothing here touches the rules of the
machine, and no packet leaves it."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = TOP / "build" / os.environ.get("GATEPOST_PRESET", "release") / "src" / "gatepost"

SERVER4, SERVER6 = "198.51.100.1", "2001:db8:100::1"
STRANGER4, STRANGER6, OFFICE4, VPN4 = "203.0.113.9", "2001:db8:bad::9", "10.20.0.9", "10.30.0.9"

CONFIG = """
[server]
hostname = "mail.example.org"
data_dir = "{folder}/data"
user = "{user}"
[store]
engine = "{engine}"
{store}
[log]
target = "{folder}/server.log"
[networks]
trusted = ["127.0.0.0/8", "::1", "10.20.0.0/16"]
vpn = ["127.0.0.0/8", "::1", "10.30.0.0/16"]
[auth]
failures = 3
argon2_memory_kib = 8192
argon2_iterations = 1
[limits]
{limits}
[[tls.certificate]]
cert = "{folder}/cert.pem"
key = "{folder}/key.pem"
[gate]
state_dir = "{folder}/gate"
log_group = 5
{gate}
[listener.pop3]
audience = "off"
{listeners}
{end}
"""

# Tries one connection, says what became of it, and holds it while its standard input is open.
CONNECTOR = r"""
import json, socket, ssl, sys
source, to, port, mode, hold = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
out = {}
try:
    s = socket.create_connection((to, port), timeout=4, source_address=(source, 0))
    out["connected"] = True
    s.settimeout(6)
    if mode == "tls":
        context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
        s = context.wrap_socket(s, server_hostname="mail.example.org")
    if mode.startswith("send:"):
        s.sendall(bytes.fromhex(mode[5:]))
    got = s.recv(2000)
    out["got"] = got.decode("latin-1")
except Exception as e:
    out["error"] = type(e).__name__ + " " + str(e)
print(json.dumps(out), flush=True)
if hold == "hold":
    sys.stdin.read()
"""


def run(*command, check=True, stdin=None, env=None):
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, timeout=240)
    if check and done.returncode != 0:
        raise RuntimeError(f"{command}: {done.returncode} {done.stdout}{done.stderr}")
    return done


def possible():
    if os.geteuid() != 0 or not shutil.which("nft") or not shutil.which("openssl"):
        return False
    name = f"gpx{os.getpid()}"
    if run("ip", "netns", "add", name, check=False).returncode != 0:
        return False
    listed = run("ip", "netns", "exec", name, "nft", "list", "ruleset", check=False)
    run("ip", "netns", "del", name, check=False)
    return listed.returncode == 0


def make_certificates(folder):
    """An authority, one between, and leaves: good, expired, for another name."""
    (folder / "ca").mkdir()
    config = folder / "ca" / "openssl.cnf"
    config.write_text(f"""
[ca]
default_ca = own
[own]
database = {folder}/ca/index
new_certs_dir = {folder}/ca
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
[req]
distinguished_name = name
[name]
""")
    (folder / "ca" / "index").write_text("")

    def issue(name, common, issuer, end, extensions=None, names=None):
        request = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", str(config),
                   "-subj", f"/CN={common}", "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.csr")]
        if names:
            request += ["-addext", f"subjectAltName={names}"]
        run(*request)
        sign = ["openssl", "ca", "-batch", "-notext", "-config", str(config), "-in", str(folder / f"{name}.csr"), "-out",
                str(folder / f"{name}.crt"), "-startdate", "20200101000000Z", "-enddate", end]
        if issuer == name:
            sign += ["-selfsign", "-keyfile", str(folder / f"{name}.key")]
        else:
            sign += ["-cert", str(folder / f"{issuer}.crt"), "-keyfile", str(folder / f"{issuer}.key")]
        if extensions:
            sign += ["-extensions", extensions]
        run(*sign)

    far = "20491231000000Z"
    issue("root", "Test Root", "root", far, "authority")
    issue("middle", "Test Middle", "root", far, "authority")
    issue("good", "mail.example.org", "middle", far, names="DNS:mail.example.org")
    issue("old", "mail.example.org", "middle", "20210101000000Z", names="DNS:mail.example.org")
    issue("other", "other.example", "middle", far, names="DNS:other.example")


@unittest.skipUnless(possible(), "needs root, network namespaces, nft and openssl")
class GateExplain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-explain-ca-"))
        make_certificates(cls.certificates)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.certificates, ignore_errors=True)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-explain-"))
        pid = os.getpid()
        self.server, self.router, self.client = f"gxs{pid}", f"gxr{pid}", f"gxc{pid}"
        self.daemon = self.watcher = None
        self.others = []
        self.addCleanup(self.clean)
        for name in (self.server, self.router, self.client):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", self.server, "link", "add", "eth0", "type", "veth", "peer", "name", "in0", "netns", self.router)
        run("ip", "-n", self.client, "link", "add", "eth0", "type", "veth", "peer", "name", "out0", "netns", self.router)
        for name, link in ((self.server, "eth0"), (self.client, "eth0"), (self.router, "in0"), (self.router, "out0")):
            run("ip", "-n", name, "link", "set", link, "up")
        run("ip", "netns", "exec", self.router, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for name, link, addresses in ((self.server, "eth0", [SERVER4 + "/24", SERVER6 + "/64"]),
                                      (self.router, "in0", ["198.51.100.254/24", "2001:db8:100::fe/64"]),
                                      (self.router, "out0", ["203.0.113.254/24", "2001:db8:bad::fe/64"]),
                                      (self.client, "eth0", [STRANGER4 + "/24", STRANGER6 + "/64", OFFICE4 + "/32", VPN4 + "/32"])):
            for address in addresses:
                run("ip", "-n", name, "addr", "add", address, "dev", link, *(["nodad"] if ":" in address else []))
        for address in (OFFICE4, VPN4):
            run("ip", "-n", self.router, "route", "add", address + "/32", "dev", "out0")
        for name, via4, via6 in ((self.server, "198.51.100.254", "2001:db8:100::fe"), (self.client, "203.0.113.254", "2001:db8:bad::fe")):
            run("ip", "-n", name, "route", "add", "default", "via", via4)
            run("ip", "-6", "-n", name, "route", "add", "default", "via", via6)
        self.certificate("good", "middle")

    def clean(self):
        for process in [self.daemon, self.watcher, *self.others]:
            if process:
                process.kill()
                process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe:
                        pipe.close()
        for name in (self.server, self.router, self.client):
            run("ip", "netns", "del", name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # What the tests are made of.

    def certificate(self, leaf, *above):
        (self.folder / "cert.pem").write_text("".join((self.certificates / f"{n}.crt").read_text() for n in (leaf, *above)))
        shutil.copy(self.certificates / f"{leaf}.key", self.folder / "key.pem")

    def configure(self, listeners="", limits="", gate="", store="", end="", user="", engine="memory"):
        (self.folder / "gatepost.toml").write_text(CONFIG.format(folder=self.folder, listeners=listeners, limits=limits, gate=gate,
                                                                 store=store, end=end, user=user,
                                                                 engine=engine))

    def start(self, **settings):
        self.configure(**settings)
        with open(self.folder / "stderr", "a") as log:
            self.daemon = subprocess.Popen(["ip", "netns", "exec", self.server, str(BINARY), "--config",
                                            str(self.folder / "gatepost.toml"), "serve"], stdout=subprocess.DEVNULL, stderr=log)
        for _ in range(600):
            if self.gatepost("status", check=False).returncode == 0:
                return
            if self.daemon.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError((self.folder / "stderr").read_text()[-3000:])

    def watch(self):
        """The small root process that keeps what the firewall says."""
        with open(self.folder / "watch.log", "w") as log:
            self.watcher = subprocess.Popen(["ip", "netns", "exec", self.server, str(BINARY), "--config",
                                             str(self.folder / "gatepost.toml"), "gate", "watch", "--no-kernel"],
                                            stdout=subprocess.DEVNULL, stderr=log)
        for _ in range(300):
            if "Watching" in (self.folder / "watch.log").read_text():
                return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "watch.log").read_text())

    def gatepost(self, *arguments, check=True, stdin=None):
        environment = {k: v for k, v in os.environ.items() if k != "SSH_CONNECTION"}
        done = run("ip", "netns", "exec", self.server, str(BINARY), "--config", str(self.folder / "gatepost.toml"), *arguments, check=False,
                   stdin=stdin, env=environment)
        if check and done.returncode != 0:
            raise RuntimeError(f"{arguments}: {done.returncode} {done.stdout}{done.stderr}")
        return done

    def nft(self, namespace, text):
        run("ip", "netns", "exec", namespace, "nft", "-f", "-", stdin=text)

    def connect(self, port, source=STRANGER4, to=None, mode="plain"):
        to = to or (SERVER6 if ":" in source else SERVER4)
        done = run("ip", "netns", "exec", self.client, "python3", "-c", CONNECTOR, source, to, str(port), mode, "go")
        return json.loads(done.stdout)

    def hold(self, port, source=STRANGER4):
        held = subprocess.Popen(["ip", "netns", "exec", self.client, "python3", "-c", CONNECTOR, source, SERVER4, str(port), "plain", "hold"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.others.append(held)
        return json.loads(held.stdout.readline())

    def serve(self, namespace, code, *arguments):
        """A little server of another program; its first line says that it is ready."""
        other = subprocess.Popen(["ip", "netns", "exec", namespace, "python3", "-c", code, *map(str, arguments)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        self.others.append(other)
        self.assertEqual(other.stdout.readline(), "ready\n")

    def probe_outside(self, port):
        """What the client sees, as a file."""
        done = run("ip", "netns", "exec", self.client, str(BINARY), "--json", "probe", SERVER4, "--name", "mail.example.org", "--ports", str(port),
                   "--ca", str(self.certificates / "root.crt"), "--no-relay", check=False)
        (self.folder / "probe.json").write_text(done.stdout)
        return str(self.folder / "probe.json")

    def explain(self, *arguments, source=STRANGER4, port=993, wait=""):
        """The explanation as JSON. `wait`: asked again until that cause is there, for what a watcher or the server writes a moment later."""
        which = [] if source is None else ["--from", source]
        which += [] if port is None else ["--port", str(port)]
        for _ in range(50 if wait else 1):
            done = self.gatepost("--json", "gate", "explain", *which, "--ca", str(self.certificates / "root.crt"), "--no-dns", *arguments,
                                 check=False)
            self.assertIn(done.returncode, (0, 1, 2), done.stdout + done.stderr)
            said = json.loads(done.stdout)
            if not wait or wait in [d["cause"] for d in said["diagnoses"]]:
                break
            time.sleep(0.2)
        said["exit_code"] = done.returncode
        return said

    def expect(self, said, cause, whose="", certainty="certain", evidence=""):
        first = said["diagnoses"][0]
        text = json.dumps(said, indent=1)
        self.assertEqual(first["cause"], cause, text)
        self.assertEqual(first["certainty"], certainty, text)
        if whose:
            self.assertIn(whose, first["whose"], text)
        if evidence:
            self.assertIn(evidence, json.dumps(first["evidence"]), text)
        self.assertTrue(first["remedies"] or cause == "works", text)
        return first

    INTERNET = '[listener.imaps]\naudience = "internet"\n'
    TRUSTED = '[listener.imaps]\naudience = "trusted"\n'

    # The kernel's rules.

    def test_our_own_rule_drops_and_the_log_has_it(self):
        self.start(listeners=self.TRUSTED)
        self.gatepost("gate", "apply", "--now")
        self.watch()
        self.assertIn("error", self.connect(993))
        for _ in range(50):
            said = self.explain()
            if "dropped by" in json.dumps(said["diagnoses"][0]["evidence"]):
                break
            time.sleep(0.2)
        first = self.expect(said, "not_in_audience", "policy", evidence="gp:imaps:default")
        self.assertIn("firewall events", json.dumps(first["evidence"]))
        self.assertIn("10.20.0.0/16", json.dumps(first["evidence"]))
        self.assertIn("[[gate.exception]]", json.dumps(first["remedies"]))
        # And from the office it works, and that is said too.
        self.assertTrue(self.connect(993, OFFICE4, mode="tls").get("got"))
        self.assertEqual(self.expect(self.explain(source=OFFICE4, wait="works"), "works", certainty="likely")["cause"], "works")
        # What the watcher heard is in the server's top, with the source.
        top = json.loads(self.gatepost("--json", "gate", "top").stdout)
        self.assertEqual(top["firewall"]["busiest"][0]["source"], STRANGER4)
        self.assertIn(STRANGER4, self.gatepost("gate", "top", "--once").stdout)

    def test_an_exception_that_ended(self):
        self.start(listeners=self.TRUSTED, end='[[gate.exception]]\nlistener = "imaps"\nnetworks = ["203.0.113.9"]\nuntil = "2026-01-02"\n'
                   'reason = "the contractor"\n')
        self.gatepost("gate", "apply", "--now")
        self.expect(self.explain(), "exception_expired", "policy", evidence="the contractor")

    def test_a_service_for_the_vpn_alone(self):
        self.start(listeners='[listener.imaps]\naudience = "vpn"\n')
        self.gatepost("gate", "apply", "--now")
        self.assertIn("error", self.connect(993))
        self.expect(self.explain(), "vpn_required", "policy")

    def test_a_policy_without_ipv6_networks(self):
        self.start(listeners='[listener.imaps]\naudience = "named"\nnetworks = ["203.0.113.0/24"]\n')
        self.gatepost("gate", "apply", "--now")
        self.assertIn("error", self.connect(993, STRANGER6))
        self.expect(self.explain(source=STRANGER6), "no_ipv6_network", "policy")

    def test_rules_that_were_not_applied_after_a_change(self):
        self.start(listeners=self.TRUSTED)
        self.gatepost("gate", "apply", "--now")
        self.configure(listeners=self.INTERNET)
        self.gatepost("reload")
        self.assertIn("error", self.connect(993))
        self.expect(self.explain(), "rules_outdated", "not what its policy says")

    def test_another_table_drops_later(self):
        self.start(listeners=self.INTERNET)
        self.gatepost("gate", "apply", "--now")
        self.nft(self.server, 'table inet theirs {\n chain late {\n type filter hook input priority 20; policy accept;\n'
                 ' tcp dport 993 log prefix "theirs drop " group 5 drop\n }\n}\n')
        self.watch()
        self.assertIn("error", self.connect(993))
        first = self.expect(self.explain(), "other_table_drops", "another product", evidence="inet theirs late")
        self.assertIn("theirs", first["summary"])

    def test_another_table_rejects(self):
        self.start(listeners=self.INTERNET)
        self.nft(self.server, "table inet firewalld {\n chain filter_INPUT {\n type filter hook input priority 10; policy accept;\n"
                 " tcp dport 993 reject with tcp reset\n }\n}\n")
        self.assertIn("refused", self.connect(993)["error"])
        self.assertIn("firewalld", self.expect(self.explain(), "other_table_rejects", "another product")["summary"])

    def test_a_rule_of_iptables_legacy(self):
        if not shutil.which("iptables-legacy"):
            self.skipTest("iptables-legacy is not installed")
        self.start(listeners=self.INTERNET)
        if run("ip", "netns", "exec", self.server, "iptables-legacy", "-A", "INPUT", "-p", "tcp", "--dport", "993", "-j", "DROP",
               check=False).returncode != 0:
            self.skipTest("this kernel has no iptables-legacy")
        self.assertIn("error", self.connect(993))
        # Certain where the tools that list them are there.
        said = self.explain()
        self.expect(said, "legacy_rules", "another product", certainty=said["diagnoses"][0]["certainty"])
        self.assertIn(said["diagnoses"][0]["certainty"], ("certain", "likely"))

    def test_a_port_that_is_translated_elsewhere(self):
        self.start(listeners=self.INTERNET)
        self.nft(self.server, "table ip sent {\n chain pre {\n type nat hook prerouting priority dstnat; policy accept;\n"
                 " tcp dport 993 dnat to 10.99.0.2:1993\n }\n}\n")
        run("ip", "netns", "exec", self.server, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.assertIn("error", self.connect(993))
        first = self.expect(self.explain(), "sent_elsewhere", "another product")
        self.assertIn("10.99.0.2", first["summary"])

    def test_a_port_that_a_container_publishes(self):
        self.start(listeners=self.INTERNET)
        self.nft(self.server, "table ip nat {\n chain DOCKER {\n tcp dport 993 dnat to 172.17.0.2:993\n }\n"
                 " chain PREROUTING {\n type nat hook prerouting priority dstnat; policy accept;\n fib daddr type local jump DOCKER\n }\n}\n")
        run("ip", "netns", "exec", self.server, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.expect(self.explain(), "container_port", "another product")

    def test_the_kernels_rate_limit(self):
        self.start(listeners='[listener.imaps]\naudience = "internet"\nconnections_per_minute = 3\n')
        self.gatepost("gate", "apply", "--now")
        results = [self.connect(993, mode="tls") for _ in range(3)]
        results.append(self.connect(993))
        self.assertIn("error", results[-1])
        first = self.expect(self.explain(), "kernel_rate_limit", "policy", certainty="likely", evidence="the source is in the meter")
        self.assertIn("3 times a minute", first["summary"])

    def test_packets_over_the_kernels_rate_are_in_its_log(self):
        self.start(listeners='[listener.imaps]\naudience = "internet"\nconnections_per_minute = 3\n')
        self.gatepost("gate", "apply", "--now")
        self.watch()
        results = [self.connect(993, mode="tls") for _ in range(3)]
        results.append(self.connect(993))
        self.assertIn("error", results[-1])
        for _ in range(50):
            said = self.explain()
            if said["diagnoses"][0]["certainty"] == "certain":
                break
            time.sleep(0.2)
        first = self.expect(said, "kernel_rate_limit", "policy", evidence="rate-limit")
        self.assertIn("firewall events", json.dumps(first["evidence"]))
        self.assertIn("gatepost:imaps", json.dumps(first["evidence"]))

    # Before this host.

    def block_at_the_provider(self, rule):
        self.nft(self.router, "flush ruleset\ntable inet provider {\n chain way {\n type filter hook forward priority 0; policy accept;\n "
                 + rule + "\n }\n}\n")

    def test_nothing_arrives(self):
        self.start(listeners=self.INTERNET)
        self.gatepost("gate", "apply", "--now")
        self.block_at_the_provider("tcp dport 993 drop")
        self.assertIn("error", self.connect(993))
        first = self.expect(self.explain(), "nothing_arrives", "before this host", certainty="possible")
        self.assertIn("--watch", json.dumps(first["remedies"]))
        # With what the client sees it is no guess any more; the server has to have run for as long as is asked about.
        said = self.explain("--probe", self.probe_outside(993), "--window", "1s")
        self.expect(said, "nothing_arrives", "before this host", certainty="certain", evidence="silent")

    def test_a_look_at_the_wire(self):
        self.start(listeners=self.INTERNET)
        self.block_at_the_provider("tcp dport 993 drop")
        trying = subprocess.Popen(["ip", "netns", "exec", self.client, "python3", "-c",
                                   "import socket\nwhile True:\n  try: socket.create_connection(('198.51.100.1', 993), timeout=0.3)\n"
                                   "  except OSError: pass\n"])
        self.others.append(trying)
        self.expect(self.explain("--watch", "3s"), "nothing_arrives", "before this host", certainty="likely", evidence="look at the wire")
        # Now the way back is cut instead: packets arrive, and their answers are lost.
        self.block_at_the_provider("tcp sport 993 drop")
        self.expect(self.explain("--watch", "5s"), "answer_lost", "before this host", certainty="likely", evidence="answer")

    def test_starttls_that_a_device_between_removes(self):
        self.start(listeners='[listener.submission]\naudience = "internet"\n')
        # The device: it takes connections to port 587 over and hides STARTTLS.
        self.serve(self.router, r"""
import socket, sys, threading
l = socket.create_server(("0.0.0.0", 5870)); print("ready", flush=True)
def pipe(a, b, strip):
    try:
        while True:
            d = a.recv(65536)
            if not d: break
            b.sendall(d.replace(b"STARTTLS", b"XXXXXXXX") if strip else d)
    except OSError: pass
    b.close()
while True:
    c, _ = l.accept(); s = socket.create_connection(("198.51.100.1", 587))
    threading.Thread(target=pipe, args=(c, s, False), daemon=True).start()
    threading.Thread(target=pipe, args=(s, c, True), daemon=True).start()
""")
        self.nft(self.router, "table ip between {\n chain pre {\n type nat hook prerouting priority dstnat; policy accept;\n"
                 " iifname \"out0\" tcp dport 587 redirect to :5870\n }\n}\n")
        said = self.explain("--probe", self.probe_outside(587), port=587)
        self.expect(said, "starttls_stripped", "before this host", evidence="overwritten")

    # What listens.

    def test_a_service_that_is_off(self):
        self.start()
        self.assertIn("refused", self.connect(110)["error"])
        self.expect(self.explain(port=110), "service_off", "policy", evidence="nothing listens")

    def test_a_listener_on_loopback_alone(self):
        self.start(listeners='[listener.imaps]\naudience = "internet"\naddress = "127.0.0.1"\n')
        self.assertIn("refused", self.connect(993)["error"])
        self.expect(self.explain(), "bound_elsewhere", "policy", evidence="127.0.0.1:993")

    def test_a_listener_without_ipv6(self):
        self.start(listeners=f'[listener.imaps]\naudience = "internet"\naddress = "{SERVER4}"\n')
        self.assertIn("refused", self.connect(993, STRANGER6)["error"])
        self.expect(self.explain(source=STRANGER6), "no_ipv6_listener", "policy")

    def test_a_port_that_nobody_has(self):
        self.start()
        self.expect(self.explain(port=2222), "no_service", "policy")

    def test_another_program_has_the_port(self):
        self.start()
        self.serve(self.server, "import socket, sys\nl = socket.create_server(('0.0.0.0', 2110)); print('ready', flush=True)\nsys.stdin.read()")
        self.expect(self.explain(port=2110), "other_program", "another product", evidence="0.0.0.0:2110")

    def test_a_server_that_does_not_run(self):
        self.start(listeners=self.INTERNET)
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()
        said = self.explain()
        self.expect(said, "server_down", "this server")
        self.assertIn("it does not run", json.dumps(said["missing"]))

    # The server's own refusals.

    def test_the_server_refuses_who_is_not_in_the_audience(self):
        self.start(listeners=self.TRUSTED)
        self.connect(993)
        first = self.expect(self.explain(), "refused_by_server", "policy")
        self.assertIn("outside of the listener's audience", json.dumps(first["evidence"]))

    def test_too_many_connections_of_one_address(self):
        self.start(listeners='[listener.imap]\naudience = "internet"\n', limits="connections_per_address = 2")
        self.hold(143)
        self.hold(143)
        self.connect(143)
        self.expect(self.explain(port=143, wait="server_address_limit"), "server_address_limit", "policy", evidence="open now")

    def test_the_servers_own_rate(self):
        self.start(listeners='[listener.imap]\naudience = "internet"\nconnections_per_minute = 2\n')
        for _ in range(4):
            self.connect(143)
        self.expect(self.explain(port=143, wait="server_rate_limit"), "server_rate_limit", "policy")

    def test_a_listener_that_is_full(self):
        self.start(listeners='[listener.imap]\naudience = "internet"\nmax_connections = 1\n')
        self.hold(143, OFFICE4)
        self.connect(143)
        self.expect(self.explain("--no-probe", port=143, wait="server_full"), "server_full", "this server")

    def sign_in(self, password):
        self.nothing = run("ip", "netns", "exec", self.client, "python3", "-c",
                           "import imaplib, ssl, sys\nc = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE\n"
                           "m = imaplib.IMAP4_SSL('198.51.100.1', 993, ssl_context=c)\n"
                           "try: m.login('anna@example.org', sys.argv[1])\nexcept imaplib.IMAP4.error as e: print(e)\n", password)

    def account(self):
        self.gatepost("domain", "add", "example.org")
        self.gatepost("account", "add", "anna@example.org", "--password-stdin", stdin="correct horse battery\n")

    def test_a_wrong_password(self):
        self.start(listeners=self.INTERNET)
        self.account()
        self.sign_in("wrong")
        self.expect(self.explain(wait="wrong_password"), "wrong_password", "client", evidence="anna@example.org")

    def test_a_ban_after_wrong_passwords(self):
        self.start(listeners=self.INTERNET)
        self.account()
        for i in range(5):
            self.sign_in(f"wrong {i}")
        said = self.explain(wait="banned")
        self.assertIn("banned", [d["cause"] for d in said["diagnoses"]], said)
        banned = next(d for d in said["diagnoses"] if d["cause"] == "banned")
        self.assertEqual(banned["certainty"], "certain")
        self.assertIn("ban lift", json.dumps(banned["remedies"]))

    # TLS.

    def test_plain_text_on_a_port_with_tls_from_the_start(self):
        self.start(listeners=self.INTERNET)
        self.connect(993, mode="send:" + b"a1 CAPABILITY\r\n".hex())
        self.expect(self.explain(wait="plain_text_on_tls_port"), "plain_text_on_tls_port", "client")

    def test_tls_from_the_start_on_a_starttls_port(self):
        self.start(listeners='[listener.imap]\naudience = "internet"\n')
        self.assertIn("error", self.connect(143, mode="tls"))
        self.expect(self.explain(port=143, wait="tls_on_plain_port"), "tls_on_plain_port", "client")

    def test_a_certificate_that_expired(self):
        self.certificate("old", "middle")
        self.start(listeners=self.INTERNET)
        self.expect(self.explain(source=OFFICE4), "certificate_expired", "this server")

    def test_a_certificate_for_another_name(self):
        self.certificate("other", "middle")
        self.start(listeners=self.INTERNET)
        self.expect(self.explain(source=OFFICE4), "certificate_name", "this server", evidence="other.example")

    def test_a_certificate_without_its_chain(self):
        self.certificate("good")
        self.start(listeners=self.INTERNET)
        self.expect(self.explain(source=OFFICE4), "certificate_chain", "this server", evidence="Test Middle")

    # Names.

    def hosts(self, text):
        """/etc/hosts of the server's namespace, as ip-netns(8) puts it there."""
        folder = pathlib.Path("/etc/netns") / self.server
        folder.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (folder / "hosts").write_text("127.0.0.1 localhost\n" + text)

    def test_a_name_that_leads_elsewhere(self):
        self.hosts("192.0.2.99 mail.example.org\n")
        self.start(listeners=self.INTERNET)
        self.connect(993, mode="tls")
        done = self.gatepost("--json", "gate", "explain", "imaps", "--ca", str(self.certificates / "root.crt"), check=False)
        self.expect(json.loads(done.stdout), "name_leads_elsewhere", "DNS", certainty="likely", evidence="192.0.2.99")

    def test_an_aaaa_record_for_a_service_without_ipv6(self):
        self.hosts(f"{SERVER4} mail.example.org\n{SERVER6} mail.example.org\n")
        self.start(listeners=f'[listener.imaps]\naudience = "internet"\naddress = "{SERVER4}"\n')
        done = self.gatepost("--json", "gate", "explain", "imaps", "--ca", str(self.certificates / "root.crt"), check=False)
        self.expect(json.loads(done.stdout), "ipv6_missing", "policy", certainty="likely", evidence=SERVER6)

    # Times that are over, and things that are full.

    def test_a_time_that_is_over_from_a_log_of_another_product(self):
        self.start(listeners=self.INTERNET)
        log = self.folder / "ufw.log"
        log.write_text("2026-11-09T06:15:44.000000+00:00 mail kernel: [18376.584000] [UFW BLOCK] IN=eth0 OUT= MAC= SRC=203.0.113.9 DST=198.51.100.1 "
                       "LEN=60 TOS=0x00 PREC=0x00 TTL=61 ID=1 DF PROTO=TCP SPT=4000 DPT=993 WINDOW=1024 RES=0x00 SYN URGP=0 \n")
        said = self.explain("--at", "2026-11-09T06:16:00.000Z", "--log", str(log))
        self.expect(said, "other_product_dropped", "another product", evidence="ufw:block")
        # Without that log it cannot be told, and what would tell is said.
        said = self.explain("--at", "2026-11-09T06:16:00.000Z")
        self.assertNotEqual(said["diagnoses"][0]["certainty"], "certain", said)

    def test_a_disk_that_is_full(self):
        # A disk of its own, with less free than is to be kept.
        (self.folder / "data").mkdir()
        run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(self.folder / "data"))
        self.addCleanup(run, "umount", "-l", str(self.folder / "data"), check=False)
        (self.folder / "data" / "other").write_bytes(bytes(50 << 20))
        self.start(engine="rocksdb", store='disk_reserve_percent = 50\ndisk_reserve = "1 TiB"', listeners='[listener.smtp]\naudience = "internet"\n')
        self.expect(self.explain(port=25), "disk_full", "this server")

    # Mail.

    def test_what_became_of_a_mail(self):
        self.start(listeners='[listener.smtp]\naudience = "internet"\n')
        self.account()
        script = ("import smtplib, sys\ns = smtplib.SMTP('198.51.100.1', 25, 'client.example')\n"
                  "for to in sys.argv[1:]:\n"
                  "  try: s.sendmail('bob@far.example', [to], 'Subject: x\\r\\n\\r\\nx\\r\\n')\n"
                  "  except smtplib.SMTPException as e: print(e)\n")
        run("ip", "netns", "exec", self.client, "python3", "-c", script, "anna@example.org", "nobody@example.org")
        def mail(*arguments):
            done = self.gatepost("--json", "explain", "mail", *arguments, check=False)
            return done.returncode, json.loads(done.stdout)["mails"]
        code, mails = mail("--to", "anna@example.org")
        self.assertEqual((code, [m["state"] for m in mails]), (0, ["delivered"]), mails)
        self.assertEqual(mail("--id", mails[0]["id"])[0], 0)
        code, mails = mail("--to", "nobody@example.org")
        self.assertEqual((code, [m["state"] for m in mails]), (1, ["refused"]), mails)
        self.assertTrue(mails[0]["why"])
        self.assertEqual(mail("--to", "nobody@elsewhere.example"), (2, []))
        # Who asks why that server cannot send to us is told of its mail too.
        self.assertIn("mail_refused", [d["cause"] for d in self.explain("--no-probe", port=25)["diagnoses"]])

    # Without rights.

    def test_who_may_not_look_is_told_what_is_missing(self):
        if not shutil.which("setpriv"):
            self.skipTest("setpriv is not installed")
        self.start(listeners=self.INTERNET)
        for path in (self.folder, self.folder / "gatepost.toml"):
            path.chmod(0o755)
        done = run("ip", "netns", "exec", self.server, "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all",
                   "--bounding-set=-all", str(BINARY), "--config", str(self.folder / "gatepost.toml"), "--json", "gate", "explain", "--from",
                   STRANGER4, "--port", "993", "--no-dns", "--ca", str(self.certificates / "root.crt"), check=False)
        if "denied" in done.stderr and not done.stdout:
            self.skipTest("the program itself is out of reach for others here")
        said = json.loads(done.stdout)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.expect(said, "unknown", certainty="possible")
        self.assertIn("run this as root", json.dumps(said["missing"]))

    # Outwards.

    def other_server(self, *ports):
        self.serve(self.client, r"""
import socket, sys, threading
def serve(l):
    while True:
        c, _ = l.accept(); c.sendall(b"220 mx.example.net ESMTP\r\n"); c.close()
ls = [socket.create_server(("203.0.113.9", int(p))) for p in sys.argv[1:]]
for l in ls: threading.Thread(target=serve, args=(l,), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
""", *ports)

    def outbound(self, port=25, host=STRANGER4):
        return self.explain("--to", host, source=None, port=port)

    def test_outbound_works(self):
        self.configure()
        self.other_server(25)
        said = self.outbound()
        self.expect(said, "works", evidence="220 mx.example.net")
        self.assertEqual(said["exit_code"], 0)

    def test_port_25_that_the_provider_blocks(self):
        self.configure()
        self.other_server(25, 443)
        self.block_at_the_provider("iifname \"in0\" tcp dport 25 drop")
        first = self.expect(self.outbound(), "provider_blocks_25", "before this host", certainty="likely", evidence="its packets left this host")
        self.assertIn("smart_host", json.dumps(first["remedies"]))

    def test_a_rule_of_this_host_that_stops_port_25(self):
        self.configure()
        self.other_server(25, 443)
        self.nft(self.server, "table inet out {\n chain out {\n type filter hook output priority 0; policy accept;\n tcp dport 25 drop\n }\n}\n")
        self.expect(self.outbound(), "stopped_on_the_way_out", "another product", evidence="never left")

    def test_our_own_egress_policy(self):
        self.configure(user="nobody", gate="egress = true", end='[mailflow.smart_host]\nhost = "192.0.2.30"\n')
        self.other_server(25, 443)
        self.gatepost("gate", "apply", "--now", "--without-daemon")
        self.expect(self.outbound(), "egress_policy", "policy", evidence="as root: open")

    def test_a_server_that_refuses(self):
        self.configure()
        self.expect(self.outbound(), "refused_there", "before this host", certainty="likely")

    def test_no_way_there(self):
        self.configure()
        run("ip", "-n", self.server, "route", "del", "default")
        self.expect(self.outbound(host="192.0.2.77"), "no_route", "this server")

    def test_a_name_that_has_no_address(self):
        self.hosts("")
        (pathlib.Path("/etc/netns") / self.server / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        self.configure()
        said = self.outbound(host="nothing.invalid")
        self.assertEqual(said["diagnoses"][0]["cause"], "name_without_address", said)


if __name__ == "__main__":
    unittest.main()
