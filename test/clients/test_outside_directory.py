"""Sign-in by another directory: Debian's slapd by LDAPS and StartTLS, a second server, servers that hang, lie or flood, names made to break filters."""

import base64
import imaplib
import json
import pathlib
import poplib
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import shutil

from demo import Demo
from slapd import BASE, PEOPLE, READER, READER_PASSWORD, Slapd, find_slapd, ldif, person

SECRET = "what the directory knows"


class Peer:
    """A server that says what `talk` sends it to."""

    def __init__(self, talk):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.talk, self.over, self.taken = talk, threading.Event(), threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while not self.over.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.taken.set()
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        try:
            self.talk(connection, self.over)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self):
        self.over.set()
        self.socket.close()


@unittest.skipUnless(find_slapd(), "slapd is not installed, nor unpacked (bench/peers/unpack-slapd)")
class OutsideDirectory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = d = Demo()
        d.start()
        cls.addClassCleanup(d.__exit__)
        cls.config = pathlib.Path(d.env["GP_CONFIG"])
        cls.plain = cls.config.read_text()
        pki = d.data / "outside-pki"
        cls.ca = pki / "ca.pem"
        d.gatepost("certificate", "ca", "init", str(pki))
        d.gatepost("certificate", "ca", "init", str(d.data / "other-pki"))
        d.gatepost("certificate", "ca", "issue", str(pki), "127.0.0.1", "--cert", str(pki / "s.pem"), "--key", str(pki / "s.key"))
        (d.data / "reader.password").write_text(READER_PASSWORD + "\n")
        # The server may have given up root's rights.
        for path in (pki, d.data / "other-pki"):
            path.chmod(0o755)
            for file in path.iterdir():
                file.chmod(0o644)
        (d.data / "reader.password").chmod(0o644)
        cls.anna, cls.bert = f"anna@{d.domain}", f"bert@{d.domain}"
        for address in (cls.anna, cls.bert, f"locked@{d.domain}", f"weird@{d.domain}", f"twice@{d.domain}"):
            d.gatepost("account", "add", address, "--password-stdin", stdin="a local password nobody uses\n")
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-outside-"))
        cls.addClassCleanup(shutil.rmtree, cls.work, ignore_errors=True)
        entries = (person("anna", cls.anna, SECRET, proxyAddresses=f"smtp:a.smith@{d.domain}") + person("bert", cls.bert, SECRET + " b")
                   + person("locked", f"locked@{d.domain}", SECRET, pwdAccountLockedTime="000001010000Z")
                   + ldif(f"cn=Weird,{PEOPLE}", objectClass="inetOrgPerson", uid="we(ir)d*", cn="Weird", sn="Weird", mail=f"weird@{d.domain}", userPassword=SECRET)
                   + person("stranger", f"stranger@{d.domain}", SECRET)
                   + person("twice1", f"twice@{d.domain}", SECRET) + person("twice2", f"twice@{d.domain}", SECRET))
        cls.a, cls.b = (Slapd(cls.work / name, cls.ca, pki / "s.pem", pki / "s.key") for name in "ab")
        for server in (cls.a, cls.b):
            server.load(entries)
            server.start()
            cls.addClassCleanup(server.stop)

    def configure(self, servers, **keys):
        """One outside directory with these servers, then a reload."""
        keys = {"name": "office", "servers": servers, "ca_file": str(self.ca), "bind_dn": READER, "password_file": str(self.demo.data / "reader.password"),
                "base": BASE, "answer_timeout": "30 s", "connect_timeout": "30 s", **keys}
        # TOML's strings, lists and booleans are JSON's.
        table = "\n".join(f"{k} = {json.dumps(v)}" for k, v in keys.items())
        self.config.write_text(f"{self.plain}\n[[outside_directory]]\n{table}\n")
        self.demo.gatepost("reload")

    def imap_refusal(self, user, password):
        """None when it was let in, else what the server said."""
        client = imaplib.IMAP4_SSL(self.demo.host, self.demo.port("IMAPS"), ssl_context=self.demo.tls, timeout=60)
        try:
            quoted = client._quote(user)
            status, answer = client._simple_command("LOGIN", quoted, client._quote(password))
            return None if status == "OK" else answer[0].decode()
        finally:
            client.shutdown()

    def let_in(self, user, password):
        self.assertIsNone(self.imap_refusal(user, password), self.demo.log()[-3000:])

    def status(self):
        return json.loads(self.demo.gatepost("--json", "directory", "status").stdout)

    def ldaps(self, server):
        return f"ldaps://127.0.0.1:{server.tls_port}"

    def ldap(self, server):
        return f"ldap://127.0.0.1:{server.port}"

    def test_signs_in_by_every_protocol(self):
        d = self.demo
        self.configure([self.ldaps(self.a)])
        self.let_in(self.anna, SECRET)
        self.let_in("anna", SECRET)
        self.let_in("CORP\\anna", SECRET)
        pop = d.pop(self.anna, SECRET)
        pop.quit()
        submission = d.submission(self.anna, SECRET)
        submission.quit()
        done = subprocess.run(["ldapwhoami", "-x", "-H", f"ldaps://127.0.0.1:{d.port('LDAPS')}", "-D", self.anna, "-w", SECRET], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env={"LDAPTLS_CACERT": d.env["GP_CA"], "PATH": "/usr/bin:/bin"})
        self.assertEqual(done.returncode, 0, done.stdout)
        for client in (lambda: d.pop(self.anna, "wrong"), lambda: d.submission(self.anna, "wrong"), lambda: d.pop(self.anna, "a local password nobody uses")):
            self.assertRaises((poplib.error_proto, smtplib.SMTPAuthenticationError), client)
        # Who is not in it signs in as before.
        self.let_in(d.user1, d.pass1)
        client = imaplib.IMAP4_SSL(d.host, d.port("IMAPS"), ssl_context=d.tls, timeout=60)
        self.assertFalse([c for c in client.capabilities if "SCRAM" in c])
        self.assertIn("AUTH=PLAIN", client.capabilities)
        client.authenticate("PLAIN", lambda _: b"\0" + self.anna.encode() + b"\0" + SECRET.encode())
        client.logout()

    def test_app_passwords_go_on(self):
        d = self.demo
        self.configure([self.ldaps(self.a)])
        secret = json.loads(d.gatepost("--json", "app-password", "add", self.anna, "phone").stdout)["password"]
        self.let_in(self.anna, secret)
        self.let_in(self.anna, SECRET)

    def test_names_are_no_filters(self):
        self.configure([self.ldap(self.a)])
        for name in ("*", "an*", "anna)(uid=*", "*)(|(uid=*", f"*@{self.demo.domain}", "anna\\*", f"anna)(objectClass=*@{self.demo.domain}", "uid=anna", f"uid=anna,{PEOPLE}"):
            self.assertIsNotNone(self.imap_refusal(name, SECRET), name)
        self.let_in("we(ir)d*", SECRET)
        self.let_in(f"weird@{self.demo.domain}", SECRET)

    def test_no_password_is_none(self):
        """slapd lets a bind without a password succeed for nobody; what asks it must not take that for a sign-in."""
        self.configure([self.ldap(self.a)])
        self.assertIsNotNone(self.imap_refusal(self.anna, ""))
        self.assertNotIn(f'BIND dn="uid=anna,{PEOPLE}" mech=SIMPLE bind_ssf=0', self.a.log().replace("ssf=0 ", ""))

    def test_who_is_refused_there(self):
        self.configure([self.ldaps(self.a)])
        self.assertIsNotNone(self.imap_refusal(f"locked@{self.demo.domain}", SECRET))
        self.assertIn("outside.refused", self.demo.log())
        # The password is right, and there is no account.
        self.assertIsNotNone(self.imap_refusal(f"stranger@{self.demo.domain}", SECRET))
        self.assertIn("outside.no_account", self.demo.log())
        # Two entries have this address.
        self.assertIsNotNone(self.imap_refusal(f"twice@{self.demo.domain}", SECRET))
        self.assertIn("outside.ambiguous", self.demo.log())

    def test_accounts_disabled_by_active_directorys_attribute(self):
        self.configure([self.ldaps(self.a)], kind="active-directory", people_filter="(objectClass=inetOrgPerson)", login_filter="(uid={user})",
                       address_filter="(|(mail={address})(proxyAddresses=smtp:{address}))", id_attribute="entryUUID", name_attribute="cn", remember_right="0 s")
        self.let_in(f"a.smith@{self.demo.domain}", SECRET)
        self.a.modify(f"dn: uid=anna,{PEOPLE}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n")
        try:
            self.assertIsNotNone(self.imap_refusal(self.anna, SECRET))
        finally:
            self.a.modify(f"dn: uid=anna,{PEOPLE}\nchangetype: modify\ndelete: userAccountControl\n")
        self.let_in(self.anna, SECRET)

    def test_certificates_are_checked(self):
        self.configure([self.ldap(self.a)])  # StartTLS
        self.let_in(self.anna, SECRET)
        self.assertIn("STARTTLS", self.a.log())
        for url in (self.ldaps(self.a), self.ldap(self.a)):
            # Another name than the certificate has; another authority.
            for servers, keys in (([url.replace("127.0.0.1", "127.0.0.2")], {}), ([url], {"ca_file": str(self.demo.data / "other-pki/ca.pem")})):
                self.configure(servers, **keys)
                refusal = self.imap_refusal(self.anna, SECRET)
                self.assertIn("UNAVAILABLE", refusal or "let in")
                self.assertFalse(self.status()[0]["servers"][0]["works"])

    def test_the_next_server_when_one_dies(self):
        self.configure([self.ldaps(self.a), self.ldaps(self.b)], remember_right="0 s")
        self.let_in(self.anna, SECRET)
        self.a.stop()
        try:
            self.let_in(self.anna, SECRET)
            self.let_in("bert", SECRET + " b")
            works = [s["works"] for s in self.status()[0]["servers"]]
            self.assertEqual(works, [False, True])
        finally:
            self.a.start()
        end = time.monotonic() + 120
        while not self.status()[0]["servers"][0]["works"]:
            self.assertLess(time.monotonic(), end)
            self.let_in(self.anna, SECRET)
            time.sleep(0.5)
        self.assertIn("outside.server_back", self.demo.log())

    def test_an_outage_is_outlasted(self):
        self.configure([self.ldaps(self.b)], outlast_outage="2 days", remember_right="0 s", remember_wrong="0 s")
        self.let_in(self.anna, SECRET)
        self.let_in("anna", SECRET)
        self.b.stop()
        try:
            self.let_in(self.anna, SECRET)
            self.let_in("anna", SECRET)
            self.assertIn("AUTHENTICATIONFAILED", self.imap_refusal(self.anna, "wrong") or "let in")
            self.assertIn("outside.outage", self.demo.log())
            self.demo.stop()
            (self.demo.data / "extra.toml").write_text(self.config.read_text()[len(self.plain):])
            self.demo.start()
            self.let_in(self.anna, SECRET)
            self.let_in(self.demo.user1, self.demo.pass1)
        finally:
            (self.demo.data / "extra.toml").unlink(missing_ok=True)
            self.b.start()

    def test_servers_that_hang_lie_or_flood(self):
        def hang(connection, over):
            over.wait(120)

        def flood(connection, over):
            connection.recv(1000)
            connection.sendall(b"\x30\x84\x7f\xff\xff\xff" + b"\x02\x01\x01")  # a message of 2 GiB
            while not over.is_set():
                connection.sendall(b"\x00" * 65536)

        def entries(connection, over):
            """Right messages, without end: a bind's answer, then entries."""
            connection.recv(1000)
            connection.sendall(bytes.fromhex("300c02010161070a010004000400"))
            connection.recv(4000)
            value = b"\x04\x82\x40\x00" + b"v" * 0x4000
            values = b"\x31\x82" + len(value).to_bytes(2, "big") + value
            attribute = b"\x04\x04mail" + values
            attribute = b"\x30\x82" + len(attribute).to_bytes(2, "big") + attribute
            body = b"\x04\x01a" + b"\x30\x82" + len(attribute).to_bytes(2, "big") + attribute
            entry = b"\x02\x01\x02\x64\x82" + len(body).to_bytes(2, "big") + body
            message = b"\x30\x82" + len(entry).to_bytes(2, "big") + entry
            while not over.is_set():
                connection.sendall(message)

        def rss():
            status = pathlib.Path(f"/proc/{self.demo.pid}/status").read_text()
            return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) // 1024

        # One that takes connections and says nothing, where TLS is to begin.
        peer = Peer(hang)
        try:
            for url in (f"ldaps://127.0.0.1:{peer.port}", f"ldap://127.0.0.1:{peer.port}"):
                self.configure([url], answer_timeout="2 s")
                begun = time.monotonic()
                self.assertIn("UNAVAILABLE", self.imap_refusal(self.anna, SECRET) or "let in")
                self.assertLess(time.monotonic() - begun, 50)
        finally:
            peer.close()
        # It holds up no stop either: people are asked for as soon as they are configured.
        peer = Peer(hang)
        try:
            self.configure([f"ldap://127.0.0.1:{peer.port}"], answer_timeout="2 min", people=True)
            end = time.monotonic() + 60
            while not peer.taken.is_set():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.1)
            begun = time.monotonic()
            self.demo.stop()
            self.assertLess(time.monotonic() - begun, 60)
            self.demo.start()
        finally:
            peer.close()
        clear = "yes, send passwords in clear"
        for talk in (hang, flood, entries):
            peer = Peer(talk)
            try:
                url = f"ldap://127.0.0.1:{peer.port}"
                self.configure([url], tls=clear, answer_timeout="2 s")
                before = rss()
                begun = time.monotonic()
                self.assertIn("UNAVAILABLE", self.imap_refusal(self.anna, SECRET) or "let in", talk.__name__)
                self.assertLess(time.monotonic() - begun, 60)
                self.assertLess(rss() - before, 150, talk.__name__)
                self.let_in(self.demo.user1, self.demo.pass1)  # it has a password here
                if talk is not entries:  # which answers, and so is believed to have them
                    self.configure([url, self.ldap(self.a)], tls=clear, answer_timeout="5 s")
                    self.let_in(self.anna, SECRET)
            finally:
                peer.close()

    def test_an_administrator_sees_every_query(self):
        d = self.demo
        self.configure([self.ldaps(self.a)])
        shown = d.gatepost("directory", "test", "anna", "--password-stdin", stdin=SECRET + "\n")
        for text in (f'search below "{BASE}" for (&(objectClass=inetOrgPerson)(uid=anna))', f"found uid=anna,{PEOPLE}", self.anna, "right"):
            self.assertIn(text, shown.stdout)
        self.assertNotIn(SECRET, shown.stdout + d.log())
        self.assertNotIn(READER_PASSWORD, shown.stdout + d.log())
        wrong = d.gatepost("--json", "directory", "test", self.anna, "--password-stdin", stdin="wrong\n", check=False)
        self.assertEqual(wrong.returncode, 1)
        self.assertEqual(json.loads(wrong.stdout)["password"], "wrong name or password")
        nobody = d.gatepost("directory", "test", f"nobody@{d.domain}", check=False)
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("no entry", nobody.stdout + nobody.stderr)
        status = self.status()[0]
        self.assertEqual((status["name"], status["servers"][0]["works"], status["servers"][0]["tls"]), ("office", True, "implicit"))

    def test_configuration_mistakes_are_named(self):
        text = self.config.read_text()
        for table, complaint in (('name = "x"\nservers = "ldaps://h"', "base"), ('name = "x"\nservers = "http://h"\nbase = "b"', "servers"),
                                 ('name = "x"\nservers = "ldap://h"\nbase = "b"\naddress_filter = "(mail=x)"', "does not ask for the name"),
                                 ('name = "x"\nservers = "ldap://h"\nbase = "b"\npeople_filter = "(a=b"', "is no filter"),
                                 ('name = "x"\nservers = "ldap://h"\nbase = "b"\ntls = "none"', "tls"),
                                 ('name = "x"\nservers = "ldap://h"\nbase = "b"\nbind_dn = "cn=x"', "password_file")):
            self.config.write_text(f"{self.plain}\n[[outside_directory]]\n{table}\n")
            done = self.demo.gatepost("config", "check", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(complaint, done.stdout + done.stderr)
        self.config.write_text(text)


if __name__ == "__main__":
    unittest.main()
