"""Sieve from end to end: scripts kept by JMAP, run when mail is delivered by SMTP, read by IMAP; also after kill -9."""

import smtplib
import unittest

from demo import Demo
from jmap_client import Client

SCRIPT = """require ["fileinto", "mailbox", "imap4flags", "copy", "vacation", "ereject", "reject", "variables"];
# rule:[Lists]
if header :matches "List-Id" "*<*.lists.example>" {
  fileinto :create :flags ["\\\\Seen", "$list"] "Lists/${2}";
  stop;
}
# rule:[Never]
if header :contains "subject" "never" { ereject "not here"; stop; }
if header :contains "subject" "politely" { reject "Not today, thank you."; stop; }
# rule:[On]
if header :contains "subject" "onward" { redirect "%s"; stop; }
if header :contains "subject" "away" { vacation :subject "I am away" "Back on Monday."; }
"""


class Sieve(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()

    def upload(self, client, text):
        return client.call("Blob/upload", create={"b": {"data": [{"data:asText": text}]}})["created"]["b"]["id"]

    def activate(self, client, text, name="test"):
        answer = client.call("SieveScript/set", create={"s": {"name": name, "blobId": self.upload(client, text)}}, onSuccessActivateScript="#s")
        self.assertTrue((answer["created"] or {}).get("s", {}).get("isActive"), answer)
        return answer["created"]["s"]["id"]

    def clear(self, client):
        client.call("SieveScript/set", onSuccessDeactivateScript=True)
        ids = client.call("SieveScript/query")["ids"]
        if ids:
            client.call("SieveScript/set", destroy=ids)

    def test_scripts_are_kept_checked_and_told(self):
        bert = Client(self.demo, self.demo.user2, self.demo.pass2)
        capability = bert.session["accounts"][bert.account]["accountCapabilities"]["urn:ietf:params:jmap:sieve"]
        self.assertIn("vacation", capability["sieveExtensions"])
        self.assertNotIn("regex", capability["sieveExtensions"])
        every = "require [" + ", ".join(f'"{name}"' for name in capability["sieveExtensions"]) + "];\r\nkeep;\r\n"
        self.assertIsNone(bert.call("SieveScript/validate", blobId=self.upload(bert, every))["error"])
        error = bert.call("SieveScript/validate", blobId=self.upload(bert, "keep;\r\nkeep"))["error"]
        self.assertEqual((error["type"], error["description"][:7]), ("invalidSieve", "line 2:"))
        script = self.activate(bert, every, "all of them")
        got = bert.call("SieveScript/get", ids=[script])["list"][0]
        self.assertEqual((got["name"], got["isActive"]), ("all of them", True))
        status, _, body = bert.request("GET", bert.path("downloadUrl", accountId=bert.account, blobId=got["blobId"], name="s", type="application/sieve"))
        self.assertEqual((status, body.decode()), (200, every))
        self.assertEqual(bert.call("SieveScript/set", destroy=[script])["notDestroyed"][script]["type"], "sieveIsActive")
        self.clear(bert)
        self.assertEqual(bert.call("SieveScript/get")["list"], [])

    def test_mail_is_filed_refused_sent_on_and_answered(self):
        anna = Client(self.demo)
        self.activate(anna, SCRIPT % self.demo.user2)
        # It is run after a crash as well.
        self.demo.kill()
        self.demo.start()
        with self.demo.smtp() as client:
            client.sendmail("list@elsewhere.example", [self.demo.user1],
                            f"To: {self.demo.user1}\r\nList-Id: Work <dev.lists.example>\r\nSubject: patch\r\n\r\nx\r\n".encode())
        self.assertEqual(len(self.demo.wait_for_count(1, folder="Lists/dev")), 1)
        with self.demo.imap() as imap:
            imap.select("Lists/dev", readonly=True)
            flags = imap.fetch("1", "(FLAGS)")[1][0]
            self.assertIn(b"\\Seen", flags)
            self.assertIn(b"$list", flags)
        # While the sending server waits.
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            self.demo.deliver(subject="never")
        self.assertEqual((refused.exception.smtp_code, refused.exception.smtp_error), (550, b"5.7.1 not here"))
        # By a message, to a sender who is here.
        with self.demo.submission(self.demo.user2, self.demo.pass2) as client:
            client.sendmail(self.demo.user2, [self.demo.user1], f"From: {self.demo.user2}\r\nTo: {self.demo.user1}\r\nSubject: politely\r\n\r\nx\r\n".encode())
            client.sendmail(self.demo.user2, [self.demo.user1], f"From: {self.demo.user2}\r\nTo: {self.demo.user1}\r\nSubject: away?\r\n\r\nx\r\n".encode())
        self.demo.deliver(subject="onward")
        got = b"".join(self.demo.wait_for_count(3, user=self.demo.user2, password=self.demo.pass2))
        self.assertIn(b"Not today, thank you.", got)
        self.assertIn(b"disposition-notification", got)
        self.assertIn(b"Subject: I am away", got)
        self.assertIn(f"X-Sieve-Redirected-From: {self.demo.user1}".encode(), got)
        self.assertIn(f"Return-Path: <{self.demo.user1}>".encode(), got)
        # The inbox has what no rule took: the question that was answered.
        inbox = self.demo.bodies()
        self.assertEqual(len(inbox), 1)
        self.assertIn(b"Subject: away?", inbox[0])
        self.assertIn('rule \\"Lists\\" (line 4) put it into', self.demo.log())
        told = self.demo.gatepost("explain", "mail", "--from", "list@elsewhere.example").stdout
        self.assertIn("by the script of", told)
        # Without a script everything comes to the inbox again.
        self.clear(Client(self.demo))
        self.demo.deliver(subject="never")
        self.assertEqual(len(self.demo.wait_for_count(2)), 2)

    def test_a_script_that_fails_loses_nothing(self):
        bert = Client(self.demo, self.demo.user2, self.demo.pass2)
        before = len(self.demo.bodies(user=self.demo.user2, password=self.demo.pass2))
        self.activate(bert, 'require ["variables", "fileinto"];\r\nfileinto "Archive";\r\nredirect "${1}";\r\n', "failing")
        self.demo.deliver(subject="kept", to=self.demo.user2)
        found = self.demo.wait_for_count(before + 1, user=self.demo.user2, password=self.demo.pass2)
        self.assertEqual(len(found), before + 1)
        self.assertIn("line 3: this is no address", self.demo.log())
        self.assertIn("inbox", self.demo.gatepost("explain", "sieve.failed").stdout)
        self.clear(bert)


if __name__ == "__main__":
    unittest.main()
