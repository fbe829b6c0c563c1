"""What people do for themselves over the web: an export read by Python's zipfile and mailbox, sign-ins of programs, deleted messages, forwarding."""

import io
import json
import mailbox
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

from browser import Browser
from demo import Demo
from jmap_client import Client


class SelfService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo(extra_config='[store]\npeople_purge_removed = true\n[mailflow]\nforward_outside = ["partner.example"]\n')
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()

    def signed_in(self):
        browser = Browser(self.demo)
        self.assertEqual(200, browser.sign_in().status)
        return browser

    def test_everything_is_handed_out(self):
        for n in range(30):
            self.demo.deliver(subject=f"letter {n}", body=b"From me to you\r\n" + b"x" * 20_000 + b"\r\n")
        self.demo.wait_for_count(30)
        imap = self.demo.imap()
        imap.create("Projects/2026")
        imap.append("Projects/2026", "\\Flagged", None, b"Subject: filed\r\n\r\nfiled\r\n")
        imap.logout()
        browser = self.signed_in()
        self.assertFalse(browser.ask("GET", "/api/export/state").json()["running"])
        answer = browser.ask("GET", "/api/export")
        self.assertEqual(200, answer.status)
        self.assertEqual("application/zip", answer.fields["Content-Type"])
        self.assertIn("attachment; filename=", answer.fields["Content-Disposition"])
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        self.assertIsNone(archive.testzip())
        self.assertLessEqual({"settings.json", "mail/INBOX.mbox", "mail/Projects/2026.mbox"}, set(archive.namelist()))
        settings = json.loads(archive.read("settings.json"))
        self.assertEqual(self.demo.user1, settings["address"])
        self.assertEqual(self.demo.user1, settings["Identity"][0]["email"])
        self.assertIn("Forwarding", settings)
        with tempfile.TemporaryDirectory() as folder:
            archive.extractall(folder)
            inbox = mailbox.mbox(Path(folder, "mail/INBOX.mbox"))
            self.assertEqual(30, len(inbox))
            self.assertEqual({f"letter {n}" for n in range(30)}, {one["Subject"] for one in inbox})
            self.assertIn(">From me to you", inbox[0].get_payload())
            self.assertIn("F", mailbox.mbox(Path(folder, "mail/Projects/2026.mbox"))[0].get_flags())

    def test_nobody_else_is_let_in(self):
        self.assertEqual(401, Browser(self.demo).ask("GET", "/api/export").status)
        browser = self.signed_in()
        self.assertEqual(403, browser.ask("GET", "/api/export", Sec_Fetch_Site="cross-site").status)
        self.assertEqual(401, Browser(self.demo).ask("GET", "/api/connections").status)

    def test_programs_are_shown_and_signed_out(self):
        browser, other = self.signed_in(), self.signed_in()
        imap = self.demo.imap()
        imap.xatom("ID", '("name" "Rowboat" "version" "3")')
        pop = self.demo.pop()
        shown = browser.ask("GET", "/api/connections").json()
        self.assertEqual({"imap", "pop3"}, {one["service"] for one in shown})
        one = next(one for one in shown if one["service"] == "imap")
        self.assertIn("Rowboat", one["program"])
        self.assertEqual("127.0.0.1", one["address"].replace("::1", "127.0.0.1"))
        self.assertEqual(404, browser.ask("DELETE", "/api/connections/99999").status)
        self.assertEqual(204, browser.ask("DELETE", f"/api/connections/{one['id']}").status)
        with self.assertRaises(Exception):
            for _ in range(20):
                imap.noop()
                time.sleep(0.1)
        # Nobody else's.
        self.assertEqual(204, browser.ask("DELETE", "/api/sessions").status)
        self.assertEqual(200, browser.ask("GET", "/api/session").status)
        self.assertEqual(401, other.ask("GET", "/api/session").status)
        self.assertEqual([], browser.ask("GET", "/api/connections").json())
        with self.assertRaises(Exception):
            pop.noop()
            pop.noop()
        self.assertEqual(1, len(browser.ask("GET", "/api/sessions").json()))

    def test_deleted_messages_come_back_after_a_crash(self):
        client = Client(self.demo, self.demo.user2, self.demo.pass2)
        self.demo.deliver(subject="to be missed", to=self.demo.user2)
        self.demo.wait_for_count(1, user=self.demo.user2, password=self.demo.pass2)
        email = client.call("Email/query")["ids"][0]
        client.call("Email/set", destroy=[email])
        self.assertEqual([email], client.call("RemovedEmail/query", filter={"text": "missed"})["ids"])
        self.demo.kill()
        self.demo.start()
        client = Client(self.demo, self.demo.user2, self.demo.pass2)
        got = client.call("RemovedEmail/get", ids=[email])["list"][0]
        self.assertEqual("to be missed", got["subject"])
        self.assertEqual([email], client.call("RemovedEmail/restore", ids=[email])["restored"])
        self.assertEqual([email], client.call("Email/query")["ids"])
        client.call("Email/set", destroy=[email])
        self.assertEqual([email], client.call("RemovedEmail/set", destroy=[email])["destroyed"])
        self.assertEqual([], client.call("RemovedEmail/query")["ids"])

    def test_mail_is_sent_on(self):
        client = Client(self.demo, self.demo.user2, self.demo.pass2)
        refused = client.call("Forwarding/set", update={"singleton": {"isEnabled": True, "address": "x@elsewhere.example"}})
        self.assertEqual("forbidden", refused["notUpdated"]["singleton"]["type"])
        done = client.call("Forwarding/set", update={"singleton": {"isEnabled": True, "address": "x@partner.example", "keepCopy": True}})
        self.assertIn("singleton", done["updated"])
        before = len(self.demo.bodies(user=self.demo.user2, password=self.demo.pass2))
        self.demo.deliver(subject="onward", to=self.demo.user2)
        self.demo.wait_for_count(before + 1, user=self.demo.user2, password=self.demo.pass2)
        self.assertIn("x@partner.example", self.demo.gatepost("queue", "list").stdout)
        shown = json.loads(self.demo.gatepost("--json", "forwarding", "list").stdout)
        self.assertEqual([{"address": self.demo.user2, "to": "x@partner.example", "keep_copy": True, "set_by": "user"}], shown)
        self.demo.gatepost("forwarding", "clear", self.demo.user2)
        self.assertFalse(client.call("Forwarding/get")["list"][0]["isEnabled"])

    def test_settings_say_where_they_come_from(self):
        shown = json.loads(self.demo.gatepost("--json", "config", "show").stdout)
        by_name = {(one["table"], one["name"]): one for one in shown["settings"]}
        self.assertEqual("true", by_name["[store]", "people_purge_removed"]["value"])
        self.assertRegex(by_name["[store]", "people_purge_removed"]["source"], r":\d+$")
        self.assertEqual("default", by_name["[limits]", "bad_commands"]["source"])
        self.assertTrue(by_name["[server]", "data_dir"]["restart"])
        self.assertFalse(by_name["[store]", "people_purge_removed"]["restart"])


if __name__ == "__main__":
    unittest.main()
