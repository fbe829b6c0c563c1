"""The administrators' verbs by the web: roles, refusals, and what the log says of it."""

import json
import unittest

from browser import Browser
from demo import Demo


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()

    def as_role(self, role):
        self.demo.gatepost("account", "set", self.demo.user1, f"role={role}")
        browser = Browser(self.demo)
        answer = browser.sign_in()
        self.assertEqual(200, answer.status, answer.content)
        self.assertEqual(None if role == "none" else role, answer.json()["role"])
        return browser

    def ask(self, browser, verb, **options):
        return browser.ask("POST", "/api/admin/" + verb.replace(" ", "/"), options)

    def done(self, browser, verb, **options):
        answer = self.ask(browser, verb, **options)
        self.assertEqual(200, answer.status, (verb, answer.content))
        return answer.json()

    def test_who_has_no_role_learns_nothing(self):
        browser = self.as_role("none")
        for verb in ("account list", "account add", "no such verb"):
            self.assertEqual(403, self.ask(browser, verb).status, verb)
        browser.cookie = None
        self.assertEqual(401, self.ask(browser, "account list").status)

    def test_an_auditor_looks(self):
        browser = self.as_role("auditor")
        self.assertIn(self.demo.user2, json.dumps(self.done(browser, "account list")))
        self.assertIn("listeners", json.dumps(self.done(browser, "status")))
        self.done(browser, "queue list")
        self.done(browser, "ban list")
        for verb in ("account passwd", "account add", "ban lift", "reload"):
            self.assertEqual(403, self.ask(browser, verb, address=self.demo.user2).status, verb)
        self.assertEqual(404, self.ask(browser, "stop").status)

    def test_a_helper_helps_but_gives_no_role(self):
        browser = self.as_role("helpdesk")
        self.demo.gatepost("account", "add", f"boss@{self.demo.domain}")
        self.demo.gatepost("account", "set", f"boss@{self.demo.domain}", "role=admin")
        fresh = self.done(browser, "account passwd", address=self.demo.user2)
        with self.demo.imap(self.demo.user2, fresh["password"]) as session:
            self.assertEqual("OK", session.noop()[0])
        self.done(browser, "account set", address=self.demo.user2, set=["phone=+49 30 1234"])
        for verb, options in (("account passwd", {"address": f"boss@{self.demo.domain}"}),
                              ("app-password add", {"address": f"BOSS@{self.demo.domain}", "name": "mine"}),
                              ("account set", {"address": self.demo.user2, "set": ["role=admin"]}),
                              ("account delete", {"address": self.demo.user2})):
            self.assertEqual(403, self.ask(browser, verb, **options).status, verb)

    def test_an_administrator_adds_and_deletes(self):
        browser = self.as_role("admin")
        name = f"new@{self.demo.domain}"
        self.assertEqual(name, self.done(browser, "account add", address=name, name="New One")["name"])
        self.assertEqual(422, self.ask(browser, "account add", address=name).status)
        self.assertEqual(400, self.ask(browser, "account add", address=name, colour="blue").status)
        self.assertEqual(400, self.ask(browser, "account add", address=["a", "b"]).status)
        self.assertEqual(400, browser.ask("POST", "/api/admin/account/add", [name]).status)
        self.done(browser, "group add", address=f"team@{self.demo.domain}", member=[name, self.demo.user2])
        self.done(browser, "account delete", address=name)
        lines = [line for line in self.demo.log().splitlines() if "admin.done" in line and name in line]
        self.assertTrue(any('verb="account add"' in line and "done=yes" in line for line in lines), lines)
        self.assertTrue(any('verb="account add"' in line and "done=no" in line for line in lines), lines)
        # Who changed what is there to be read, those of the command line included.
        changes = self.done(browser, "changes list", most=50)
        mine = [c for c in changes if c["what"] == name]
        self.assertEqual({self.demo.user1}, {c["who"] for c in mine})
        self.assertIn(("account delete", True), [(c["verb"], c["done"]) for c in mine])
        self.assertIn(("account add", False), [(c["verb"], c["done"]) for c in mine])
        self.assertTrue(all(c["from"] for c in mine), mine)
        self.assertIn("command line", {c["who"] for c in changes})
        self.assertIn("role=admin", self.demo.gatepost("changes", "list", "--about", self.demo.user1).stdout)
        browser.csrf = None
        self.assertEqual(403, self.ask(browser, "reload").status)

    def test_a_script_asks_by_its_token(self):
        browser = self.as_role("admin")
        made = self.done(browser, "token add", name="nightly", role="helpdesk", expires="1h")

        def ask(verb, token=made["token"], **options):
            script = Browser(self.demo)
            return script.ask("POST", "/api/admin/" + verb.replace(" ", "/"), options,
                              Authorization="Bearer " + token)

        self.assertEqual(200, ask("account list").status)
        self.assertEqual(403, ask("account add", address=f"x@{self.demo.domain}").status)
        self.assertEqual(200, ask("account set", address=self.demo.user2, set=["title=Clerk"]).status)
        self.assertEqual(401, ask("account list", token=made["token"] + "x").status)
        powerful = self.done(browser, "token add", name="all", role="admin")["token"]
        self.assertEqual(403, ask("token add", token=powerful, name="more", role="admin").status)
        self.assertEqual(["nightly", "all"], [t["name"] for t in json.loads(ask("token list").content)])
        notes = self.done(browser, "changes list", about="token nightly")
        self.assertEqual(["account set"], [n["verb"] for n in notes])
        self.assertNotIn(made["token"], self.demo.log())
        for one in self.done(browser, "token list"):
            self.done(browser, "token delete", id=one["id"])
        self.assertEqual(401, ask("account list").status)

    def test_it_describes_itself(self):
        browser = self.as_role("auditor")
        described = browser.ask("GET", "/api/openapi.json").json()
        self.assertEqual("3.1.0", described["openapi"])
        add = described["paths"]["/api/admin/account/add"]["post"]
        self.assertTrue(add["summary"])
        self.assertIn("address", add["requestBody"]["content"]["application/json"]["schema"]["properties"])


if __name__ == "__main__":
    unittest.main()
