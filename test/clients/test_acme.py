"""Certificates from Debian's ACME server pebble, by each challenge, with Debian's BIND as the zone's name server."""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import textwrap
import time
import unittest
import urllib.request

from demo import Demo

HOST = "mail.demo.example"
PATIENCE = 120


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {seconds} s")


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Process:
    def __init__(self, command, log, env=None):
        self.log = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **(env or {})})

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def text(self):
        return pathlib.Path(self.log).read_text(errors="replace")


class NameServer(Process):
    """demo.example takes signed updates, hook.example those of this host; both lead to loopback."""

    def __init__(self, shared):
        self.port = free_port(socket.SOCK_DGRAM)
        self.folder = folder = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-named-"))  # it gives up root's rights to read elsewhere
        self.secret = base64.b64encode(os.urandom(32)).decode()
        self.key_file = shared / "tsig.key"  # where the server may read
        for path in (self.key_file, folder / "tsig.key"):
            path.write_text(f'key "acme-update" {{\n\talgorithm hmac-sha256;\n\tsecret "{self.secret}";\n}};\n')
            path.chmod(0o644)
        zone = "$TTL 5\n@ IN SOA ns hostmaster 1 60 60 600 5\n@ IN NS ns\nns IN A 127.0.0.1\n@ IN A 127.0.0.1\n* IN A 127.0.0.1\n"
        for name in ("demo.example", "hook.example"):
            (folder / name).write_text(zone)
        # Takes no updates; its proofs are looked for in demo.example.
        (folder / "fixed.example").write_text(zone + "_acme-challenge.mail IN CNAME first.fixed.example.\n"
                                              "first IN CNAME proofs-of-fixed.demo.example.\n"
                                              "_acme-challenge.hooked IN CNAME proofs-of-fixed.hook.example.\n")
        (folder / "named.conf").write_text(textwrap.dedent(f"""
            include "{folder}/tsig.key";
            options {{ directory "{folder}"; listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
                       recursion yes; forward only; forwarders {{ 127.0.0.1 port 9; }}; pid-file none; session-keyfile none; dnssec-validation no; }};
            controls {{ }};
            zone "demo.example" {{ type primary; file "demo.example"; update-policy {{ grant acme-update zonesub TXT; }}; }};
            zone "hook.example" {{ type primary; file "hook.example"; allow-update {{ 127.0.0.1; }}; }};
            zone "fixed.example" {{ type primary; file "fixed.example"; }};
            """))
        super().__init__(["/usr/sbin/named", "-g", "-4", "-c", str(folder / "named.conf")], folder / "named.log")
        wait_for("named", lambda: answers(self.port))

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Pebble(Process):
    def __init__(self, folder, name, dns_port, tls_port, http_port=9, **more):
        self.port, self.management = free_port(), free_port()
        config = {"listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
                  "certificate": str(folder / "localhost.pem"), "privateKey": str(folder / "localhost.key"),
                  "httpPort": http_port, "tlsPort": tls_port, "ocspResponderURL": "", **more}
        path = folder / f"{name}.json"
        path.write_text(json.dumps({"pebble": config}))
        super().__init__(["/usr/bin/pebble", "-config", str(path), "-dnsserver", f"127.0.0.1:{dns_port}"], folder / f"{name}.log",
                         {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "20", "PEBBLE_AUTHZREUSE": "0"})
        self.directory = f"https://localhost:{self.port}/dir"
        wait_for("pebble", lambda: answers(self.port) and answers(self.management))

    def root(self, ca):
        context = ssl.create_default_context(cafile=ca)
        return urllib.request.urlopen(f"https://localhost:{self.management}/roots/0", context=context, timeout=20).read()


class Acme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for program in ("/usr/bin/pebble", "/usr/sbin/named"):
            if not os.path.exists(program):
                raise unittest.SkipTest(f"{program} is not installed")
        cls.running, cls.hook = [], None
        cls.addClassCleanup(cls.clean_up)
        cls.demo = Demo().__enter__()
        cls.folder = cls.demo.data / "acme-test"  # where the server may read
        cls.folder.mkdir(mode=0o755)
        cls.demo.gatepost("certificate", "ca", "init", str(cls.folder))
        cls.demo.gatepost("certificate", "ca", "issue", str(cls.folder), "localhost", "127.0.0.1")
        cls.names = NameServer(cls.folder)
        cls.running.append(cls.names)
        cls.pebble = Pebble(cls.folder, "pebble", cls.names.port, cls.demo.port("HTTPS"), cls.demo.port("HTTP"))
        cls.running.append(cls.pebble)
        # Whom the server trusts: the signer of pebble's own web server, and for its look at itself pebble's root.
        cls.trust = cls.folder / "trust.pem"
        cls.trust.write_bytes((cls.folder / "ca.pem").read_bytes() + cls.pebble.root(cls.folder / "ca.pem"))
        cls.trust.chmod(0o644)
        cls.config = pathlib.Path(cls.demo.env["GP_CONFIG"])
        cls.plain = cls.config.read_text()

    @classmethod
    def clean_up(cls):
        for one in reversed(cls.running):
            one.stop()
        if hasattr(cls, "demo"):
            cls.demo.__exit__()

    def setUp(self):
        self.configure("", files=True)

    # Tools

    def configure(self, acme, files=False):
        """The demo's configuration with [acme], with or without its certificate's files; read by the running server."""
        text = self.plain
        if not files:
            begin = text.index("[[tls.certificate]]")
            end = text.index("\n\n", begin)
            text = text[:begin] + text[end:]
        self.config.write_text(text + "\n" + acme)
        self.demo.gatepost("reload")

    def acme(self, challenge, names=(HOST,), pebble=None, **more):
        pebble = pebble or self.pebble
        lines = ["[acme]", f'directory = "{pebble.directory}"', "agree_to_terms = true", f'ca_file = "{self.trust}"',
                 f'challenge = "{challenge}"', 'contact = ["postmaster@demo.example"]', 'dns_wait = "0 s"']
        for key, value in more.items():
            lines.append(f"{key} = {json.dumps(value)}")
        return "\n".join(lines) + "\n[[acme.certificate]]\nnames = " + json.dumps(list(names)) + "\n"

    def dns(self, **more):
        return {"dns_server": f"127.0.0.1:{self.names.port}", "dns_key_file": str(self.names.key_file), **more}

    def json(self, *arguments, check=True):
        done = self.demo.gatepost("--json", *arguments, check=check)
        return json.loads(done.stdout)

    def state(self, name):
        return next(one for one in self.json("certificate", "list")["acme"] if one["name"] == name)

    def wait_until_got(self, name):
        wait_for(f"{name} is got", lambda: self.state(name)["got"] or self.fail_early(name))

    def wait_until_shown(self, name, service, server_name):
        """It is stored before the ports have it: of one that is got unasked nobody waits for the second."""
        wait_for(f"{name} is shown", lambda: self.shown(service, server_name) == self.stored(name))

    def fail_early(self, name):
        state = self.state(name)
        if state["failures"]:
            raise AssertionError(f"{state['cause']}; {state['remedy']}\n{self.pebble.text()[-3000:]}")

    def stored(self, name):
        folder = "_" + name[1:] if name.startswith("*") else name
        pem = (self.demo.data / "certificates/issued" / folder / "certificate.pem").read_text()
        return ssl.PEM_cert_to_DER_cert(pem[:pem.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n")

    def shown(self, service, name=HOST):
        """The certificate a port shows, by a client that upgrades where the port wants that."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.demo.port(service)), 30) as plain:
            talk = {"SMTP": [b"EHLO a\r\n", b"STARTTLS\r\n"], "SUBMISSION": [b"EHLO a\r\n", b"STARTTLS\r\n"],
                    "IMAP": [b"a STARTTLS\r\n"], "POP3": [b"STLS\r\n"],
                    "LDAP": [b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"]}.get(service)
            if talk is not None:
                if service != "LDAP":  # where the client speaks first
                    plain.recv(4096)
                for line in talk:
                    plain.sendall(line)
                    time.sleep(0.05)
                    plain.recv(4096)
            with context.wrap_socket(plain, server_hostname=name) as secure:
                return secure.getpeercert(binary_form=True)

    TLS_PORTS = ("SMTP", "SUBMISSION", "SUBMISSIONS", "IMAP", "IMAPS", "POP3", "POP3S", "HTTPS", "LDAP", "LDAPS")

    def assert_every_port_shows(self, name):
        stored = self.stored(name)
        for service in self.TLS_PORTS:
            self.assertEqual(hashlib.sha256(stored).hexdigest(), hashlib.sha256(self.shown(service)).hexdigest(), service)
        listed = self.json("certificate", "list")
        self.assertEqual(len(self.TLS_PORTS), len(listed["listeners"]) // len({one["at"].rsplit(":", 1)[0] for one in listed["listeners"]}))
        for listener in listed["listeners"]:
            self.assertEqual(hashlib.sha256(stored).hexdigest(), listener["certificate"]["fingerprint"])
            self.assertTrue(listener["certificate"]["equals_stored"])

    # Tests

    def test_tls_alpn_01_and_renewal_while_a_session_goes_on(self):
        before = len(self.demo.log())  # other tests' certificates were wrong on purpose
        with self.demo.imap() as session:
            self.configure(self.acme("tls-alpn-01"))
            self.wait_until_got(HOST)
            self.wait_until_shown(HOST, "IMAPS", HOST)
            self.assert_every_port_shows(HOST)
            first = self.stored(HOST)
            done = self.json("certificate", "renew", HOST)
            self.assertEqual("renewed", done["done"])
            self.assertNotEqual(first, self.stored(HOST))
            self.assert_every_port_shows(HOST)
            previous = (self.demo.data / "certificates/issued" / HOST / "previous.pem").read_text()
            self.assertIn(ssl.DER_cert_to_PEM_cert(first).splitlines()[1], previous)
            # Nothing of this ended the session.
            self.assertEqual("OK", session.noop()[0])
        log = self.demo.log()[before:]
        self.assertIn("certificate.renewed", log)
        self.assertIn("certificate.probed", log)
        self.assertNotIn("certificate.probe_failed", log)
        for path in (self.demo.data / "certificates").rglob("*"):
            self.assertEqual(0, path.stat().st_mode & 0o077, path)
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{self.demo.port('METRICS')}/metrics", timeout=30).read().decode()
        days = [line for line in metrics.splitlines() if line.startswith(f'gatepost_certificate_days_left{{name="{HOST}"}}')]
        self.assertEqual(1, len(days), metrics)
        self.assertGreater(float(days[0].split()[-1]), 300)

    def test_http_01(self):
        name = "web.demo.example"
        self.configure(self.acme("http-01", [name, "www.demo.example"]))
        self.wait_until_got(name)
        self.wait_until_shown(name, "HTTPS", "www.demo.example")
        self.assertTrue(self.json("certificate", "issue", "--dry-run")["ok"])

    def test_a_window_in_the_past_renews_unasked(self):
        self.configure(self.acme("tls-alpn-01", ["window.demo.example"]))
        self.wait_until_got("window.demo.example")
        first = self.stored("window.demo.example")
        path = self.demo.data / "certificates/issued/window.demo.example/state.json"
        # The certificate is there before what is noted of it; nothing may be written over what comes next.
        wait_for("all is noted", lambda: path.exists() and time.time() - path.stat().st_mtime > 2)
        state = json.loads(path.read_text())
        state["retry_at"] = None
        state["suggestion"] = {"start": "2020-01-01T00:00:00.000Z", "end": "2020-01-02T00:00:00.000Z",
                               "ask_again": "2200-01-01T00:00:00.000Z", "explanation": ""}
        path.write_text(json.dumps(state))
        self.demo.gatepost("restart")  # what was kept counts, not what a process remembers
        type(self).demo.pid = int((self.demo.data / "gatepost.pid").read_text())
        wait_for("it is renewed", lambda: self.stored("window.demo.example") != first)
        wait_for("all is noted", lambda: json.loads(path.read_text()).get("suggestion") is None)

    def test_dns_01_by_signed_updates(self):
        name = "dns.demo.example"
        self.configure(self.acme("dns-01", [name, "*.demo.example"], **self.dns()), files=True)
        self.wait_until_got(name)
        renewed = self.json("certificate", "renew")
        self.assertEqual(name, renewed["name"])
        self.assertEqual({name, "*.demo.example"}, set(self.json("certificate", "show", name)["served"]["names"]))
        self.assertEqual(self.stored(name), self.shown("IMAPS", "anything.demo.example"))
        rehearsal = self.json("certificate", "issue", "--dry-run")
        self.assertTrue(rehearsal["ok"], rehearsal)
        self.assertIn("there is one", [step["text"] for step in rehearsal["steps"]])
        # The next key is announced before it comes into use.
        records = self.json("certificate", "tlsa", "imap.demo.example")
        following = {record["data"] for record in records if record["key"] == "next"}
        self.assertEqual(1, len(following))
        self.json("certificate", "renew", name)
        records = self.json("certificate", "tlsa", "imap.demo.example")
        self.assertEqual(following, {record["data"] for record in records if record["key"] == "present"})

    def test_dns_01_where_a_cname_leads_to_a_zone_that_takes_updates(self):
        self.configure(self.acme("dns-01", ["mail.fixed.example"], **self.dns()))
        self.wait_until_got("mail.fixed.example")
        self.assertIn("adding an RR at 'proofs-of-fixed.demo.example' TXT", self.names.text())
        wait_for("it is removed", lambda: "deleting an RR at proofs-of-fixed.demo.example TXT" in self.names.text())

    def test_a_kept_key_keeps_its_tlsa_records(self):
        self.configure(self.acme("dns-01", ["kept.demo.example"], reuse_key=True, **self.dns()))
        self.wait_until_got("kept.demo.example")
        before = {record["data"] for record in self.json("certificate", "tlsa", "kept.demo.example")}
        self.json("certificate", "renew")
        self.assertEqual(before, {record["data"] for record in self.json("certificate", "tlsa", "kept.demo.example")})
        self.assertEqual(1, len(before))

    def test_what_a_name_server_refuses_is_explained(self):
        wrong = self.folder / "wrong.key"
        wrong.write_text(self.names.key_file.read_text().replace(self.names.secret, base64.b64encode(b"x" * 32).decode()))
        wrong.chmod(0o644)
        self.configure(self.acme("dns-01", ["refused.demo.example"], **self.dns(dns_key_file=str(wrong))))
        said = self.json("certificate", "renew", check=False)
        self.assertIn("BADSIG", said["error"])
        self.assertIn("dns_key_file", said["remedy"])
        rehearsal = self.json("certificate", "issue", "--dry-run", check=False)
        self.assertFalse(rehearsal["ok"])

    def hook_program(self):
        hook = self.folder / "hook.py"
        hook.write_text(textwrap.dedent(f"""\
            #!/usr/bin/env python3
            # One unsigned update (RFC 2136) of one TXT record.
            import socket, struct, sys
            action, record, value = sys.argv[1:]
            name = lambda text: b"".join(bytes([len(l)]) + l.encode() for l in text.split(".")) + b"\\0"
            data = bytes([len(value)]) + value.encode()
            update = struct.pack(">6H", 7, 5 << 11, 1, 0, 1, 0) + name("hook.example") + struct.pack(">2H", 6, 1)
            update += name(record) + struct.pack(">2HIH", 16, 1 if action == "add" else 254, 5 if action == "add" else 0, len(data)) + data
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(20)
            s.sendto(update, ("127.0.0.1", {self.names.port}))
            code = s.recv(4096)[3] & 15
            print("the name server says", code)
            sys.exit(code)
            """))
        hook.chmod(0o755)
        return hook

    def running_hook(self):
        """One for all tests: a job that was given to one that ended is given again after minutes."""
        if self.hook is None:
            type(self).hook = Process([self.demo.env["GP_BINARY"], "--config", self.demo.env["GP_CONFIG"], "certificate", "hook",
                                       str(self.hook_program())], self.folder / "hook.log")
            self.running.append(self.hook)
        return self.hook

    def test_dns_01_by_a_hook_where_a_cname_leads_to_another_zone(self):
        name = "hooked.fixed.example"
        program = self.running_hook()
        self.configure(self.acme("dns-01", [name], dns_check=[f"127.0.0.1:{self.names.port}"]))
        self.wait_until_got(name)
        wait_for("the record is taken away", lambda: "remove proofs-of-fixed.hook.example: done" in program.text())
        self.assertIn("add proofs-of-fixed.hook.example: done", program.text())
        self.assertNotIn("_acme-challenge.hooked", program.text())

    def test_dns_01_by_a_hook_and_a_kill_in_between(self):
        self.assertIsNone(self.hook)  # nobody makes the record before the kill
        name = "mail.hook.example"
        extra = self.acme("dns-01", [name])
        (self.demo.data / "extra.toml").write_text(extra)
        try:
            self.configure(extra, files=True)
            order = self.demo.data / "certificates/issued" / name / "order.json"
            wait_for("the order waits for the hook", order.exists)
            wait_for("the hook is wanted", lambda: "certificate.hook_wanted" in self.demo.log())
            noted = order.read_text()
            self.demo.kill()
            self.demo.start()
            self.assertEqual(noted, order.read_text())
            program = self.running_hook()
            self.wait_until_got(name)
            wait_for("the record is taken away", lambda: "remove _acme-challenge." + name + ": done" in program.text())
            self.assertFalse(order.exists())
            self.wait_until_shown(name, "IMAPS", name)
        finally:
            (self.demo.data / "extra.toml").unlink()

    def test_a_closed_port_is_explained_and_the_old_certificate_stays(self):
        self.configure(self.acme("tls-alpn-01", ["closed.demo.example"]))
        self.wait_until_got("closed.demo.example")
        before = self.stored("closed.demo.example")
        other = Pebble(self.folder, "closed", self.names.port, free_port())
        self.running.append(other)
        self.configure(self.acme("tls-alpn-01", ["closed.demo.example"], pebble=other))
        said = self.json("certificate", "renew", check=False)
        self.assertIn("could not connect to port 443 of closed.demo.example", said["error"])
        self.assertIn("it says: ", said["error"])  # what the authority saw
        self.assertIn("port 443", said["remedy"])
        self.assertEqual(before, self.stored("closed.demo.example"))
        self.assertEqual(before, self.shown("IMAPS", "closed.demo.example"))
        state = self.state("closed.demo.example")
        self.assertEqual(1, state["failures"])
        self.assertIn("port 443", self.demo.gatepost("certificate", "show", "closed.demo.example").stdout)
        self.assertIn("certificate.failed", self.demo.log())

    def test_a_name_without_address_is_explained(self):
        self.configure(self.acme("tls-alpn-01", ["mail.nowhere.example"]))
        said = self.json("certificate", "renew", check=False)
        self.assertIn("mail.nowhere.example", said["error"])
        self.assertTrue(said["remedy"])

    def test_an_account_that_has_to_be_bound(self):
        secret = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
        bound = Pebble(self.folder, "bound", self.names.port, self.demo.port("HTTPS"), externalAccountBindingRequired=True,
                       externalAccountMACKeys={"kid-1": secret})
        self.running.append(bound)
        self.configure(self.acme("tls-alpn-01", ["bound.demo.example"], pebble=bound))
        said = self.json("certificate", "renew", check=False)
        self.assertIn("account_key_id", said["remedy"])
        key = self.folder / "eab.key"
        key.write_text(secret + "\n")
        key.chmod(0o644)
        self.configure(self.acme("tls-alpn-01", ["bound.demo.example"], pebble=bound, account_key_id="kid-1", account_key_file=str(key)))
        self.json("certificate", "renew")
        self.assertTrue(self.state("bound.demo.example")["got"])

    def test_a_replaced_certificate_is_revoked(self):
        self.configure(self.acme("tls-alpn-01", ["revoked.demo.example"], revoke_replaced=True))
        self.wait_until_got("revoked.demo.example")
        self.json("certificate", "renew")
        self.assertIn("certificate.revoked", self.demo.log())

    def test_an_unreachable_authority_is_explained(self):
        self.configure(self.acme("tls-alpn-01", ["later.demo.example"]).replace(str(self.pebble.port), str(free_port()), 1))
        said = self.json("certificate", "renew", check=False)
        self.assertIn("no connection to localhost", said["error"])
        self.assertIn("outgoing HTTPS", said["remedy"])

    def test_files_are_watched_and_half_a_change_is_none(self):
        self.configure("", files=True)
        pki = self.demo.data / "pki"
        before = self.shown("IMAPS")
        old = (pki / "server.pem").read_bytes(), (pki / "server.key").read_bytes()
        self.demo.gatepost("certificate", "ca", "issue", str(pki), "localhost", HOST, "127.0.0.1", "::1",
                           "--cert", str(pki / "fresh.pem"), "--key", str(pki / "fresh.key"))
        (pki / "fresh.key").chmod(0o644)
        (pki / "fresh.pem").chmod(0o644)
        marker = len(self.demo.log())
        with self.demo.imap() as session:
            (pki / "server.key").write_bytes((pki / "fresh.key").read_bytes())
            wait_for("the mismatch is said", lambda: "certificate.file_refused" in self.demo.log()[marker:])
            self.assertEqual(before, self.shown("IMAPS"))
            (pki / "server.pem").write_bytes((pki / "fresh.pem").read_bytes())
            wait_for("the new one is shown", lambda: self.shown("IMAPS") != before)
            self.assertIn("certificate.reloaded", self.demo.log()[marker:])
            self.assertEqual("OK", session.noop()[0])
        (pki / "server.pem").write_bytes(old[0])
        (pki / "server.key").write_bytes(old[1])
        wait_for("the old one is shown again", lambda: self.shown("IMAPS") == before)

    def test_without_any_certificate_a_private_authority_makes_one(self):
        self.configure("[tls]\nself_signed = true\n")
        ca = self.demo.gatepost("certificate", "ca", "show").stdout
        context = ssl.create_default_context(cadata=ca)
        for name in (HOST, "localhost"):
            with socket.create_connection(("127.0.0.1", self.demo.port("IMAPS")), 30) as plain:
                with context.wrap_socket(plain, server_hostname=name) as secure:
                    self.assertTrue(secure.recv(100).startswith(b"* OK"))
        facts = self.json("certificate", "show")
        self.assertTrue(facts["served"]["equals_stored"])
        policy = self.json("certificate", "mta-sts", "demo.example")
        self.assertFalse(policy["enforce"])
        self.assertIn("mode: testing", policy["policy"])


if __name__ == "__main__":
    unittest.main()
