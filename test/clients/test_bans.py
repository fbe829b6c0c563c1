"""Bans in network namespaces: who misbehaves is closed out by the server and by the kernel, and everybody else is not.

Nothing here touches the rules of the machine: the server runs in a namespace of its own, its clients in another."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from test_gate import BINARY, possible, run

TOP = pathlib.Path(__file__).resolve().parents[2]
SERVER4, SERVER6 = "198.51.100.1", "2001:db8:100::1"
OFFICE, MONITOR, PROXY = "10.20.0.9", "192.0.2.80", "192.0.2.90"
STRANGERS = [f"203.0.113.{n}" for n in range(1, 10)]
STRANGERS6 = ["2001:db8:bad::1", "2001:db8:bad::2", "2001:db8:bad:1::1"]

CONFIG = """
[server]
hostname = "mail.example.org"
data_dir = "{folder}/data"
user = ""
[networks]
trusted = ["10.20.0.0/16"]
[[tls.certificate]]
cert = "{folder}/cert.pem"
key = "{folder}/key.pem"
[auth]
argon2_memory_kib = 8192
argon2_iterations = 1
failures = 5
[bans]
monitors = ["192.0.2.80"]
[proxy_protocol]
trusted = ["192.0.2.90"]
[gate]
state_dir = "{folder}/gate"
[listener.ldap]
audience = "internet"
reason = "a test"
[listener.imap-proxied]
service = "imap"
port = 1143
proxy_protocol = true
reason = "a test"
"""

# One line of JSON in, one out: connects from an address, says things, tells what it heard. Stays for the next line.
CLIENT = r"""
import json, socket, ssl, sys
kept = {}
def talk(job):
    s = kept.pop(job["keep"], None) if job.get("again") else None
    if s is None:
        s = socket.socket(socket.AF_INET6 if ":" in job["to"] else socket.AF_INET)
        s.settimeout(2)  # the kernel answers at once, or never
        s.bind((job["from"], 0))
        try:
            s.connect((job["to"], job["port"]))
        except socket.timeout:
            return None
        s.settimeout(20)
        if job.get("first"): s.sendall(job["first"].encode())
        if job.get("tls"): s = ssl._create_unverified_context().wrap_socket(s)
    heard = b""
    if not job.get("again"): heard += s.recv(4096) if job.get("greeting", True) else b""
    for line in job.get("say", []):
        s.sendall(line.encode())
        while True:
            more = s.recv(4096)
            heard += more
            if not more or (heard.endswith(b"\r\n") and not job.get("whole")): break
        if not more: break
    if "keep" in job: kept[job["keep"]] = s
    else: s.close()
    return heard.decode(errors="replace")
for line in sys.stdin:
    try:
        heard = talk(json.loads(line))
        print(json.dumps({"dropped": True} if heard is None else {"heard": heard}), flush=True)
    except socket.timeout:
        print(json.dumps({"error": "silent"}), flush=True)
    except OSError as e:
        print(json.dumps({"error": type(e).__name__}), flush=True)
"""


@unittest.skipUnless(possible(), "needs root, network namespaces and nft")
class Bans(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-bans-"))
        cls.server, cls.client = f"gbs{os.getpid()}", f"gbc{os.getpid()}"
        cls.daemon = cls.talker = None
        cls.addClassCleanup(cls.clean)
        for name in (cls.server, cls.client):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", cls.server, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", cls.client)
        for name in (cls.server, cls.client):
            run("ip", "-n", name, "link", "set", "eth0", "up")
        addresses = [(cls.server, SERVER4), (cls.server, SERVER6)]
        addresses += [(cls.client, a) for a in [OFFICE, MONITOR, PROXY] + STRANGERS + STRANGERS6]
        for name, address in addresses:
            v6 = ":" in address
            run("ip", "-n", name, "addr", "add", address + ("/128" if v6 else "/32"), "dev", "eth0", *(["nodad"] if v6 else []))
        for name in (cls.server, cls.client):
            run("ip", "-n", name, "route", "add", "default", "dev", "eth0")
            run("ip", "-6", "-n", name, "route", "add", "default", "dev", "eth0")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mail.example.org", "-days", "2", "-keyout",
            str(cls.folder / "key.pem"), "-out", str(cls.folder / "cert.pem"))
        (cls.folder / "gatepost.toml").write_text(CONFIG.format(folder=cls.folder))
        cls.start()
        cls.gatepost("domain", "add", "example.org")
        for name in ("anna", "ben"):
            cls.gatepost("account", "add", f"{name}@example.org", "--password-stdin", stdin="correct horse\n")
        cls.talker = subprocess.Popen(["ip", "netns", "exec", cls.client, "python3", "-c", CLIENT], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)

    @classmethod
    def clean(cls):
        if cls.talker:
            cls.talker.kill()
            cls.talker.wait()
            cls.talker.stdin.close()
            cls.talker.stdout.close()
        if cls.daemon:
            cls.daemon.kill()
            cls.daemon.wait()
        for name in (cls.server, cls.client):
            run("ip", "netns", "del", name, check=False)
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def start(cls):
        with open(cls.folder / "log", "a") as log:
            cls.daemon = subprocess.Popen(
                ["ip", "netns", "exec", cls.server, str(BINARY), "--config", str(cls.folder / "gatepost.toml"), "serve"],
                stdout=subprocess.DEVNULL, stderr=log)
        for _ in range(600):
            if cls.gatepost("status", check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError((cls.folder / "log").read_text()[-3000:])

    @classmethod
    def gatepost(cls, *arguments, check=True, stdin=None):
        done = subprocess.run(["ip", "netns", "exec", cls.server, str(BINARY), "--config", str(cls.folder / "gatepost.toml"),
                               *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if check and done.returncode != 0:
            raise RuntimeError(f"{arguments}: {done.returncode} {done.stdout}{done.stderr}")
        return done

    def setUp(self):
        for ban in self.bans():
            self.gatepost("ban", "lift", ban["address"])
        for address in STRANGERS + STRANGERS6:
            self.gatepost("ban", "lift", address)

    def bans(self):
        return json.loads(self.gatepost("--json", "ban", "list").stdout)

    def explain(self, address):
        return json.loads(self.gatepost("--json", "ban", "explain", address).stdout)

    def talk(self, address, port, **job):
        job |= {"from": address, "to": SERVER6 if ":" in address else SERVER4, "port": port}
        self.talker.stdin.write(json.dumps(job) + "\n")
        self.talker.stdin.flush()
        return json.loads(self.talker.stdout.readline())

    def greeted(self, address, port=143, **job):
        return "OK" in self.talk(address, port, **job).get("heard", "")

    def closed_out(self, address, port=143):
        """Dropped by the kernel, or closed without a banner. A ban takes hold at once, but the last connection's end may still be on its way."""
        for _ in range(100):
            if self.talk(address, port).get("heard", "") == "":
                return True
            time.sleep(0.1)
        return False

    def browse(self, address, times, port=25):
        for _ in range(times):
            self.talk(address, port, say=["GET / HTTP/1.1\r\n"])

    def test_scanners_are_closed_out_and_everybody_else_is_not(self):
        bad, good = STRANGERS[0], STRANGERS[1]
        self.assertTrue(self.greeted(bad, keep="open"))
        self.browse(bad, 4)
        self.assertTrue(self.closed_out(bad))
        self.assertTrue(self.closed_out(bad, 25))
        self.assertTrue(self.greeted(good))
        # The connection it had open is gone.
        again = self.talk(bad, 143, again=True, keep="open", say=["a NOOP\r\n"])
        self.assertNotIn("OK", again.get("heard", ""))
        why = self.explain(bad)
        self.assertTrue(why["banned"])
        self.assertEqual(why["ban"]["cause"], "scanner")
        self.assertEqual(why["evidence"][-1]["detail"], "HTTP")
        self.assertIn(bad, why["lift"])
        # kill -9 forgets nobody.
        time.sleep(0.5)
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()
        self.start()
        self.assertTrue(self.closed_out(bad))
        self.assertEqual(self.explain(bad)["ban"]["until"], why["ban"]["until"])
        self.assertIn("1 ban(s) lifted", self.gatepost("ban", "lift", bad).stdout)
        self.assertTrue(self.greeted(bad))

    def test_guessing_names_bans_and_an_old_phone_does_not(self):
        phone, guesser = STRANGERS[2], STRANGERS[3]
        login = lambda name, password: f'a LOGIN {name}@example.org "{password}"\r\n'
        for _ in range(30):
            self.talk(phone, 993, tls=True, say=[login("anna", "an old password")])
        self.assertFalse(self.explain(phone)["banned"])
        heard = self.talk(phone, 993, tls=True, say=[login("anna", "correct horse")])
        self.assertIn("a OK", heard["heard"])
        for i in range(30):
            heard = self.talk(guesser, 993, tls=True, say=[login(f"root{i}", f"wrong {i}")])
        self.assertTrue(self.explain(guesser)["banned"])
        self.assertEqual(self.explain(guesser)["ban"]["cause"], "sign-in")
        self.assertTrue(self.closed_out(guesser))
        # From elsewhere the same people sign in.
        self.assertIn("a OK", self.talk(OFFICE, 993, tls=True, say=[login("anna", "correct horse")])["heard"])

    def test_who_floods_http_and_ldap_with_garbage_is_closed_out(self):
        web, scanner, directory, browser = STRANGERS[0], STRANGERS[1], STRANGERS[2], STRANGERS[8]
        for _ in range(25):
            self.talk(web, 443, tls=True, greeting=False, say=["no request at all\r\n\r\n"])
        ban = self.explain(web)["ban"]
        self.assertEqual((ban["cause"], ban["reason"].split(" (")[0]), ("protocol", "requests that break the protocol"))
        # One connection after another that asks for everything there might be.
        for _ in range(4):
            self.talk(scanner, 443, tls=True, greeting=False, say=["".join(
                f"GET /{i}.php HTTP/1.1\r\nHost: mail.example.org\r\n\r\n" for i in range(25))], whole=True)
        self.assertEqual(self.explain(scanner)["ban"]["reason"], "too many failed commands (4 times)")
        for _ in range(25):
            self.talk(directory, 389, greeting=False, say=["\x01\x02 garbage"], whole=True)
        self.assertEqual(self.explain(directory)["ban"]["cause"], "protocol")
        # A browser that connects in advance, and one that writes http:// where https:// is meant.
        for _ in range(10):
            self.talk(browser, 443, tls=True, greeting=False)
            self.talk(browser, 443, greeting=False, say=["GET / HTTP/1.1\r\nHost: mail.example.org:443\r\n\r\n"], whole=True)
        self.assertEqual(self.explain(browser)["points"], 0)
        self.assertIn("HTTP/1.1 404", self.talk(browser, 443, tls=True, greeting=False, whole=True, say=[
            "GET /nothing HTTP/1.1\r\nHost: mail.example.org\r\nConnection: close\r\n\r\n"])["heard"])

    def test_a_scanner_that_connects_anew_for_each_request_is_closed_out_and_so_is_one_behind_a_proxy(self):
        def ask(path, address, fields="", port=443):
            return self.talk(address, port, tls=True, greeting=False, whole=True, say=[
                f"GET {path} HTTP/1.1\r\nHost: mail.example.org\r\n{fields}Connection: close\r\n\r\n"]).get("heard", "")

        scanner, lost, hidden, visitor = STRANGERS[0], STRANGERS[1], "203.0.113.177", "203.0.113.178"
        for i in range(80):
            ask(f"/{i}.php", scanner)
            ask("/EWS/Exchange.asmx", lost)  # a program with a wrong setting
        self.assertEqual(self.explain(scanner)["ban"]["reason"], "too many failed commands (4 times)")
        self.assertTrue(self.closed_out(scanner, 25))
        self.assertEqual(self.explain(lost)["points"], 0)
        for i in range(80):
            ask(f"/{i}.php", PROXY, f"X-Forwarded-For: {hidden}\r\n")
        ban = self.explain(hidden)["ban"]
        self.assertFalse(ban["firewall"])
        self.assertIn("told by a proxy", ban["in_force"])
        self.assertIn("HTTP/1.1 403 ", ask("/", PROXY, f"X-Forwarded-For: {hidden}\r\n"))
        self.assertIn("HTTP/1.1 404 ", ask("/nothing", PROXY, f"X-Forwarded-For: {visitor}\r\n"))
        self.assertFalse(self.explain(PROXY)["banned"])
        self.gatepost("ban", "lift", hidden)

    def test_harvesting_addresses_bans(self):
        bad = STRANGERS[4]
        for i in range(8):
            say = ["EHLO x\r\n", "MAIL FROM:<a@elsewhere.example>\r\n"]
            say += [f"RCPT TO:<guess{i}{n}@example.org>\r\n" for n in range(10)] + ["RSET\r\n", "QUIT\r\n"]
            self.talk(bad, 25, say=say)
        self.assertEqual(self.explain(bad)["ban"]["cause"], "harvest")

    def test_exempt_addresses_are_never_banned(self):
        for address, word in ((MONITOR, "monitors"), (OFFICE, "trusted"), ("127.0.0.1", "loopback"), (SERVER4, "this host")):
            refused = self.gatepost("ban", "add", address, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(word, refused.stderr)
        self.browse(MONITOR, 8)
        self.browse(OFFICE, 8)
        self.assertTrue(self.greeted(MONITOR))
        self.assertTrue(self.greeted(OFFICE))
        self.assertEqual(self.bans(), [])

    def test_a_second_address_of_a_64_brings_the_64_in(self):
        one, two, other = STRANGERS6
        self.browse(one, 4)
        self.assertEqual(self.explain(one)["ban"]["network"], one)
        self.assertTrue(self.greeted(two))
        self.browse(two, 1)
        self.assertEqual(self.explain(two)["ban"]["network"], "2001:db8:bad::/64")
        self.assertTrue(self.closed_out(two))
        self.assertTrue(self.greeted(other))

    def test_addresses_behind_a_proxy_are_banned_by_the_server_alone(self):
        self.gatepost("gate", "apply", "--now")
        header = "PROXY TCP4 203.0.113.77 198.51.100.1 40000 143\r\n"
        self.assertTrue(self.greeted(PROXY, 1143, first=header))
        for _ in range(4):
            self.talk(PROXY, 1143, first=header, say=["GET / HTTP/1.1\r\n"])
        ban = self.explain("203.0.113.77")["ban"]
        self.assertFalse(ban["firewall"])
        self.assertIn("told by a proxy", ban["in_force"])
        self.assertFalse(self.greeted(PROXY, 1143, first=header))
        self.assertTrue(self.greeted(PROXY, 1143, first=header.replace(".77", ".78")))
        self.assertNotIn("203.0.113.77", self.table())

    def table(self):
        return run("ip", "netns", "exec", self.server, "nft", "list", "table", "inet", "gatepost", check=False).stdout

    def wait_for(self, what, seconds=90):
        until = time.time() + seconds
        while time.time() < until:
            if what():
                return True
            time.sleep(0.2)
        return False

    def test_the_kernel_drops_whom_the_server_bans_and_the_evaluator_proves_it(self):
        bad, good = STRANGERS[5], STRANGERS[6]
        in_firewall = lambda: json.loads(self.gatepost("--json", "status").stdout)["bans_in_firewall"]
        self.gatepost("gate", "apply", "--now")
        self.assertTrue(self.wait_for(in_firewall), self.gatepost("status").stdout)
        added = self.gatepost("ban", "add", bad, "--for", "2h", "--reason", "a test").stdout
        self.assertIn("in the server and the firewall", added)
        self.assertIn('refused   by rule "gp:ban:ban-4" of inet gatepost banned', added)
        self.assertNotIn("OPEN", added)
        self.assertIn(bad, self.table())
        self.assertEqual(self.talk(bad, 143), {"dropped": True})
        self.assertTrue(self.greeted(good))
        # The server's own bans get there, too.
        self.browse(good, 4)
        self.assertTrue(self.wait_for(lambda: good in self.table()))
        # Another revision of the rules keeps them; rules that were made anew get them back.
        audit = self.gatepost("gate", "audit", check=False).stdout
        self.assertNotIn("changed", audit)
        run("ip", "netns", "exec", self.server, "nft", "delete", "table", "inet", "gatepost")
        self.gatepost("gate", "restore")
        self.assertTrue(self.wait_for(lambda: bad in self.table() and good in self.table()))
        # The audit knows what the sets should have.
        nft = lambda *words: run("ip", "netns", "exec", self.server, "nft", *words)
        audited = lambda: [f["what"] for f in json.loads(self.gatepost("--json", "gate", "audit", check=False).stdout)["findings"]
                           if f["where"] == "bans"]
        self.assertEqual(audited(), [])
        nft("delete", "element", "inet", "gatepost", "ban-4", "{", bad, "}")
        nft("add", "element", "inet", "gatepost", "ban-4-24", "{", "192.0.2.0", "timeout", "1h", "}")
        self.assertEqual(audited(), [f"the firewall's sets lack {bad}, which the server bans",
                                     "the firewall's sets have 192.0.2.0/24, which the server does not ban"])
        self.gatepost("ban", "refill")
        nft("delete", "element", "inet", "gatepost", "ban-4-24", "{", "192.0.2.0", "}")
        self.assertEqual(audited(), [])
        self.gatepost("ban", "lift", bad)
        self.assertNotIn(bad, self.table())
        self.assertTrue(self.greeted(bad))
        # Without the table the server alone refuses, and says so.
        run("ip", "netns", "exec", self.server, "nft", "delete", "table", "inet", "gatepost")
        self.assertTrue(self.wait_for(lambda: not in_firewall()))
        self.assertIn("gatepost gate apply", self.gatepost("status").stdout)
        self.assertTrue(self.closed_out(good))
        open_now = json.loads(self.gatepost("--json", "ban", "add", bad).stdout)
        self.assertFalse(open_now["firewall_proven"])

    def test_a_server_that_goes_on_after_a_failed_upgrade_has_its_helper_again(self):
        in_firewall = lambda: json.loads(self.gatepost("--json", "status").stdout)["bans_in_firewall"]
        self.gatepost("gate", "apply", "--now")
        self.assertTrue(self.wait_for(in_firewall), self.gatepost("status").stdout)
        pid = json.loads(self.gatepost("--json", "status").stdout)["pid"]
        log = self.folder / "log"
        stopped = log.read_text().count("server.stopping")
        new = self.folder / "new" / "gatepost"
        new.parent.mkdir(mode=0o755)
        new.write_text(f"""#!/bin/bash
case " $* " in
*" serve "*) {BINARY} "$@" & until [ "$(grep -c server.stopping {log})" -gt {stopped} ]; do sleep 0.05; done; kill -9 $!; wait; exit 1 ;;
esac
exec {BINARY} "$@"
""")
        new.chmod(0o755)
        done = self.gatepost("upgrade", str(new), check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("the old one goes on", done.stderr)
        self.assertTrue(self.wait_for(lambda: self.gatepost("status", check=False).returncode == 0))
        self.assertEqual(json.loads(self.gatepost("--json", "status").stdout)["pid"], pid)
        self.assertTrue(self.wait_for(in_firewall), self.gatepost("status").stdout)
        bad = STRANGERS[0]
        self.assertIn("in the server and the firewall", self.gatepost("ban", "add", bad).stdout)
        self.assertIn(bad, self.table())

    def test_devices_may_only_what_they_are_for(self):
        made = json.loads(self.gatepost("--json", "app-password", "add", "ben@example.org", "phone", "--service", "imap", "--from",
                                        "203.0.113.0/24").stdout)["password"]
        login = f'a LOGIN ben@example.org "{made}"\r\n'
        inside = STRANGERS[7]
        self.assertIn("a OK", self.talk(inside, 993, tls=True, say=[login])["heard"])
        self.assertNotIn("a OK", self.talk(OFFICE, 993, tls=True, say=[login])["heard"])
        pop = self.talk(inside, 995, tls=True, say=["USER ben@example.org\r\n", f"PASS {made}\r\n"])["heard"]
        self.assertIn("-ERR", pop)
        row = json.loads(self.gatepost("--json", "app-password", "list", "ben@example.org").stdout)[0]
        self.assertEqual((row["last_service"], row["last_address"], row["state"]), ("imap", inside, "good"))
        self.assertTrue(self.greeted(inside, 993, tls=True, keep="device", say=[login]))
        self.gatepost("app-password", "block", "ben@example.org", str(row["id"]))
        ended = self.talk(inside, 993, again=True, keep="device", say=["b NOOP\r\n"])
        self.assertNotIn("b OK", ended.get("heard", ""))
        self.assertNotIn("a OK", self.talk(inside, 993, tls=True, say=[login])["heard"])
        self.gatepost("app-password", "unblock", "ben@example.org", str(row["id"]))
        self.assertIn("a OK", self.talk(inside, 993, tls=True, say=[login])["heard"])


class Storm(unittest.TestCase):
    def test_right_passwords_work_while_wrong_ones_rain(self):
        sys.path.insert(0, str(TOP / "bench"))
        import sign_in_storm
        preset = os.environ.get("GATEPOST_PRESET", "release")
        result = sign_in_storm.storm(argparse.Namespace(seconds=8, right=10, wrong=20, people=5, memory=8192, preset=preset))
        self.assertEqual(result["right_failed"], 0, result)
        self.assertGreater(result["right"], 10)
        self.assertGreater(sum(result["wrong"].values()), 20)
        # Two hashes at a time of 8 MiB, whatever comes.
        self.assertLess(result["memory_mib_most"] - result["memory_mib_begin"], 200, result)


if __name__ == "__main__":
    unittest.main()
