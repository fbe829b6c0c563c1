"""Signing in by bearer tokens of an identity provider: JWTs and introspection, over every protocol, with real clients."""

import base64
import http.client
import http.server
import imaplib
import json
import pathlib
import smtplib
import socket
import ssl
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from demo import Demo

PATIENCE = 60
SECRET = "a secret: with + and /"


def wait_for(what, condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {seconds} s")


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


class Key:
    """A provider's key: openssl makes it and signs by it."""

    def __init__(self, folder, kid, algorithm="RS256"):
        self.file, self.kid, self.algorithm = folder / f"{kid}.key", kid, algorithm
        kind = {"ES256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "EdDSA": ["ED25519"]}
        openssl("genpkey", "-out", self.file, "-algorithm", *kind.get(algorithm, ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]))
        der = openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")
        if algorithm == "ES256":
            self.public = {"kty": "EC", "crv": "P-256", "x": b64(der[-64:-32]), "y": b64(der[-32:])}
        elif algorithm == "EdDSA":
            self.public = {"kty": "OKP", "crv": "Ed25519", "x": b64(der[-32:])}
        else:
            modulus = openssl("rsa", "-in", self.file, "-noout", "-modulus").decode().strip().split("=")[1]
            self.public = {"kty": "RSA", "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}
        self.public.update(kid=kid, use="sig")

    def sign(self, text):
        if self.algorithm == "EdDSA":
            path = self.file.with_suffix(".text")
            path.write_bytes(text)
            return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", path)
        pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"] if self.algorithm == "PS256" else []
        made = openssl("dgst", "-sha256", *pss, "-sign", self.file, data=text)
        if self.algorithm != "ES256":
            return made
        out, at = b"", 2  # two INTEGERs
        for _ in range(2):
            size = made[at + 1]
            out += made[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0")
            at += 2 + size
        return out

    def token(self, claims, **header):
        parts = [{"alg": self.algorithm, "kid": self.kid, "typ": "at+jwt", **header}, claims]
        text = ".".join(b64(json.dumps(part).encode()) for part in parts).encode()
        return (text + b"." + b64(self.sign(text)).encode()).decode()


class Provider(http.server.ThreadingHTTPServer):
    """https://localhost:PORT/staff: a discovery document, keys, and introspection; it can be made to misbehave."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.issuer = f"https://localhost:{self.server_address[1]}/staff"
        self.keys, self.opaque, self.asked, self.mood = [], {}, [], ""
        self.go_on = threading.Event()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "localhost.pem", folder / "localhost.key")
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, address):  # on the connection's own thread
        request.settimeout(PATIENCE)
        with self.context.wrap_socket(request, server_side=True) as wire:
            super().finish_request(wire, address)

    def handle_error(self, *_):  # clients that hang up
        pass

    def claims(self, address, seconds=3600, **more):
        now = int(time.time())
        return {"iss": self.issuer, "aud": ["mail"], "sub": "1", "iat": now, "exp": now + seconds, "scope": "openid mail",
                "email": address, "email_verified": True, **more}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def misbehaves(self):
        mood = self.server.mood
        if mood == "slow":
            self.server.go_on.wait(PATIENCE)
        elif mood == "endless":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b" " * (1 << 20))
            self.close_connection = True
        elif mood == "html":
            self.answer(b"<html>log in</html>")
        elif mood == "broken":
            self.answer(b"{}", 500)
        return mood in ("endless", "html", "broken")

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.misbehaves():
            return
        if self.path == "/staff/.well-known/openid-configuration":
            port = self.server.server_address[1]
            self.answer(json.dumps({"issuer": self.server.issuer, "jwks_uri": f"https://localhost:{port}/keys",
                                    "introspection_endpoint": f"https://localhost:{port}/ask"}).encode())
        elif self.path == "/keys":
            self.answer(json.dumps({"keys": [key.public for key in self.server.keys]}).encode())
        else:
            self.answer(b"", 404)

    def do_POST(self):
        self.server.asked.append(self.path)
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.misbehaves():
            return
        scheme, _, text = self.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(text).decode().partition(":")
        if scheme != "Basic" or urllib.parse.unquote_plus(user) != "gatepost" or urllib.parse.unquote_plus(password) != SECRET:
            self.answer(b"{}", 401)
        else:
            self.answer(json.dumps(self.server.opaque.get(form["token"][0], {"active": False})).encode())

    def log_message(self, *_):
        pass


def oauthbearer(user, token):
    return f"n,a={user},\x01auth=Bearer {token}\x01\x01".encode()


def xoauth2(user, token):
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


class Oauth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo().__enter__()
        cls.addClassCleanup(cls.demo.__exit__)
        cls.folder = cls.demo.data / "oauth-test"  # where the server may read
        cls.folder.mkdir(mode=0o755)
        cls.demo.gatepost("certificate", "ca", "init", str(cls.folder))
        cls.demo.gatepost("certificate", "ca", "issue", str(cls.folder), "localhost", "127.0.0.1")
        (cls.folder / "ca.pem").chmod(0o644)
        secret = cls.folder / "secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o644)
        cls.provider = Provider(cls.folder)
        cls.addClassCleanup(cls.provider.server_close)
        cls.addClassCleanup(cls.provider.shutdown)
        cls.addClassCleanup(cls.provider.go_on.set)
        cls.key = Key(cls.folder, "first")
        cls.provider.keys = [cls.key]
        cls.config = pathlib.Path(cls.demo.env["GP_CONFIG"])
        cls.plain = cls.config.read_text()
        cls.user = cls.demo.user1

    def setUp(self):
        self.provider.mood = ""
        self.provider.keys = [self.key]
        self.provider.go_on.clear()
        self.configure()

    def tearDown(self):
        self.provider.mood = ""
        self.provider.go_on.set()

    # Tools

    def configure(self, check="jwt", **more):
        """One provider, read by the running server; what it knew of it before is forgotten."""
        keys = {"name": f"id-{time.monotonic_ns() % 10**9}", "check": check, "issuer": self.provider.issuer, "audience": "mail",
                "scopes": ["mail"], "ca_file": str(self.folder / "ca.pem"), "leeway": "0 s", "timeout": "2 s",
                "refetch_after": "1 s", **more}
        if check == "introspection":
            keys.update(client_id="gatepost", client_secret_file=str(self.folder / "secret"))
        lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        self.config.write_text(self.plain + "\n[[oauth.provider]]\n" + "\n".join(lines) + "\n")
        self.demo.gatepost("reload")

    def token(self, key=None, user=None, seconds=3600, **claims):
        return (key or self.key).token(self.provider.claims(user or self.user, seconds, **claims))

    def imap(self, token, user=None, mechanism="OAUTHBEARER"):
        """The client, or what the server said in its challenge and at last."""
        message = (xoauth2 if mechanism == "XOAUTH2" else oauthbearer)(user or self.user, token)
        client = imaplib.IMAP4_SSL(self.demo.host, self.demo.port("IMAPS"), ssl_context=self.demo.tls, timeout=PATIENCE)
        said = []

        def answer(challenge):
            if challenge:
                said.append(challenge)
                return b"\x01"
            return message

        try:
            client.authenticate(mechanism, answer)
        except imaplib.IMAP4.error as error:
            client.shutdown()
            return (json.loads(said[0]) if said else None), str(error)
        return client

    def signs_in(self, token, **more):
        client = self.imap(token, **more)
        if isinstance(client, tuple):
            return False
        client.logout()
        return True

    def curl(self, url, token, *arguments):
        return subprocess.run(["curl", "-sS", "--max-time", str(PATIENCE), "--cacert", self.demo.env["GP_CA"], "--user", self.user + ":",
                               "--oauth2-bearer", token, *arguments, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def web(self, authorization, path="/.well-known/jmap"):
        web = http.client.HTTPSConnection(self.demo.host, self.demo.port("HTTPS"), context=self.demo.tls, timeout=PATIENCE)
        web.request("GET", path, headers={"Authorization": authorization} if authorization else {})
        answer = web.getresponse()
        body = answer.read()
        web.close()
        return answer.status, answer.headers.get_all("WWW-Authenticate") or [], body

    # What has to work

    def test_curl_signs_in_by_every_mail_protocol(self):
        self.demo.deliver(subject="by token")
        self.demo.wait_for_count(1)
        host, token = self.demo.host, self.token()
        got = self.curl(f"imaps://{host}:{self.demo.port('IMAPS')}/INBOX", token, "-X", "NOOP")
        self.assertEqual((got.returncode, got.stderr), (0, b""))
        got = self.curl(f"pop3s://{host}:{self.demo.port('POP3S')}/1", token)
        self.assertEqual((got.returncode, got.stderr), (0, b""))
        self.assertIn(b"Subject: by token", got.stdout)
        letter = self.folder / "letter"
        letter.write_text(f"From: <{self.user}>\r\nTo: <{self.demo.user2}>\r\nSubject: sent by token\r\n\r\nhello\r\n")
        got = self.curl(f"smtp://{host}:{self.demo.port('SUBMISSION')}", token, "--ssl-reqd", "--mail-from", self.user,
                        "--mail-rcpt", self.demo.user2, "-T", str(letter))
        self.assertEqual((got.returncode, got.stderr), (0, b""))
        self.demo.wait_for_count(1, user=self.demo.user2, password=self.demo.pass2)
        got = self.curl(f"imaps://{host}:{self.demo.port('IMAPS')}/INBOX", token + "x", "-X", "NOOP")
        self.assertEqual(got.returncode, 67)  # the login was denied

    def test_every_algorithm_and_both_mechanisms(self):
        keys = [Key(self.folder, algorithm, algorithm) for algorithm in ("RS256", "PS256", "ES256", "EdDSA")]
        self.provider.keys = [self.key, *keys]
        for key in keys:
            self.assertTrue(self.signs_in(self.token(key)), key.algorithm)
        self.assertTrue(self.signs_in(self.token(), mechanism="XOAUTH2"))
        self.assertTrue(self.signs_in(self.token(), user="", mechanism="OAUTHBEARER"))

    def test_smtplib_and_a_large_token(self):
        token = self.token(groups=["x" * 5200])
        self.assertTrue(7000 < len(token) <= 8192, len(token))
        client = smtplib.SMTP(self.demo.host, self.demo.port("SUBMISSION"), timeout=PATIENCE)
        client.ehlo()
        self.assertNotIn("auth", client.esmtp_features)
        client.starttls(context=self.demo.tls)
        client.ehlo()
        self.assertIn("OAUTHBEARER XOAUTH2", client.esmtp_features["auth"])
        code, _ = client.auth("XOAUTH2", lambda challenge=None: xoauth2(self.user, token).decode())
        self.assertEqual(code, 235)
        client.quit()
        self.assertTrue(self.signs_in(token))

    def test_the_web_takes_tokens_and_says_so(self):
        status, challenges, _ = self.web(None)
        self.assertEqual(status, 401)
        self.assertEqual([one.split()[0] for one in challenges], ["Basic", "Bearer"])
        self.assertNotIn("error", challenges[1])
        token = self.token()
        status, _, body = self.web("Bearer " + token)
        self.assertEqual((status, json.loads(body)["username"]), (200, self.user))
        status, challenges, _ = self.web("Bearer " + self.token(seconds=-5))
        self.assertEqual(status, 401)
        self.assertIn('error="invalid_token"', challenges[1])
        status, challenges, _ = self.web("Bearer " + self.token(scope="openid"))
        self.assertEqual(status, 403)
        self.assertIn('error="insufficient_scope", scope="mail"', challenges[1])
        request = urllib.request.Request(f"https://{self.demo.host}:{self.demo.port('HTTPS')}/.well-known/jmap",
                                         headers={"Authorization": "Bearer " + token})
        self.assertEqual(urllib.request.urlopen(request, context=self.demo.tls, timeout=PATIENCE).status, 200)

    def test_ldap_binds_by_a_token(self):
        def ber(tag, *parts):
            body = b"".join(parts)
            size = len(body).to_bytes(3, "big")
            return bytes([tag, 0x83]) + size + body

        def bind(token):
            sasl = ber(0xA3, ber(0x04, b"OAUTHBEARER"), ber(0x04, oauthbearer(self.user, token)))
            message = ber(0x30, b"\x02\x01\x01", ber(0x60, b"\x02\x01\x03", ber(0x04), sasl))
            with socket.create_connection((self.demo.host, self.demo.port("LDAPS")), PATIENCE) as plain:
                with self.demo.tls.wrap_socket(plain, server_hostname=self.demo.host) as wire:
                    wire.sendall(message)
                    answer = wire.recv(4000)
            return answer[answer.index(b"\x0a\x01") + 2], answer

        self.assertEqual(bind(self.token())[0], 0)
        code, answer = bind(self.token(seconds=-5))
        self.assertEqual(code, 14)  # saslBindInProgress, with the refusal
        self.assertIn(b'"status":"invalid_token"', answer)

    def test_nothing_is_announced_without_tls_or_without_a_provider(self):
        with imaplib.IMAP4(self.demo.host, self.demo.port("IMAP"), timeout=PATIENCE) as client:
            self.assertNotIn("AUTH=OAUTHBEARER", client.capabilities)
            client.starttls(self.demo.tls)
            self.assertIn("AUTH=OAUTHBEARER", client.capabilities)
            self.assertIn("AUTH=XOAUTH2", client.capabilities)
        self.config.write_text(self.plain)
        self.demo.gatepost("reload")
        with imaplib.IMAP4_SSL(self.demo.host, self.demo.port("IMAPS"), ssl_context=self.demo.tls, timeout=PATIENCE) as client:
            self.assertNotIn("AUTH=OAUTHBEARER", client.capabilities)
        self.assertEqual(len(self.web(None)[1]), 1)

    # What must not let in

    def test_forged_and_foreign_tokens_are_refused(self):
        said, words = self.imap(self.token(seconds=-5))
        self.assertEqual(said, {"status": "invalid_token", "scope": "mail",
                                "openid-configuration": self.provider.issuer + "/.well-known/openid-configuration"})
        self.assertIn("AUTHENTICATIONFAILED", words)
        other = Key(self.folder, "other")
        claims = self.provider.claims(self.user)
        unsigned = ".".join(b64(json.dumps(p).encode()) for p in ({"alg": "none"}, claims)) + "."
        other.kid = "first"
        for token in (unsigned, self.key.token(claims, alg="HS256"), self.key.token(claims, alg="none"), other.token(claims),
                      self.token(aud="another program"), self.token(iss="https://elsewhere.example"),
                      self.token(user="nobody@elsewhere.example"), self.token(email_verified=False),
                      self.token(nbf=int(time.time()) + 3600), self.key.token(claims, typ="logout+jwt"), "opaque"):
            self.assertFalse(self.signs_in(token), token)
        self.assertFalse(self.signs_in(self.token(), user=self.demo.user2))
        self.assertTrue(self.signs_in(self.token()))

    def test_a_provider_speaks_for_its_domains_alone(self):
        self.configure(domains=["elsewhere.example"])
        self.assertFalse(self.signs_in(self.token()))
        self.configure(account_claim="preferred_username", default_domain=self.demo.domain)
        self.assertTrue(self.signs_in(self.token(preferred_username=self.user.split("@")[0])))

    # Time, and providers that fail

    def test_a_session_ends_with_its_token(self):
        client = self.imap(self.token(seconds=8))
        self.assertEqual(client.select()[0], "OK")
        client.send(b"x IDLE\r\n")
        text = b""
        while b"BYE" not in text:
            line = client.readline()
            self.assertNotEqual(line, b"", text)
            text += line
        client.shutdown()

    def test_keys_are_changed_while_the_server_runs(self):
        self.assertTrue(self.signs_in(self.token()))
        second = Key(self.folder, "second")
        self.provider.keys = [second]
        wait_for("the new key is believed", lambda: self.signs_in(self.token(second)))
        self.assertFalse(self.signs_in(self.token()))

    def test_what_a_lying_provider_says_lets_nobody_in(self):
        for mood in ("endless", "html", "broken"):
            self.configure()
            self.provider.mood = mood
            said, words = self.imap(self.token())
            self.assertIsNone(said)
            self.assertIn("UNAVAILABLE", words, mood)
        self.configure(issuer=self.provider.issuer.replace("/staff", "/others"),
                       discovery=self.provider.issuer + "/.well-known/openid-configuration")
        self.provider.mood = ""
        self.assertIn("UNAVAILABLE", self.imap(self.token(iss=self.provider.issuer.replace("/staff", "/others")))[1])

    def test_a_slow_provider_holds_up_nobody_else(self):
        self.configure(check="introspection")
        self.provider.mood = "slow"
        outcomes = []
        threads = [threading.Thread(target=lambda token=f"opaque{i}": outcomes.append(self.imap(token))) for i in range(12)]
        for thread in threads:
            thread.start()
        wait_for("the provider is asked", lambda: self.provider.asked)
        self.demo.imap().logout()  # by password
        for thread in threads:
            thread.join()
        self.assertEqual(len(outcomes), len(threads))
        for said, words in outcomes:
            self.assertIsNone(said)
            self.assertIn("UNAVAILABLE", words)

    def test_introspection(self):
        self.configure(check="introspection", remember="1 s")
        now = int(time.time())
        self.provider.opaque = {"good": {"active": True, "email": self.user, "scope": "mail", "exp": now + 3600, "aud": "mail"},
                                "narrow": {"active": True, "email": self.user, "scope": "other", "exp": now + 3600},
                                "old": {"active": True, "email": self.user, "scope": "mail", "exp": now - 3600}}
        self.assertTrue(self.signs_in("good"))
        for token in ("narrow", "old", "unknown"):
            self.assertFalse(self.signs_in(token), token)
        self.assertEqual(self.imap("narrow")[0]["status"], "insufficient_scope")
        self.assertEqual(self.web("Bearer good")[0], 200)
        del self.provider.opaque["good"]
        wait_for("the revocation counts", lambda: not self.signs_in("good"))


if __name__ == "__main__":
    unittest.main()
