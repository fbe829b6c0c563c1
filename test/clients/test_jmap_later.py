"""What JMAP does later: mail that waits and can be taken back, also over kill -9; answers while somebody is away."""

import datetime
import json
import smtplib
import time
import unittest

from demo import Demo
from jmap_client import Client


class Later(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()

    def send(self, client, subject, **parameters):
        made, submitted = client.calls(
            ["Email/set", {"accountId": client.account, "create": {"d": {
                "mailboxIds": {client.mailbox("drafts"): True}, "keywords": {"$draft": True}, "from": [{"email": self.demo.user1}],
                "to": [{"email": self.demo.user2}], "subject": subject, "textBody": [{"partId": "t"}], "bodyValues": {"t": {"value": "x"}}}}}, "a"],
            ["EmailSubmission/set", {"accountId": client.account, "create": {"s": {"identityId": "I1", "emailId": "#d", "envelope": {
                "mailFrom": {"email": self.demo.user1, "parameters": parameters}, "rcptTo": [{"email": self.demo.user2}]}}}}, "b"])
        self.assertIn("s", submitted["created"] or {}, submitted)
        return submitted["created"]["s"]

    def subjects(self):
        return [body for body in self.demo.bodies(user=self.demo.user2, password=self.demo.pass2)]

    def wait_for(self, subject):
        end = time.time() + 60
        while not any(subject.encode() in body for body in self.subjects()):
            self.assertLess(time.time(), end, subject)
            time.sleep(0.2)

    def test_mail_waits_and_is_taken_back_also_after_kill_9(self):
        anna = Client(self.demo)
        capability = anna.session["accounts"][anna.account]["accountCapabilities"]["urn:ietf:params:jmap:submission"]
        self.assertGreaterEqual(capability["maxDelayedSend"], 86400)
        self.assertIn("FUTURERELEASE", capability["submissionExtensions"])
        state = anna.call("EmailSubmission/get", ids=[])["state"]
        undone = self.send(anna, "never sent", HOLDFOR="3600")
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
        later = self.send(anna, "much later", HOLDUNTIL=until.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.assertEqual((undone["undoStatus"], later["undoStatus"]), ("pending", "pending"))
        self.demo.kill()
        self.demo.start()
        anna = Client(self.demo)
        changes = anna.call("EmailSubmission/changes", sinceState=state)
        self.assertEqual(sorted(changes["created"]), sorted([undone["id"], later["id"]]))
        self.assertEqual(anna.call("EmailSubmission/query", filter={"undoStatus": "pending"}, sort=[{"property": "sentAt"}])["ids"],
                         [undone["id"], later["id"]])
        drafts = anna.mailbox("drafts")
        answer = anna.call("EmailSubmission/set", update={undone["id"]: {"undoStatus": "canceled"}},
                           onSuccessUpdateEmail={undone["id"]: {"mailboxIds": {drafts: True}, "keywords/$draft": True}})
        self.assertIn(undone["id"], answer["updated"])
        listed = json.loads(self.demo.gatepost("queue", "list", "--json").stdout)
        self.assertEqual(len(listed), 1)
        self.assertEqual(anna.call("EmailSubmission/get", ids=[undone["id"]], properties=["undoStatus"])["list"][0]["undoStatus"], "canceled")
        self.assertFalse(any(b"never sent" in body or b"much later" in body for body in self.subjects()))

    def test_mail_goes_when_its_time_comes(self):
        anna = Client(self.demo)
        soon = self.send(anna, "goes soon", HOLDFOR="2")
        self.wait_for("goes soon")
        self.assertEqual(anna.call("EmailSubmission/get", ids=[soon["id"]])["list"][0]["undoStatus"], "final")
        refused = anna.call("EmailSubmission/set", update={soon["id"]: {"undoStatus": "canceled"}})
        self.assertEqual(refused["notUpdated"][soon["id"]]["type"], "cannotUnsend")

    def test_smtp_holds_mail_too(self):
        with self.demo.submission() as client:
            client.ehlo()
            self.assertTrue(client.has_extn("futurerelease"))
            with self.assertRaises(smtplib.SMTPSenderRefused):
                client.sendmail(self.demo.user1, [self.demo.user2], b"Subject: x\r\n\r\n", mail_options=["HOLDFOR=99999999"])
            client.sendmail(self.demo.user1, [self.demo.user2], b"Subject: held by smtp\r\n\r\nx\r\n", mail_options=["HOLDFOR=1"])
        self.wait_for("held by smtp")

    def test_who_writes_to_somebody_away_is_told_once(self):
        bert = Client(self.demo, self.demo.user2, self.demo.pass2)
        bert.call("VacationResponse/set", update={"singleton": {"isEnabled": True, "subject": "Bert is away", "textBody": "Back on Monday."}})
        shown = json.loads(self.demo.gatepost("vacation", "show", self.demo.user2, "--json").stdout)
        self.assertEqual((shown["on"], shown["text"]), (True, "Back on Monday."))
        for n in range(3):
            with self.demo.submission() as client:
                client.sendmail(self.demo.user1, [self.demo.user2], f"From: {self.demo.user1}\r\nTo: {self.demo.user2}\r\nSubject: question {n}\r\n\r\nx\r\n".encode())
        answers = [body for body in self.demo.wait_for_count(1) if b"Subject: Bert is away" in body]
        self.assertEqual(len(answers), 1)
        self.assertIn(b"Auto-Submitted: auto-replied", answers[0])
        self.demo.gatepost("vacation", "set", self.demo.user2, "--text", "Still away.", "--until", "2099-01-01")
        self.assertEqual(bert.call("VacationResponse/get")["list"][0]["textBody"], "Still away.")
        self.demo.gatepost("vacation", "clear", self.demo.user2)
        self.assertFalse(bert.call("VacationResponse/get")["list"][0]["isEnabled"])


if __name__ == "__main__":
    unittest.main()
