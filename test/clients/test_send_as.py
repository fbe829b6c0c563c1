"""Rights to send as somebody else and on behalf of somebody else: granted by one command, by group, seen by submission and JMAP, taken
back in the middle of a session, kept over a restart, told by `explain mail`."""

import json
import smtplib
import subprocess
import unittest

from demo import Demo
from jmap_client import Client


class SendAs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()
        d = cls.demo
        cls.sales, cls.boss, cls.staff = f"sales@{d.domain}", f"boss@{d.domain}", f"staff@{d.domain}"
        d.gatepost("account", "add", cls.sales, "--kind", "shared", "--name", "Sales of Demo")
        d.gatepost("account", "add", cls.boss, "--name", "The Boss")
        d.gatepost("account", "set", d.user1, "name=Anna Berg")
        d.gatepost("group", "add", cls.staff, d.user1, "--name", "All staff")
        d.gatepost("group", "add", f"everybody@{d.domain}", cls.staff)

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()

    def rights(self, verb, right, who, of=None):
        return self.demo.gatepost("rights", verb, of or self.sales, right, who)

    def newest(self):
        return self.demo.bodies(user=self.demo.user2, password=self.demo.pass2)[-1].decode()

    def submit(self, sender, from_header, *headers, port="SUBMISSION"):
        """By curl, which says what the server answers."""
        d = self.demo
        letter = "\r\n".join([f"From: {from_header}", f"To: {d.user2}", *headers, "", "x", ""])
        url = f"smtp://localhost:{d.port(port)}" if port == "SUBMISSION" else f"smtps://localhost:{d.port(port)}"
        return subprocess.run(["curl", "-sSv", "--ssl-reqd", "--cacert", d.env["GP_CA"], "-u", f"{d.user1}:{d.pass1}", url, "--mail-from", sender,
                               "--mail-rcpt", d.user2, "--upload-file", "-"], input=letter, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)

    def test_by_a_group_in_a_group_on_both_ports(self):
        d = self.demo
        refused = self.submit(self.sales, self.sales)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("553 5.7.1 this address is not yours", refused.stdout)
        refused = self.submit(d.user1, f"Sales <{self.sales}>")
        self.assertIn("550 5.7.1 the From address is not yours", refused.stdout)
        why = d.gatepost("explain", "mail", "--from", self.sales, check=False).stdout
        self.assertIn(f"{d.user1} has neither send-as nor send-on-behalf for {self.sales}", why)
        self.assertIn(f"gatepost rights grant {self.sales} send-as {d.user1}", why)

        self.rights("grant", "send-as", f"everybody@{d.domain}")
        self.addCleanup(self.rights, "revoke", "send-as", f"everybody@{d.domain}")
        sent = self.submit(self.sales, f"Sales <{self.sales}>", "Subject: by 587")
        self.assertEqual(sent.returncode, 0, sent.stdout)
        got = self.newest()
        self.assertTrue(got.startswith(f"Return-Path: <{self.sales}>"))
        self.assertIn(f"\r\nFrom: Sales <{self.sales}>\r\n", got)
        self.assertNotIn("\r\nSender:", got)
        curl = self.submit(self.sales, self.sales, "Subject: by 465", port="SUBMISSIONS")
        self.assertEqual(curl.returncode, 0, curl.stdout)
        self.assertIn("Subject: by 465", self.newest())

    def test_on_behalf_readers_see_who_sent_it(self):
        d = self.demo
        self.rights("grant", "send-on-behalf", d.user1, self.boss)
        self.addCleanup(self.rights, "revoke", "send-on-behalf", d.user1, self.boss)
        for more in ([], [f"Sender: {self.boss}"], ["Sender: somebody@elsewhere.example"]):
            sent = self.submit(self.boss, f"The Boss <{self.boss}>", *more)
            self.assertEqual(sent.returncode, 0, sent.stdout)
            got = self.newest()
            self.assertIn(f'\r\nSender: "Anna Berg" <{d.user1}>\r\n', got)
            self.assertEqual(got.count("\r\nSender:"), 1)
            self.assertIn(f"\r\nFrom: The Boss <{self.boss}>\r\n", got)
        # Full access to a mailbox is no right to send as it.
        self.rights("grant", "full-access", d.user1)
        self.addCleanup(self.rights, "revoke", "full-access", d.user1)
        self.assertIn("553 5.7.1", self.submit(self.sales, self.sales).stdout)
        listed = json.loads(d.gatepost("--json", "rights", "list", self.sales).stdout)
        self.assertEqual(listed, [{"right": "full-access", "who": d.user1, "name": "Anna Berg"}])
        held = json.loads(d.gatepost("--json", "rights", "held", d.user1).stdout)
        self.assertEqual([(row["right"], row["address"]) for row in held], [("full-access", self.sales), ("send-on-behalf", self.boss)])

    def test_taken_back_it_is_gone_in_an_open_session(self):
        d = self.demo
        self.rights("grant", "send-as", self.staff)
        with d.submission() as client:
            client.sendmail(self.sales, [d.user2], f"From: {self.sales}\r\nSubject: 1\r\n\r\nx\r\n")
            self.rights("revoke", "send-as", self.staff)
            with self.assertRaises(smtplib.SMTPSenderRefused) as refused:
                client.sendmail(self.sales, [d.user2], f"From: {self.sales}\r\nSubject: 2\r\n\r\nx\r\n")
            self.assertEqual(refused.exception.smtp_code, 553)
            # Between MAIL and the message, too.
            self.rights("grant", "send-as", self.staff)
            client.ehlo_or_helo_if_needed()
            self.assertEqual(client.mail(self.sales)[0], 250)
            self.assertEqual(client.rcpt(d.user2)[0], 250)
            self.rights("revoke", "send-as", self.staff)
            code, text = client.data(f"From: {self.sales}\r\n\r\nx\r\n")
            self.assertEqual((code, text[:5]), (550, b"5.7.1"))
            # Who leaves the group has it no longer.
            self.rights("grant", "send-as", self.staff)
            self.assertEqual(client.mail(self.sales)[0], 250)
            client.rset()
            d.gatepost("group", "leave", self.staff, d.user1)
            self.assertEqual(client.mail(self.sales)[0], 553)
            d.gatepost("group", "join", self.staff, d.user1)
        changes = json.loads(d.gatepost("--json", "changes", "list", "--about", self.sales).stdout)
        self.assertIn(("rights revoke", f"right=send-as who={self.staff}"), [(c["verb"], c["detail"]) for c in changes])
        self.rights("revoke", "send-as", self.staff)

    def test_jmap_offers_identities_and_sends_by_them(self):
        d = self.demo
        anna = Client(d)
        before = anna.call("Identity/get", ids=None)
        self.assertEqual([i["email"] for i in before["list"]], [d.user1])
        self.rights("grant", "send-as", self.staff)
        self.rights("grant", "send-on-behalf", d.user1, self.boss)
        offered = anna.call("Identity/get", ids=None, properties=["id", "name", "email", "mayDelete", "sendRight"])
        self.assertNotEqual(offered["state"], before["state"])
        self.assertEqual(anna.call("Identity/changes", sinceState=before["state"])["type"], "cannotCalculateChanges")
        rows = {i["email"]: i for i in offered["list"]}
        self.assertEqual((rows[self.sales]["name"], rows[self.sales]["mayDelete"], rows[self.sales]["sendRight"]), ("Sales of Demo", False, "send-as"))
        self.assertEqual(rows[self.boss]["sendRight"], "send-on-behalf")
        for email, sender in ((self.sales, None), (self.boss, f'"Anna Berg" <{d.user1}>')):
            done = self.send_by_jmap(anna, rows[email]["id"], email)
            self.assertIn("s", done["created"] or {}, done)
            got = self.newest()
            self.assertIn(f"\r\nFrom: {email}\r\n", got.replace(f"<{email}>", email))
            self.assertEqual(f"\r\nSender: {sender}\r\n" in got, sender is not None, got)
        # Mail kept in the mailbox it was sent as, too.
        d.gatepost("account", "passwd", self.sales, "--password-stdin", stdin="secret-of-the-sales\n")
        count = lambda: len(d.bodies("Sent", self.sales, "secret-of-the-sales"))
        self.assertEqual(count(), 0)
        d.gatepost("rights", "copies", self.sales, "on")
        self.send_by_jmap(anna, rows[self.sales]["id"], self.sales)
        self.assertEqual(count(), 1)
        # All of it is the same after the server was killed.
        d.kill()
        d.start()
        anna = Client(d)
        again = anna.call("Identity/get", ids=None, properties=["id", "name", "email", "mayDelete", "sendRight"])
        self.assertEqual(again["list"], offered["list"])
        self.assertEqual(self.submit(self.sales, self.sales).returncode, 0)
        self.assertEqual(count(), 2)
        whole = d.gatepost("export").stdout
        self.assertIn(f'send_as = ["{self.staff}"]', whole)
        self.assertIn("copy_sent = true", whole)
        self.rights("revoke", "send-as", self.staff)
        self.rights("revoke", "send-on-behalf", d.user1, self.boss)
        self.assertEqual([i["email"] for i in anna.call("Identity/get", ids=None)["list"]], [d.user1])
        self.assertIn("forbidden", json.dumps(self.send_by_jmap(anna, "I1", self.sales)["notCreated"]))
        # A file puts it back.
        self.assertIn(f"grant send-as: {self.staff}", d.gatepost("apply", "-", stdin=whole).stdout)
        self.assertEqual(d.gatepost("export").stdout, whole)
        self.rights("revoke", "send-as", self.staff)
        self.rights("revoke", "send-on-behalf", d.user1, self.boss)

    def send_by_jmap(self, client, identity, email):
        made, sent = client.calls(
            ["Email/set", {"accountId": client.account, "create": {"d": {
                "mailboxIds": {client.mailbox("drafts"): True}, "keywords": {"$draft": True}, "from": [{"email": email}],
                "to": [{"email": self.demo.user2}], "subject": "by jmap", "textBody": [{"partId": "t"}], "bodyValues": {"t": {"value": "x"}}}}}, "a"],
            ["EmailSubmission/set", {"accountId": client.account, "create": {"s": {"identityId": identity, "emailId": "#d"}}}, "b"])
        self.assertTrue(made["created"], made)
        return sent

    def test_who_is_deleted_leaves_nothing_behind(self):
        d = self.demo
        temp = f"temp@{d.domain}"
        d.gatepost("account", "add", temp)
        self.rights("grant", "send-as", temp)
        d.gatepost("account", "delete", temp)
        d.gatepost("account", "add", temp, "--password-stdin", stdin="secret-of-the-second\n")
        self.assertNotIn(temp, d.gatepost("rights", "list", self.sales).stdout)
        with d.submission(temp, "secret-of-the-second") as client:
            self.assertEqual(client.mail(self.sales)[0], 553)


if __name__ == "__main__":
    unittest.main()
