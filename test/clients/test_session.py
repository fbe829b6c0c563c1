"""Browsers' sessions: cookies, what other sites' pages try, restarts; by urllib and curl."""

import base64
import http.client
import json
import ssl
import subprocess
import unittest

from browser import Browser
from demo import Demo


class Sessions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()

    def signed_in(self, **how):
        browser = Browser(self.demo)
        answer = browser.sign_in(**how)
        self.assertEqual(200, answer.status, answer.content)
        return browser

    def jmap_path(self, browser):
        return browser.ask("GET", "/jmap/session").json()

    def test_a_cookie_signs_in_to_jmap(self):
        browser = Browser(self.demo)
        answer = browser.sign_in()
        self.assertEqual(200, answer.status, answer.content)
        self.assertEqual(self.demo.user1, answer.json()["user"])
        cookie = answer.fields["Set-Cookie"]
        for word in ("__Host-gatepost=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"):
            self.assertIn(word, cookie)
        self.assertNotIn("Max-Age", cookie)
        self.assertEqual("no-store", answer.fields["Cache-Control"])
        session = browser.ask("GET", "/.well-known/jmap").json()
        self.assertEqual(self.demo.user1, session["username"])
        done = browser.jmap()
        self.assertEqual(200, done.status, done.content)
        self.assertEqual(self.demo.user1, browser.ask("GET", "/api/session").json()["user"])
        self.assertIn("Max-Age=", Browser(self.demo).sign_in(lasting=True).fields["Set-Cookie"])

    def test_other_sites_can_do_nothing(self):
        browser = self.signed_in()
        for fields in ({"X_CSRF_Token": "guess"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
                       {"Sec_Fetch_Site": "cross-site"}):
            self.assertEqual(403, browser.jmap(**fields).status, fields)
            self.assertEqual(403, browser.ask("DELETE", "/api/session", **fields).status, fields)
        browser.csrf = None
        self.assertEqual(403, browser.jmap().status)
        self.assertEqual(403, Browser(self.demo).ask("POST", "/api/session", {"user": self.demo.user1, "password": self.demo.pass1},
                                                     Sec_Fetch_Site="cross-site").status)
        # What a form of another site can send.
        self.assertEqual(400, Browser(self.demo).ask("POST", "/api/session", {"user": "a", "password": "b"},
                                                     Content_Type="text/plain").status)

    def test_wrong_ones_are_told(self):
        browser = Browser(self.demo)
        wrong = browser.sign_in("not the password")
        self.assertEqual(401, wrong.status)
        self.assertTrue(wrong.fields["WWW-Authenticate"].startswith("Session "))
        self.assertEqual("application/problem+json", wrong.fields["Content-Type"])
        self.assertEqual(401, browser.ask("GET", "/api/session").status)
        for value in ([], {"user": self.demo.user1}, {"user": 1, "password": 2}, "x"):
            self.assertEqual(400, browser.ask("POST", "/api/session", value).status, value)
        self.assertEqual(400, browser.ask("POST", "/api/session", {"user": "x" * 70000, "password": ""}).status // 100 * 100)

    def test_it_ends_everywhere_at_once(self):
        browser = self.signed_in()
        stream = http.client.HTTPSConnection("localhost", self.demo.port("HTTPS"), context=self.demo.tls, timeout=30)
        stream.request("GET", "/jmap/events?types=*&closeafter=no&ping=0", headers={"Cookie": browser.cookie})
        events = stream.getresponse()
        self.assertEqual(200, events.status)
        done = browser.ask("DELETE", "/api/session")
        self.assertEqual(204, done.status)
        self.assertIn("Max-Age=0", done.fields["Set-Cookie"])
        try:
            while events.read(1):
                pass
        except (http.client.IncompleteRead, ConnectionError, ssl.SSLError):
            pass  # cut off
        stream.close()
        self.assertEqual(401, browser.jmap().status)
        self.assertEqual(401, browser.ask("GET", "/api/session").status)

    def test_browsers_are_listed_and_ended(self):
        one, other = self.signed_in(), self.signed_in()
        listed = one.ask("GET", "/api/sessions").json()
        mine = [session for session in listed if session["this"]]
        self.assertEqual(1, len(mine))
        self.assertEqual("test browser", mine[0]["agent"])
        self.assertIn(mine[0]["address"], ("127.0.0.1", "::1"))  # what localhost is here
        others = other.ask("GET", "/api/session").json()["session"]["id"]
        self.assertEqual(204, one.ask("DELETE", f"/api/sessions/{others}").status)
        self.assertEqual(404, one.ask("DELETE", f"/api/sessions/{others}").status)
        self.assertEqual(401, other.jmap().status)
        self.assertEqual(200, one.jmap().status)

    def test_it_survives_kill_and_restart(self):
        browser = self.signed_in(lasting=True)
        self.demo.kill()
        self.demo.start()
        self.assertEqual(200, browser.jmap().status)
        self.demo.gatepost("restart")
        type(self).demo.pid = int((self.demo.data / "gatepost.pid").read_text())
        self.assertEqual(200, browser.jmap().status)

    def test_another_password_ends_the_others(self):
        browser, other = self.signed_in(), self.signed_in()
        self.assertEqual(401, browser.ask("POST", "/api/password", {"current": "wrong", "new": "a good long password"}).status)
        self.assertEqual(400, browser.ask("POST", "/api/password", {"current": self.demo.pass1, "new": "short"}).status)
        fresh = "staple-battery-horse-9"
        before = browser.cookie
        changed = browser.take(browser.ask("POST", "/api/password", {"current": self.demo.pass1, "new": fresh}))
        self.assertEqual(200, changed.status, changed.content)
        self.addCleanup(self.demo.gatepost, "account", "passwd", self.demo.user1, "--password-stdin", stdin=self.demo.pass1 + "\n")
        self.assertNotEqual(before, browser.cookie)
        self.assertEqual(200, browser.jmap().status)
        self.assertEqual(401, other.jmap().status)
        with self.demo.imap(password=fresh) as session:
            self.assertEqual("OK", session.noop()[0])

    def test_app_passwords_open_programs_not_the_page(self):
        browser = self.signed_in()
        made = browser.ask("POST", "/api/app-passwords", {"name": "phone", "services": ["imap", "http"]})
        self.assertEqual(201, made.status, made.content)
        secret = made.json()["password"]
        with self.demo.imap(password=secret) as session:
            self.assertEqual("OK", session.noop()[0])
        basic = base64.b64encode(f"{self.demo.user1}:{secret}".encode()).decode()
        self.assertEqual(200, Browser(self.demo).ask("GET", "/.well-known/jmap", Authorization=f"Basic {basic}").status)
        self.assertEqual(403, Browser(self.demo).sign_in(secret).status)
        listed = browser.ask("GET", "/api/app-passwords").json()
        one = next(one for one in listed if one["name"] == "phone")
        self.assertEqual(["imap", "http"], one["services"])
        self.assertIn(one["last_address"], ("127.0.0.1", "::1"))
        self.assertEqual(204, browser.ask("PUT", f"/api/app-passwords/{one['id']}", {"services": ["imap"], "blocked": True}).status)
        with self.assertRaises(Exception):
            self.demo.imap(password=secret)
        self.assertEqual(204, browser.ask("DELETE", f"/api/app-passwords/{one['id']}").status)
        self.assertEqual(404, browser.ask("DELETE", f"/api/app-passwords/{one['id']}").status)
        self.assertEqual(400, browser.ask("POST", "/api/app-passwords", {"name": "x", "services": ["teleport"]}).status)
        self.assertEqual(400, browser.ask("POST", "/api/app-passwords", {"name": "x", "networks": ["here"]}).status)

    def test_curl_with_a_jar(self):
        jar = self.demo.data / "jar"
        curl = ["curl", "-sS", "--max-time", "60", "--cacert", self.demo.env["GP_CA"], "-c", jar, "-b", jar]
        url = f"https://localhost:{self.demo.port('HTTPS')}/api/session"
        value = json.dumps({"user": self.demo.user1, "password": self.demo.pass1})
        first = subprocess.run([*curl, "--http2", "-H", "Content-Type: application/json", "-d", value, url], capture_output=True, timeout=90)
        self.assertIn("csrf", json.loads(first.stdout), first)
        again = subprocess.run([*curl, "--http2", url], capture_output=True, timeout=90)
        self.assertEqual(self.demo.user1, json.loads(again.stdout)["user"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
