"""Signing in by a client certificate (SASL EXTERNAL): who may, who may not, and that nobody else is bothered."""

import imaplib
import pathlib
import smtplib
import socket
import ssl
import subprocess
import unittest

from demo import Demo

PATIENCE = 60


def openssl(*arguments, cwd):
    done = subprocess.run(["openssl", *map(str, arguments)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(map(str, arguments))}: {done.stdout}")
    return done.stdout


class Authority:
    """A private authority that gives people certificates, kept by openssl ca."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(mode=0o755)
        (folder / "index").write_text("")
        (folder / "ca.cnf").write_text(f"""
            [ca]
            default_ca = own
            [own]
            dir = {folder}
            database = {folder}/index
            new_certs_dir = {folder}
            certificate = {folder}/ca.pem
            private_key = {folder}/ca.key
            rand_serial = yes
            unique_subject = no
            default_md = sha256
            default_days = 30
            default_crl_days = 30
            policy = any
            copy_extensions = copy
            [any]
            commonName = supplied
            """)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out",
                "ca.pem", "-days", "30", "-subj", "/CN=people", cwd=folder)

    def issue(self, name, alternatives, usage="clientAuth", dates=()):
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
                f"{name}.csr", "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternatives}", "-addext",
                f"extendedKeyUsage={usage}", cwd=self.folder)
        openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem", *dates, cwd=self.folder)
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def revoked(self):
        return openssl("ca", "-config", "ca.cnf", "-gencrl", cwd=self.folder)


class ClientCertificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo().__enter__()
        cls.addClassCleanup(cls.demo.__exit__)
        cls.people = Authority(cls.demo.data / "people")
        cls.strangers = Authority(cls.demo.data / "strangers")
        cls.user = cls.demo.user1
        cls.good = cls.people.issue("anna", f"email:{cls.user}")
        cls.config = pathlib.Path(cls.demo.env["GP_CONFIG"])
        cls.plain = cls.config.read_text()

    def setUp(self):
        self.configure((self.people.folder / "ca.pem").read_text())

    def configure(self, pem):
        trust = self.demo.data / "client-ca.pem"
        trust.write_text(pem)
        trust.chmod(0o644)
        asking = "".join(f"[listener.{name}]\nclient_certificates = true\n" for name in
                         ("imaps", "imap", "pop3s", "submission", "submissions", "ldaps"))
        self.config.write_text(f'{self.plain}\n[tls]\nclient_ca_file = "{trust}"\n{asking}')
        self.demo.gatepost("reload")

    # Tools

    def tls(self, certificate=None):
        context = ssl.create_default_context(cafile=self.demo.env["GP_CA"])
        if certificate:
            context.load_cert_chain(*certificate)
        return context

    def imap(self, certificate=None):
        return imaplib.IMAP4_SSL(self.demo.host, self.demo.port("IMAPS"), ssl_context=self.tls(certificate), timeout=PATIENCE)

    def offered(self, certificate):
        with self.imap(certificate) as client:
            return "AUTH=EXTERNAL" in client.capabilities

    def curl(self, url, *arguments, user=None):
        certificate, key = self.good
        return subprocess.run(["curl", "-sS", "--max-time", str(PATIENCE), "--cacert", self.demo.env["GP_CA"], "--cert", str(certificate),
                               "--key", str(key), "--user", (user or self.user) + ":", "--login-options", "AUTH=EXTERNAL", *arguments,
                               url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    # Tests

    def test_python_and_curl_sign_in(self):
        with self.imap(self.good) as client:
            self.assertIn("AUTH=EXTERNAL", client.capabilities)
            self.assertEqual(client.authenticate("EXTERNAL", lambda _: b"")[0], "OK")
            self.assertEqual(client.select()[0], "OK")
        host = self.demo.host
        got = self.curl(f"imaps://{host}:{self.demo.port('IMAPS')}/INBOX", "-X", "NOOP")
        self.assertEqual((got.returncode, got.stderr), (0, b""))
        got = self.curl(f"pop3s://{host}:{self.demo.port('POP3S')}/")
        self.assertEqual((got.returncode, got.stderr), (0, b""))
        letter = self.demo.data / "letter"
        letter.write_text(f"From: <{self.user}>\r\nTo: <{self.demo.user2}>\r\nSubject: by certificate\r\n\r\nhello\r\n")
        got = self.curl(f"smtp://{host}:{self.demo.port('SUBMISSION')}", "--ssl-reqd", "--mail-from", self.user, "--mail-rcpt",
                        self.demo.user2, "-T", str(letter))
        self.assertEqual((got.returncode, got.stderr), (0, b""))
        self.demo.wait_for_count(1, user=self.demo.user2, password=self.demo.pass2)
        got = self.curl(f"imaps://{host}:{self.demo.port('IMAPS')}/INBOX", "-X", "NOOP", user=self.demo.user2)
        self.assertEqual(got.returncode, 67)  # the login was denied

    def test_starttls_and_the_principal_name(self):
        both = self.people.issue("upn", f"otherName:msUPN;UTF8:{self.user}")
        client = smtplib.SMTP(self.demo.host, self.demo.port("SUBMISSION"), timeout=PATIENCE)
        client.starttls(context=self.tls(both))
        client.ehlo()
        self.assertIn("EXTERNAL", client.esmtp_features["auth"])
        self.assertEqual(client.docmd("AUTH", "EXTERNAL =")[0], 235)
        client.quit()

    def test_ldap_binds_without_a_name(self):
        def bind(certificate):
            sasl = b"\xa3\x0a\x04\x08EXTERNAL"
            body = b"\x02\x01\x03\x04\x00" + sasl
            message = b"\x02\x01\x01\x60" + bytes([len(body)]) + body
            message = b"\x30" + bytes([len(message)]) + message
            with socket.create_connection((self.demo.host, self.demo.port("LDAPS")), PATIENCE) as plain:
                with self.tls(certificate).wrap_socket(plain, server_hostname=self.demo.host) as wire:
                    wire.sendall(message)
                    answer = wire.recv(4000)
            return answer[answer.index(b"\x0a\x01") + 2]

        self.assertEqual(bind(self.good), 0)
        self.assertNotEqual(bind(None), 0)

    def test_certificates_that_are_not_good_count_for_nothing(self):
        expired = self.people.issue("expired", f"email:{self.user}", dates=("-startdate", "20200101000000Z", "-enddate", "20200201000000Z"))
        server = self.people.issue("server", f"email:{self.user}", usage="serverAuth")
        nameless = self.people.issue("nameless", "DNS:anna.example")
        stranger = self.strangers.issue("stranger", f"email:{self.user}")
        for certificate in (None, expired, server, nameless, stranger):
            self.assertFalse(self.offered(certificate), certificate)
        with self.imap(stranger) as client:  # the connection is as good as any
            self.assertEqual(client.login(self.user, self.demo.pass1)[0], "OK")
        other = self.people.issue("other", "email:nobody@elsewhere.example")
        with self.imap(other) as client:
            self.assertIn("AUTH=EXTERNAL", client.capabilities)
            with self.assertRaises(imaplib.IMAP4.error):
                client.authenticate("EXTERNAL", lambda _: b"")
        self.assertIn("sign_in.certificate_refused", self.demo.log())

    def test_revocation_lists_count(self):
        lost = self.people.issue("lost", f"email:{self.user}")
        self.assertTrue(self.offered(lost))
        openssl("ca", "-config", "ca.cnf", "-revoke", "lost.pem", cwd=self.people.folder)
        self.configure((self.people.folder / "ca.pem").read_text() + self.people.revoked())
        self.assertFalse(self.offered(lost))
        self.assertTrue(self.offered(self.good))

    def test_listeners_ask_only_where_it_is_configured(self):
        def asks(port):
            done = subprocess.run(["openssl", "s_client", "-connect", f"{self.demo.host}:{port}"], input=b"", stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=PATIENCE)
            return b"Acceptable client certificate CA names" in done.stdout

        self.assertTrue(asks(self.demo.port("IMAPS")))
        self.assertFalse(asks(self.demo.port("HTTPS")))
        self.config.write_text(self.plain)
        self.demo.gatepost("reload")
        self.assertFalse(asks(self.demo.port("IMAPS")))
        self.assertFalse(self.offered(self.good))

    def test_the_check_says_what_is_missing(self):
        self.config.write_text(self.plain + "\n[listener.imaps]\nclient_certificates = true\n")
        done = self.demo.gatepost("config", "check", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("client_ca_file", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
