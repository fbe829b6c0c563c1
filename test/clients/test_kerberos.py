"""Sign-in by Kerberos tickets (GSSAPI) of an Active Directory: curl, ldapwhoami and MIT's library with tickets of kinit, and tickets that are of no use."""

import base64
import http.client
import imaplib
import json
import os
import pathlib
import smtplib
import subprocess
import tempfile
import time
import unittest

import samba
from demo import Demo
from samba import BASE, DISABLED, NEVER_EXPIRES, NORMAL, READER, READER_PASSWORD, REALM, Samba

try:
    import gssapi
except ImportError:
    gssapi = None

SECRET = "Pass.word.of.1"
PATIENCE = 120


def why_not():
    if samba.why_not():
        return samba.why_not()
    if gssapi is None or not pathlib.Path("/usr/bin/kinit").exists():
        return "Kerberos is not installed (krb5-user, python3-gssapi)"
    return None


class Client:
    """The client's side of GSSAPI (RFC 4752 3.1), for imaplib and smtplib; `first` is the token it begins with."""

    def __init__(self, credentials, service="imap", name=b"", choice=b"\1\0\0\0"):
        target = gssapi.Name(f"{service}@localhost", gssapi.NameType.hostbased_service)
        self.context = gssapi.SecurityContext(name=target, creds=credentials, usage="initiate")
        self.first, self.name, self.choice, self.offered = self.context.step(), name, choice, None

    def __call__(self, challenge=None):
        if self.first is not None:
            first, self.first = self.first, None
            return first
        if not self.context.complete:
            return self.context.step(challenge) or b""
        self.offered = self.context.unwrap(challenge).message
        return self.context.wrap(self.choice + self.name, False).message


@unittest.skipIf(why_not(), why_not() or "")
class Kerberos(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = d = Demo()
        cls.krb5 = d.data / "krb5.conf"
        cls.write_krb5(clockskew=300)
        cls.krb5.chmod(0o644)
        os.environ["KRB5_CONFIG"] = str(cls.krb5)
        os.environ.pop("KRB5CCNAME", None)
        cls.addClassCleanup(os.environ.pop, "KRB5_CONFIG")
        cls.work = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="gatepost-kerberos-")))
        d.start()
        cls.addClassCleanup(d.__exit__)
        cls.config = pathlib.Path(d.env["GP_CONFIG"])
        cls.plain = cls.config.read_text()
        pki = d.data / "ad-pki"
        d.gatepost("certificate", "ca", "init", str(pki))
        d.gatepost("certificate", "ca", "issue", str(pki), samba.ADDRESS, "--cert", str(pki / "s.pem"), "--key", str(pki / "s.key"))
        (d.data / "reader.password").write_text(READER_PASSWORD + "\n")
        pki.chmod(0o755)
        for file in (*pki.iterdir(), d.data / "reader.password"):
            file.chmod(0o644)
        cls.ca = pki / "ca.pem"
        cls.dc = dc = Samba(cls.ca, pki / "s.pem", pki / "s.key")
        cls.addClassCleanup(dc.close)
        dc.start()
        dc.world()
        for name in ("anna", "bert", "leaver"):
            setattr(cls, name, dc.user(name, SECRET, mail=cls.address(name)))
        dc.user("nomail", SECRET)
        # The account whose keys the server has; docs/directory.md makes one the same way.
        dc.user("mailserver", SECRET + "server", parent=f"CN=Users,{BASE}", control=NORMAL | NEVER_EXPIRES,
                **{"msDS-SupportedEncryptionTypes": "24"}, servicePrincipalName=[f"{service}/localhost" for service in ("imap", "smtp", "pop", "ldap", "HTTP")] + ["ldap/127.0.0.1"])
        dc.user("others", SECRET + "others", parent=f"CN=Users,{BASE}", servicePrincipalName=[f"{service}/localhost" for service in ("other", "backup")])
        cls.keytab = d.data / "gatepost.keytab"
        made = cls.work / "made.keytab"
        for service in ("smtp", "imap", "pop", "ldap", "HTTP"):
            dc.run("samba-tool", "domain", "exportkeytab", made, f"--principal={service}/localhost@{REALM}", "-s", dc.config)
            if service == "smtp":
                cls.smtp_alone = made.read_bytes()
        cls.all_keys = made.read_bytes()
        cls.put_keytab(cls.all_keys)
        cls.configure()
        # A ticket that will have ended when the last test sends it, whose first message is made while it has not.
        for lifetime in (15, 60, 180):
            began = time.monotonic()
            try:
                cls.short, cls.short_until = Client(cls.ticket("anna", f"{lifetime}s", "imap/localhost")), began + lifetime + 3
                break
            except gssapi.exceptions.GSSError:
                pass  # slower than that

    @classmethod
    def address(cls, name):
        return f"{name}@{cls.demo.domain}"

    @classmethod
    def write_krb5(cls, clockskew):
        """For the clients and for the server. `clockskew`: seconds by which clocks may differ, and for which a ticket is good after its end."""
        cls.krb5.write_text(f"""[libdefaults]
default_realm = {REALM}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
clockskew = {clockskew}
[realms]
{REALM} = {{
  kdc = {samba.ADDRESS}
}}
[domain_realm]
localhost = {REALM}
127.0.0.1 = {REALM}
""")

    @classmethod
    def put_keytab(cls, octets):
        fresh = cls.keytab.with_suffix(".new")
        fresh.write_bytes(octets)
        fresh.chmod(0o644)
        fresh.rename(cls.keytab)

    @classmethod
    def configure(cls, realm=None, **keys):
        keys = {"name": "office", "kind": "active-directory", "servers": f"ldaps://{samba.ADDRESS}", "ca_file": str(cls.ca), "bind_dn": READER,
                "password_file": str(cls.demo.data / "reader.password"), "base": BASE, "people": True, "refresh": "1 h", "full_refresh": "1 h",
                "answer_timeout": "60 s", "connect_timeout": "30 s", **keys}
        table = lambda values: "\n".join(f"{k} = {json.dumps(v)}" for k, v in values.items())  # noqa: E731
        cls.config.write_text(f"{cls.plain}\n[[outside_directory]]\n{table(keys)}\n[kerberos]\nkeytab = {json.dumps(str(cls.keytab))}\n"
                              f"[[kerberos.realm]]\n{table(realm or {'name': REALM, 'directory': 'office'})}\n")
        cls.demo.gatepost("reload")

    @classmethod
    def kinit(cls, name, lifetime="1h", service=None):
        """The file with the tickets of somebody; for one service alone, or for getting others."""
        cache = cls.work / f"{name}.{lifetime}"
        if not cache.exists():
            done = subprocess.run(["kinit", *(["-S", service] if service else []), "-l", lifetime, "-c", str(cache), name], input=SECRET + "\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            assert done.returncode == 0, done.stdout
        return cache

    @classmethod
    def ticket(cls, name, lifetime="1h", service=None):
        return gssapi.Credentials(usage="initiate", store={"ccache": f"FILE:{cls.kinit(name, lifetime, service)}"})

    def imap(self):
        return imaplib.IMAP4_SSL("localhost", self.demo.port("IMAPS"), ssl_context=self.demo.tls, timeout=PATIENCE)

    def refusal(self, client):
        """None when IMAP let the client in, else what the server said."""
        connection = self.imap()
        try:
            status, answer = connection.authenticate("GSSAPI", client)
            return None if status == "OK" else answer[0].decode()
        except imaplib.IMAP4.error as error:
            return str(error)
        finally:
            connection.shutdown()

    def wait(self, what, condition):
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            self.assertLess(time.monotonic(), end, f"{what}\n{self.demo.log()[-3000:]}")
            time.sleep(0.2)
        return found

    def run_client(self, *command, user="anna"):
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.work), "KRB5_CONFIG": os.environ["KRB5_CONFIG"], "KRB5CCNAME": f"FILE:{self.kinit(user)}",
               "LDAPTLS_CACERT": self.demo.env["GP_CA"]}
        return subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, timeout=PATIENCE)

    def curl(self, url, *more, user="anna"):
        return self.run_client("curl", "-sv", "--cacert", self.demo.env["GP_CA"], "--login-options", "AUTH=GSSAPI", "-u", f"{user}@{REALM}:", url, *more, user=user)

    def test_curl_reads_and_sends(self):
        d = self.demo
        message = self.work / "message"
        message.write_text(f"From: {self.address('anna')}\r\nTo: bert\r\nSubject: by ticket\r\n\r\nhello\r\n")
        # --ssl-reqd: STARTTLS, without which GSSAPI is not offered.
        sent = self.curl(f"smtp://localhost:{d.port('SUBMISSION')}", "--ssl-reqd", "--mail-from", self.address("anna"), "--mail-rcpt", self.address("bert"), "-T", message)
        self.assertEqual(sent.returncode, 0, sent.stdout + d.log()[-2000:])
        self.assertIn("AUTH GSSAPI", sent.stdout)
        self.wait("the message", lambda: "by ticket" in self.curl(f"imaps://localhost:{d.port('IMAPS')}/INBOX;MAILINDEX=1", user="bert").stdout)
        listed = self.curl(f"pop3s://localhost:{d.port('POP3S')}", user="bert")
        self.assertEqual(listed.returncode, 0, listed.stdout)
        self.assertIn("AUTH GSSAPI", listed.stdout)

    def negotiate(self, path, *more, user="anna"):
        """Status, fields and content of an answer to curl, which shows a ticket when it is asked for one."""
        done = self.run_client("curl", "-sS", "-i", "--cacert", self.demo.env["GP_CA"], "--negotiate", "-u", ":", f"https://localhost:{self.demo.port('HTTPS')}{path}", *more,
                               user=user)
        self.assertEqual(done.returncode, 0, done.stdout)
        head, _, content = done.stdout.replace("\r\n", "\n").rpartition("\n\n")
        answers = [part for part in head.split("\n\n") if part.startswith("HTTP/")]
        return int(answers[-1].split()[1]), answers[-1].lower(), content

    def spnego(self, user="anna", service="HTTP"):
        """The first message of a client that would have any mechanism (RFC 4178), and its context."""
        target = gssapi.Name(f"{service}@localhost", gssapi.NameType.hostbased_service)
        spnego = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
        credentials = gssapi.Credentials(usage="initiate", mechs=[spnego], store={"ccache": f"FILE:{self.kinit(user)}"})
        context = gssapi.SecurityContext(name=target, creds=credentials, mech=spnego, usage="initiate")
        return context.step(), context

    def web(self, path, authorization=None, method="GET"):
        connection = http.client.HTTPSConnection("localhost", self.demo.port("HTTPS"), context=self.demo.tls, timeout=PATIENCE)
        connection.request(method, path, headers={} if authorization is None else {"Authorization": authorization})
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer

    def test_the_web(self):
        self.assertEqual("Negotiate", self.web("/jmap/session").headers.get_all("WWW-Authenticate")[0])
        status, head, content = self.negotiate("/jmap/session")
        self.assertEqual(200, status, content + self.demo.log()[-2000:])
        self.assertEqual(self.address("anna"), json.loads(content)["username"])
        self.assertIn("\nwww-authenticate: negotiate ", head)
        # A browser is signed in by a cookie from then on.
        self.assertTrue(json.loads(self.web("/api/session").content)["ticket"])
        asked = self.web("/api/session/ticket", method="POST")
        self.assertEqual((401, ["Negotiate"]), (asked.status, asked.headers.get_all("WWW-Authenticate")))
        jar = self.work / "jar"
        status, _, content = self.negotiate("/api/session/ticket", "-X", "POST", "-c", jar)
        self.assertEqual(200, status, content + self.demo.log()[-2000:])
        self.assertEqual(self.address("anna"), json.loads(content)["user"])
        again = self.run_client("curl", "-sS", "--cacert", self.demo.env["GP_CA"], "-b", jar, f"https://localhost:{self.demo.port('HTTPS')}/api/session")
        self.assertEqual(self.address("anna"), json.loads(again.stdout)["user"])
        # Whose tickets let nobody in elsewhere let nobody in here.
        self.assertEqual(403, self.negotiate("/jmap/session", user="nomail")[0])

    def test_the_web_takes_a_ticket_once(self):
        token, context = self.spnego()
        shown = "Negotiate " + base64.b64encode(token).decode()
        first = self.web("/jmap/session", shown)
        self.assertEqual(200, first.status, first.content.decode() + self.demo.log()[-2000:])
        proof = first.headers.get_all("WWW-Authenticate")
        context.step(base64.b64decode(proof[0].split()[1]))  # it was this server
        self.assertTrue(context.complete)
        self.assertEqual(401, self.web("/jmap/session", shown).status)
        self.assertEqual(401, self.web("/api/session/ticket", shown, "POST").status)
        # The same ticket under another wrapping.
        raw = gssapi.SecurityContext(name=gssapi.Name("HTTP@localhost", gssapi.NameType.hostbased_service), creds=self.ticket("anna"), usage="initiate").step()
        self.assertEqual(200, self.web("/jmap/session", "Negotiate " + base64.b64encode(raw).decode()).status)
        self.assertEqual(401, self.web("/jmap/session", "Negotiate " + base64.b64encode(raw).decode()).status)
        for broken in ("Negotiate", "Negotiate !", "Negotiate " + base64.b64encode(b"NTLMSSP\0\1\0\0\0").decode(), "Negotiate " + base64.b64encode(os.urandom(9000)).decode(),
                       "Negotiate " + base64.b64encode(token[:-1]).decode(), "Negotiate " + base64.b64encode(self.spnego(service="other")[0]).decode()):
            self.assertEqual(401, self.web("/jmap/session", broken).status, broken[:60])
        self.assertIn("mechanism=Negotiate", self.demo.log())

    def test_ldap(self):
        """By address: libldap takes localhost for the name of this machine."""
        secure = f"ldaps://127.0.0.1:{self.demo.port('LDAPS')}"
        for url, more in ((secure, ()), (f"ldap://127.0.0.1:{self.demo.port('LDAP')}", ("-ZZ",)), (secure, ("-X", f"u:{self.address('anna')}"))):
            done = self.run_client("ldapwhoami", "-N", "-Y", "GSSAPI", "-H", url, *more)
            self.assertEqual(done.returncode, 0, done.stdout + self.demo.log()[-2000:])
            self.assertIn("anna", done.stdout)
        other = self.run_client("ldapwhoami", "-N", "-Y", "GSSAPI", "-H", secure, "-X", f"u:{self.address('bert')}")
        self.assertNotEqual(other.returncode, 0, other.stdout)

    def test_what_is_offered(self):
        self.assertIn("AUTH=GSSAPI", self.imap().capabilities)
        # Nothing without TLS.
        plain = imaplib.IMAP4(self.demo.host, self.demo.port("IMAP"), timeout=PATIENCE)
        self.assertNotIn("AUTH=GSSAPI", plain.capabilities)
        plain.shutdown()
        with self.assertRaises(smtplib.SMTPNotSupportedError), smtplib.SMTP("localhost", self.demo.port("SUBMISSION"), timeout=PATIENCE) as client:
            client.login("anna", "")
        # Only what there is a key of, as soon as the file changes.
        self.put_keytab(self.smtp_alone)
        try:
            self.wait("no more IMAP", lambda: "AUTH=GSSAPI" not in self.imap().capabilities)
            self.assertIsNotNone(self.refusal(Client(self.ticket("anna"))))
            self.put_keytab(self.all_keys)
            self.wait("IMAP again", lambda: "AUTH=GSSAPI" in self.imap().capabilities)
            self.keytab.unlink()
            self.wait("nothing", lambda: "AUTH=GSSAPI" not in self.imap().capabilities)
            self.assertIn("kerberos.keytab_unreadable", self.demo.log())
        finally:
            self.put_keytab(self.all_keys)
        self.wait("IMAP again", lambda: "AUTH=GSSAPI" in self.imap().capabilities)

    def test_whose_ticket_it_is(self):
        client = Client(self.ticket("anna"))
        self.assertIsNone(self.refusal(client), self.demo.log()[-2000:])
        self.assertEqual(client.offered, b"\1\0\0\0")  # no security layer
        self.assertIsNone(self.refusal(Client(self.ticket("anna"), name=self.address("anna").encode())))
        for client in (Client(self.ticket("anna"), name=self.address("bert").encode()), Client(self.ticket("nomail")), Client(self.ticket("anna"), name=b"nobody")):
            self.assertRegex(self.refusal(client) or "let in", "AUTH(ENTICATION|ORIZATION)FAILED")

    def test_a_realm_by_its_domain(self):
        self.assertIsNone(self.refusal(Client(self.ticket("bert"))))  # he has an account now
        self.configure(realm={"name": REALM, "domain": self.demo.domain})
        try:
            self.assertIsNone(self.refusal(Client(self.ticket("bert"))), self.demo.log()[-2000:])
            self.assertIn("AUTHENTICATIONFAILED", self.refusal(Client(self.ticket("nomail"))) or "let in")
        finally:
            self.configure()

    def test_another_realm_and_another_service(self):
        self.configure(realm={"name": "OTHER.EXAMPLE", "domain": self.demo.domain})
        try:
            self.assertIn("AUTHENTICATIONFAILED", self.refusal(Client(self.ticket("anna"))) or "let in")
            self.assertIn("sign_in.ticket_refused", self.demo.log())
        finally:
            self.configure()
        # Tickets for services whose keys others have.
        for service in ("other", "backup"):
            self.assertIn("AUTHENTICATIONFAILED", self.refusal(Client(self.ticket("anna"), service=service)) or "let in", service)

    def test_messages_that_are_wrong(self):
        for client in (lambda _: b"nonsense", lambda _: b"", lambda _: os.urandom(9000), lambda _: Client(self.ticket("anna")).first[:-1],
                       Client(self.ticket("anna"), choice=b"\4\0\x10\0"), Client(self.ticket("anna"), choice=b"\1\0"), Client(self.ticket("anna"), name=b"a\0b")):
            self.assertIsNotNone(self.refusal(client))
        # Sent again, it says nothing: whoever has no key cannot go on.
        token = Client(self.ticket("anna")).first
        for _ in range(2):
            answers = iter([token, b"", b"\1\0\0\0"])
            self.assertIsNotNone(self.refusal(lambda _: next(answers)))
        self.assertIsNone(self.refusal(Client(self.ticket("anna"))))

    def test_who_is_disabled_there_has_a_ticket_and_is_not_let_in(self):
        ticket = self.ticket("leaver")
        self.assertIsNone(self.refusal(Client(ticket)))
        self.dc.replace(self.leaver, userAccountControl=str(NORMAL | NEVER_EXPIRES | DISABLED))
        self.assertIsNotNone(self.refusal(Client(ticket)))
        self.assertIn("outside.refused", self.demo.log())

    def test_zz_a_ticket_that_has_ended(self):
        """Last of all: it takes its time, and clocks have to be the same."""
        self.write_krb5(clockskew=1)
        time.sleep(max(0, self.short_until - time.monotonic()))
        self.assertIn("AUTHENTICATIONFAILED", self.refusal(self.short) or "let in")
        self.assertRegex(self.demo.log(), "(?i)ticket expired|clock skew")


if __name__ == "__main__":
    unittest.main()
