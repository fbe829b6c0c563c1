"""Passwords that expire, and initial ones: refused in each protocol's own words, replaced by LDAP and by the web; app passwords go on."""

import base64
import imaplib
import json
import os
import poplib
import smtplib
import subprocess
import time
import unittest

from browser import Browser
from demo import Demo
from test_second_factor import code_of

FIRST, SECOND, THIRD = "the first password 1", "the second password 2", "the third password 3"


class PasswordAge(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()
        cls.config = cls.demo.data / "gatepost.toml"
        cls.plain = cls.config.read_text()
        cls.base = ",".join(f"dc={label}" for label in cls.demo.domain.split("."))
        cls.people = 0

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()

    def setUp(self):
        self.configure("1 h")

    def configure(self, age, warning="0 s"):
        self.config.write_text(f'{self.plain}\n[auth]\npassword_max_age = "{age}"\npassword_warning = "{warning}"\n')
        self.demo.gatepost("reload")

    def expire(self):
        """Every password there is."""
        time.sleep(1.2)
        self.configure("1 s")

    def person(self, *more):
        type(self).people += 1
        name = f"p{self.people}"
        address = f"{name}@{self.demo.domain}"
        self.demo.gatepost("account", "add", address, "--password-stdin", *more, stdin=FIRST + "\n")
        return address, f"uid={name},ou=people,{self.base}"

    def account(self, address):
        all_of_them = json.loads(self.demo.gatepost("--json", "account", "list").stdout)
        return next(one for one in all_of_them if one["address"] == address)

    def sign_in(self, address, password, browser=None, **more):
        browser = browser or Browser(self.demo)
        return browser.take(browser.ask("POST", "/api/session", {"user": address, "password": password, **more}))

    def ldap(self, tool, *arguments, who=None, password=None):
        """(exit code, text)"""
        command = [tool, "-x", "-H", f"ldaps://127.0.0.1:{self.demo.port('LDAPS')}"]
        if who:
            command += ["-D", who, "-w", password]
        env = dict(os.environ, LDAPTLS_CACERT=self.demo.env["GP_CA"], LDAPTLS_REQCERT="demand")
        done = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, timeout=60)
        return done.returncode, done.stdout

    def refused_everywhere(self, address, dn, password):
        with self.assertRaisesRegex(imaplib.IMAP4.error, r"\[EXPIRED\]"):
            self.demo.imap(address, password)
        with self.assertRaisesRegex(poplib.error_proto, r"\[AUTH\].*expired"):
            self.demo.pop(address, password)
        with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
            self.demo.submission(address, password)
        self.assertEqual(535, refused.exception.smtp_code)
        self.assertIn(b"expired", refused.exception.smtp_error)
        basic = base64.b64encode(f"{address}:{password}".encode()).decode()
        jmap = Browser(self.demo).ask("GET", "/.well-known/jmap", Authorization=f"Basic {basic}")
        self.assertEqual((401, "application/problem+json"), (jmap.status, jmap.fields["Content-Type"]))
        self.assertIn(b"expired", jmap.content)
        code, text = self.ldap("ldapwhoami", who=dn, password=password)
        self.assertEqual(49, code, text)
        self.assertRegex(text, "data (532|773)")

    def taken_everywhere(self, address, dn, password):
        with self.demo.imap(address, password) as session:
            self.assertEqual("OK", session.noop()[0])
        self.demo.pop(address, password).quit()
        self.demo.submission(address, password).quit()
        basic = base64.b64encode(f"{address}:{password}".encode()).decode()
        self.assertEqual(200, Browser(self.demo).ask("GET", "/.well-known/jmap", Authorization=f"Basic {basic}").status)
        code, text = self.ldap("ldapwhoami", who=dn, password=password)
        self.assertEqual(0, code, text)

    def test_an_expired_one_is_replaced_by_the_web(self):
        address, dn = self.person()
        app = json.loads(self.demo.gatepost("--json", "app-password", "add", address, "phone").stdout)["password"]
        self.taken_everywhere(address, dn, FIRST)
        self.expire()
        for _ in range(3):
            self.refused_everywhere(address, dn, FIRST)
        self.taken_everywhere(address, dn, app)
        answer = self.sign_in(address, FIRST)
        self.assertEqual((401, "expired"), (answer.status, answer.json()["password"]))
        wrong = self.sign_in(address, "not the password")
        self.assertEqual((401, None), (wrong.status, wrong.json().get("password")), "told to nobody who does not know it")
        self.assertEqual(401, self.sign_in(address, "not the password", new_password=SECOND).status)
        self.assertEqual(403, self.sign_in(address, app, new_password=SECOND).status)
        self.assertEqual(400, self.sign_in(address, FIRST, new_password="short").status)
        browser = Browser(self.demo)
        self.assertEqual(200, self.sign_in(address, FIRST, browser, new_password=SECOND).status)
        self.assertEqual(200, browser.jmap().status)
        self.configure("1 h")
        self.taken_everywhere(address, dn, SECOND)
        self.assertIn("sign_in.password_expired", self.demo.log())

    def test_an_expired_one_is_replaced_by_ldap(self):
        address, dn = self.person()
        self.expire()
        code, text = self.ldap("ldapwhoami", "-e", "ppolicy", who=dn, password=FIRST)
        self.assertEqual(49, code, text)
        self.assertIn("Password expired", text)
        self.assertNotEqual(0, self.ldap("ldappasswd", "-a", "not the password", "-s", SECOND, dn)[0])
        self.assertNotEqual(0, self.ldap("ldappasswd", "-s", SECOND, dn)[0])
        code, text = self.ldap("ldappasswd", "-a", FIRST, "-s", SECOND, dn)
        self.assertEqual(0, code, text)
        self.configure("1 h")
        self.taken_everywhere(address, dn, SECOND)

    def test_an_initial_one_has_to_be_replaced(self):
        address, dn = self.person("--must-change")
        self.assertTrue(self.account(address)["must_change_password"])
        self.refused_everywhere(address, dn, FIRST)
        answer = self.sign_in(address, FIRST)
        self.assertEqual((401, "initial"), (answer.status, answer.json()["password"]))
        self.assertEqual(200, self.sign_in(address, FIRST, new_password=SECOND).status)
        self.taken_everywhere(address, dn, SECOND)

        self.demo.gatepost("account", "passwd", address, "--must-change", "--password-stdin", stdin=THIRD + "\n")
        code, text = self.ldap("ldapsearch", "-e", "ppolicy", "-b", dn, "-s", "base", who=dn, password=THIRD)
        self.assertEqual(50, code, text)
        self.assertRegex(text, "[Mm]ust be changed|changeAfterReset|must change")
        code, text = self.ldap("ldappasswd", "-e", "ppolicy", "-a", THIRD, "-s", FIRST, who=dn, password=THIRD)
        self.assertEqual(0, code, text)
        self.taken_everywhere(address, dn, FIRST)

        self.demo.gatepost("account", "set", address, "must-change-password=yes")
        self.refused_everywhere(address, dn, FIRST)
        self.demo.gatepost("account", "set", address, "must-change-password=no")
        self.taken_everywhere(address, dn, FIRST)

    def test_people_are_told_before(self):
        address, dn = self.person()
        self.assertFalse(self.sign_in(address, FIRST).json()["password"]["ends_soon"])
        self.configure("1 h", "59 min")
        self.assertNotIn("expire", self.ldap("ldapwhoami", "-e", "ppolicy", who=dn, password=FIRST)[1])
        self.configure("1 h", "2 h")
        said = self.sign_in(address, FIRST).json()["password"]
        self.assertTrue(said["ends_soon"])
        self.assertFalse(said["expired"])
        code, text = self.ldap("ldapwhoami", "-e", "ppolicy", who=dn, password=FIRST)
        self.assertEqual(0, code, text)
        self.assertRegex(text, r"expire")

    def test_some_are_exempt(self):
        address, dn = self.person()
        self.demo.gatepost("account", "set", address, "password-never-expires=yes")
        self.expire()
        self.taken_everywhere(address, dn, FIRST)
        self.assertEqual("", self.account(address)["password_expires"])
        code, text = self.ldap("ldapsearch", "-LLL", "-b", dn, "-s", "base", "userAccountControl", "pwdLastSet", "pwdChangedTime", "pwdReset",
                               who=dn, password=FIRST)
        self.assertEqual(0, code, text)
        self.assertIn("userAccountControl: 66048", text)
        self.assertRegex(text, r"pwdChangedTime: 20\d{12}Z")
        self.assertRegex(text, r"pwdLastSet: 1\d{17}")
        self.assertNotIn("pwdReset", text)
        exported = self.demo.gatepost("export").stdout
        self.assertIn("password_never_expires = true", exported)
        people = self.demo.data / "people.toml"
        people.write_text(f'[[account]]\naddress = "{address}"\npassword_never_expires = false\n')
        self.demo.gatepost("apply", str(people))
        self.refused_everywhere(address, dn, FIRST)

    def test_who_is_signed_in_goes_on_and_may_change_it(self):
        address, dn = self.person()
        browser = Browser(self.demo)
        self.assertEqual(200, self.sign_in(address, FIRST, browser).status)
        with self.demo.imap(address, FIRST) as session:
            self.expire()
            self.assertEqual("OK", session.noop()[0])
        self.assertEqual(200, browser.jmap().status)
        self.assertTrue(browser.ask("GET", "/api/session").json()["password"]["expired"])
        changed = browser.take(browser.ask("POST", "/api/password", {"current": FIRST, "new": SECOND}))
        self.assertEqual(200, changed.status, changed.content)
        self.configure("1 h")
        self.taken_everywhere(address, dn, SECOND)

    def test_the_second_factor_is_asked_for_first(self):
        address, dn = self.person()
        browser = Browser(self.demo)
        self.assertEqual(200, self.sign_in(address, FIRST, browser).status)
        secret = browser.ask("POST", "/api/totp", {"password": FIRST}).json()["secret"]
        confirmed = browser.ask("PUT", "/api/totp", {"code": code_of(secret, -1)})
        if confirmed.status != 200:
            confirmed = browser.ask("PUT", "/api/totp", {"code": code_of(secret, -1)})
        codes = confirmed.json()["recovery_codes"]
        self.expire()
        self.assertEqual("expired", self.sign_in(address, FIRST).json()["password"])
        wanted = self.sign_in(address, FIRST, new_password=SECOND)
        self.assertEqual((401, "wanted"), (wanted.status, wanted.json()["second_factor"]))
        self.assertEqual("wrong", self.sign_in(address, FIRST, new_password=SECOND, code="1").json()["second_factor"])
        self.assertEqual("expired", self.sign_in(address, FIRST).json()["password"], "nothing was changed")
        self.assertEqual(200, self.sign_in(address, FIRST, new_password=SECOND, code=codes[0]).status)

    def test_a_restart_forgets_nothing(self):
        address, dn = self.person("--must-change")
        other, other_dn = self.person()
        changed = self.account(other)["password_changed"]
        self.demo.kill()
        # What script/server writes has no age in it.
        self.demo.start()
        self.assertEqual(changed, self.account(other)["password_changed"])
        self.refused_everywhere(address, dn, FIRST)
        self.configure("1 h")
        self.taken_everywhere(other, other_dn, FIRST)


if __name__ == "__main__":
    unittest.main(verbosity=2)
