"""Codes of a phone: set up, asked for by the web, refused where nobody can ask; recovery codes, replays, limits, who must."""

import base64
import hashlib
import hmac
import imaplib
import poplib
import smtplib
import struct
import time
import unittest

from browser import Browser
from demo import Demo


def code_of(secret, ahead=0):
    """RFC 6238 with RFC 4226 5.3, from the key as an authenticator reads it."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + ahead), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06d}"


class SecondFactor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo(extra_config='[auth]\nrequire_second_factor = ["admin"]\n')
        cls.demo.start()
        cls.people = 0

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()

    def person(self):
        """A fresh one for each test: (address, password)."""
        type(self).people += 1
        address, password = f"p{self.people}@{self.demo.domain}", "a quite good password 7"
        self.demo.gatepost("account", "add", address, "--password-stdin", stdin=password + "\n")
        return address, password

    def sign_in(self, address, password, code=None, browser=None):
        browser = browser or Browser(self.demo)
        asked = {"user": address, "password": password}
        if code is not None:
            asked["code"] = code
        return browser, browser.take(browser.ask("POST", "/api/session", asked))

    def signed_in(self, address, password, code=None):
        browser, answer = self.sign_in(address, password, code)
        self.assertEqual(200, answer.status, answer.content)
        return browser

    def set_up(self, browser, password):
        """The key, and the recovery codes. The step of now is used by it."""
        begun = browser.ask("POST", "/api/totp", {"password": password})
        self.assertEqual(200, begun.status, begun.content)
        secret = begun.json()["secret"]
        self.assertIn(f"secret={secret}", begun.json()["uri"])
        # Of the step before, so that the present one is still there for signing in, however slow this is.
        confirmed = browser.ask("PUT", "/api/totp", {"code": code_of(secret, -1)})
        if confirmed.status != 200:  # a step ended meanwhile
            confirmed = browser.ask("PUT", "/api/totp", {"code": code_of(secret, -1)})
        self.assertEqual(200, confirmed.status, confirmed.content)
        return secret, confirmed.json()["recovery_codes"]

    def test_the_web_asks_for_a_code(self):
        address, password = self.person()
        browser, other = self.signed_in(address, password), self.signed_in(address, password)
        self.assertFalse(browser.ask("GET", "/api/totp").json()["active"])
        self.assertEqual(401, browser.ask("POST", "/api/totp", {"password": "wrong"}).status)
        self.assertEqual(404, browser.ask("PUT", "/api/totp", {"code": "123456"}).status)
        secret, codes = self.set_up(browser, password)
        self.assertEqual(10, len(set(codes)))
        self.assertEqual(200, browser.jmap().status, "who set it up goes on")
        self.assertEqual(401, other.jmap().status, "who signed in by the password alone does not")
        status = browser.ask("GET", "/api/totp")
        self.assertTrue(status.json()["active"])
        self.assertNotIn(secret.encode(), status.content)
        self.assertEqual(409, browser.ask("POST", "/api/totp", {"password": password}).status)

        wanted = self.sign_in(address, password)[1]
        self.assertEqual((401, "wanted"), (wanted.status, wanted.json()["second_factor"]))
        self.assertNotIn("Set-Cookie", wanted.fields)
        wrong = self.sign_in(address, "wrong password", code_of(secret))[1]
        self.assertEqual((401, None), (wrong.status, wrong.json().get("second_factor")))
        code = code_of(secret, 1)  # of the next step: right for all of this one, and for a while after it
        self.signed_in(address, password, f"{code[:3]} {code[3:]}")
        again = self.sign_in(address, password, code)[1]
        self.assertEqual((401, "wrong"), (again.status, again.json()["second_factor"]))
        self.assertTrue("sign_in.wrong_code" in self.demo.log())
        self.assertFalse(secret in self.demo.log())

    def test_programs_need_app_passwords(self):
        address, password = self.person()
        browser = self.signed_in(address, password)
        with self.demo.imap(address, password) as session:
            self.assertEqual("OK", session.noop()[0])
        self.set_up(browser, password)
        with self.assertRaisesRegex(imaplib.IMAP4.error, "ALERT.*app password"):
            self.demo.imap(address, password)
        with self.assertRaisesRegex(poplib.error_proto, "app password"):
            self.demo.pop(address, password)
        with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
            self.demo.submission(address, password)
        self.assertEqual(534, refused.exception.smtp_code)
        basic = base64.b64encode(f"{address}:{password}".encode()).decode()
        jmap = Browser(self.demo).ask("GET", "/.well-known/jmap", Authorization=f"Basic {basic}")
        self.assertEqual(403, jmap.status)
        self.assertIn(b"app password", jmap.content)
        self.assertTrue("sign_in.app_password_needed" in self.demo.log())

        made = browser.ask("POST", "/api/app-passwords", {"name": "phone"}).json()["password"]
        with self.demo.imap(address, made) as session:
            self.assertEqual("OK", session.noop()[0])
        self.demo.submission(address, made).quit()
        basic = base64.b64encode(f"{address}:{made}".encode()).decode()
        self.assertEqual(200, Browser(self.demo).ask("GET", "/.well-known/jmap", Authorization=f"Basic {basic}").status)

    def test_recovery_codes_work_once(self):
        address, password = self.person()
        browser = self.signed_in(address, password)
        _, codes = self.set_up(browser, password)
        self.signed_in(address, password, codes[0].upper())
        self.assertEqual("wrong", self.sign_in(address, password, codes[0])[1].json()["second_factor"])
        self.demo.kill()
        self.demo.start()
        self.assertEqual("wrong", self.sign_in(address, password, codes[0])[1].json()["second_factor"])
        self.assertEqual(9, browser.ask("GET", "/api/totp").json()["recovery_codes"])
        self.assertEqual(401, browser.ask("POST", "/api/totp/recovery-codes", {"password": password}).status)
        fresh = browser.ask("POST", "/api/totp/recovery-codes", {"password": password, "code": codes[1]})
        self.assertEqual(200, fresh.status, fresh.content)
        self.assertEqual("wrong", self.sign_in(address, password, codes[2])[1].json()["second_factor"])
        self.signed_in(address, password, fresh.json()["recovery_codes"][9])

    def test_it_is_taken_away(self):
        address, password = self.person()
        browser = self.signed_in(address, password)
        _, codes = self.set_up(browser, password)
        for asked in ({"password": password}, {"password": "wrong", "code": codes[0]}, {"password": password, "code": "1"}):
            self.assertEqual(401, browser.ask("POST", "/api/totp/disable", asked).status, asked)
        self.assertEqual(204, browser.ask("POST", "/api/totp/disable", {"password": password, "code": codes[1]}).status)
        self.signed_in(address, password)
        self.set_up(browser, password)
        self.assertIn("has a second factor", self.demo.gatepost("account", "totp", address, "--status").stdout)
        self.demo.gatepost("account", "totp", address, "--disable")
        self.assertIn("has no second factor", self.demo.gatepost("account", "totp", address).stdout)
        self.signed_in(address, password)
        self.assertNotEqual(0, self.demo.gatepost("account", "totp", address, "--disable", check=False).returncode)

    def test_a_helper_takes_it_away_by_the_web(self):
        address, password = self.person()
        self.set_up(self.signed_in(address, password), password)
        helper, helpers = self.person()
        self.demo.gatepost("account", "set", helper, "role=helpdesk")
        browser = self.signed_in(helper, helpers)
        shown = browser.ask("POST", "/api/admin/account/totp/status", {"address": address})
        self.assertTrue(shown.json()["active"], shown.content)
        self.assertEqual(200, browser.ask("POST", "/api/admin/account/totp/disable", {"address": address}).status)
        self.signed_in(address, password)

    def test_guesses_are_counted(self):
        address, password = self.person()
        self.set_up(self.signed_in(address, password), password)
        for i in range(10):
            answer = self.sign_in(address, password, f"{i}")[1]
            self.assertEqual((401, "wrong"), (answer.status, answer.json()["second_factor"]), i)
        self.assertEqual(429, self.sign_in(address, password, "0")[1].status)

    def test_who_must_have_one_may_only_set_it_up(self):
        address, password = self.person()
        self.demo.gatepost("account", "set", address, "role=admin")
        browser, answer = self.sign_in(address, password)
        self.assertEqual(200, answer.status, answer.content)
        self.assertEqual((True, False), (answer.json()["totp"]["required"], answer.json()["totp"]["active"]))
        self.assertEqual(403, browser.jmap().status)
        self.assertEqual(403, browser.ask("POST", "/api/admin/account/list", {}).status)
        self.assertEqual(403, browser.ask("POST", "/api/app-passwords", {"name": "x"}).status)
        with self.assertRaisesRegex(imaplib.IMAP4.error, "app password"):
            self.demo.imap(address, password)
        self.set_up(browser, password)
        self.assertEqual(200, browser.jmap().status)
        self.assertEqual(200, browser.ask("POST", "/api/admin/account/list", {}).status)


if __name__ == "__main__":
    unittest.main(verbosity=2)
