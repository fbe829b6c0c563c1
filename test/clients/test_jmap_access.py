"""The same mail by IMAP and by JMAP: JMAPACCESS (RFC 9698), with Python's IMAP client and the JMAP client of the tests."""

import base64
import http.client
import imaplib
import json
import re
import unittest
import urllib.parse

from demo import Demo
from jmap_client import Client

imaplib.Commands["GETJMAPACCESS"] = ("AUTH", "SELECTED")


def items(client, folder):
    """The folder's id; of each of its messages the ids and flags."""
    messages = int(client.select(folder)[1][0])
    answer = client.status(folder, "(MAILBOXID)")[1][0]
    mailbox = re.search(rb"MAILBOXID \(([^)]+)\)", answer).group(1).decode()
    found = []
    for line in client.fetch("1:*", "(UID FLAGS EMAILID THREADID)")[1] if messages else []:
        email, thread = (re.search(rb"%s \(([^)]+)\)" % name, line).group(1).decode() for name in (b"EMAILID", b"THREADID"))
        flags = set(re.search(rb"FLAGS \(([^)]*)\)", line).group(1).decode().split()) - {r"\Recent"}
        found.append((email, thread, flags))
    return mailbox, found


class JmapAccess(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()

    def test_is_told_to_whom_it_lets_in(self):
        demo = self.demo

        def told(password):
            client = demo.imap(demo.user2, password)
            capable = "JMAPACCESS" in client.capability()[1][0].decode().split()
            answer, _ = client._simple_command("GETJMAPACCESS")
            urls = client._untagged_response(answer, [None], "JMAPACCESS")[1]
            client.logout()
            return capable, answer, urls[0]

        capable, answer, url = told(demo.pass2)
        self.assertEqual((capable, answer), (True, "OK"))
        url = urllib.parse.urlsplit(url.decode().strip('"'))
        self.assertEqual((url.scheme, url.path), ("https", "/.well-known/jmap"))
        self.assertEqual(url.port or 443, demo.port("HTTPS"))
        for services, good in (["imap", "http"], True), (["imap"], False), ([], True):
            arguments = [word for service in services for word in ("--service", service)]
            secret = json.loads(demo.gatepost("--json", "app-password", "add", demo.user2, f"for {services}", *arguments).stdout)["password"]
            self.assertEqual(told(secret)[:2], (good, "OK" if good else "NO"), services)
            # It is as it says.
            web = http.client.HTTPSConnection(demo.host, demo.port("HTTPS"), context=demo.tls, timeout=60)
            web.request("GET", url.path, headers={"Authorization": "Basic " + base64.b64encode(f"{demo.user2}:{secret}".encode()).decode()})
            self.assertEqual(web.getresponse().status == 200, good, services)
            web.close()

    def compare(self, imap, jmap, folders):
        """What each of the two says of some folders is the same."""
        by_imap, mailboxes = {}, {}
        for folder in folders:
            mailbox, found = items(imap, folder)
            mailboxes[folder] = mailbox
            for email, thread, flags in found:
                one = by_imap.setdefault(email, {"threadId": thread, "mailboxIds": set(), "flags": set()})
                self.assertEqual(one["threadId"], thread)
                one["mailboxIds"].add(mailbox)
                one["flags"] |= flags
        ids = [m["id"] for m in jmap.call("Mailbox/get", ids=list(mailboxes.values()), properties=["id"])["list"]]
        self.assertEqual(set(ids), set(mailboxes.values()))
        got = jmap.call("Email/get", ids=list(by_imap), properties=["threadId", "mailboxIds", "keywords"])
        self.assertEqual(got["notFound"], [])
        for email in got["list"]:
            one = by_imap[email["id"]]
            self.assertEqual(email["threadId"], one["threadId"])
            self.assertEqual(set(email["mailboxIds"]), one["mailboxIds"])
            keywords = {"\\" + k[1:] if k in ("$seen", "$flagged", "$answered", "$draft") else k for k in email["keywords"]}
            self.assertEqual({k.lower() for k in keywords}, {f.lower() for f in one["flags"]})
        for folder, mailbox in mailboxes.items():
            told = jmap.call("Email/query", filter={"inMailbox": mailbox}, calculateTotal=True)
            wanted = {email for email, one in by_imap.items() if mailbox in one["mailboxIds"]}
            self.assertEqual((set(told["ids"]), told["total"]), (wanted, len(wanted)), folder)
            counts = jmap.call("Mailbox/get", ids=[mailbox])["list"][0]
            unread = [e for e in wanted if r"\Seen" not in by_imap[e]["flags"]]
            self.assertEqual((counts["totalEmails"], counts["unreadEmails"]), (len(wanted), len(unread)), folder)
        return by_imap

    def test_copies_are_one_email_in_several_mailboxes(self):
        demo = self.demo
        for number in range(3):
            demo.deliver(b"copied %d\r\n" % number, subject=f"copied {number}")
        demo.wait_for_count(3)
        imap, jmap = demo.imap(), Client(demo)
        folders = ["INBOX", "Archive", "Sent"]
        self.compare(imap, jmap, folders)
        imap.select("INBOX")
        self.assertEqual(imap.copy("1:2", "Archive")[0], "OK")
        self.assertEqual(imap.copy("1", "Sent")[0], "OK")
        self.assertEqual(imap.copy("1", "INBOX")[0], "OK")  # twice in one
        seen = self.compare(imap, jmap, folders)
        self.assertEqual(sorted(len(one["mailboxIds"]) for one in seen.values()), [1, 2, 3])
        # Each message has flags of its own to IMAP; the email has those of any.
        imap.select("Archive")
        imap.store("1", "+FLAGS", r"(\Seen \Flagged)")
        self.compare(imap, jmap, folders)
        # Set by JMAP, they are set of all.
        first = next(email for email, one in seen.items() if len(one["mailboxIds"]) == 3)
        state = jmap.call("Email/get", ids=[])["state"]
        self.assertIn(first, jmap.call("Email/set", update={first: {"keywords/$flagged": None, "keywords/work": True}})["updated"])
        self.compare(imap, jmap, folders)
        for folder in folders:
            for email, _, flags in items(imap, folder)[1]:
                self.assertEqual((r"\Flagged" in flags, "work" in flags), (False, True) if email == first else (r"\Flagged" in flags, False))
        self.assertEqual(jmap.call("Email/changes", sinceState=state)["updated"], [first])
        # Taken out of one and put into another by JMAP.
        inbox, archive, sent = (jmap.mailbox(role) for role in ("inbox", "archive", "sent"))
        trash = jmap.mailbox("trash")
        jmap.call("Email/set", update={first: {"mailboxIds": {archive: True, trash: True}}})
        folders.append("Trash")
        now = self.compare(imap, jmap, folders)
        self.assertEqual(now[first]["mailboxIds"], {archive, trash})
        # Expunged from one of them by IMAP: it is in the other still. From all: it is gone.
        state = jmap.call("Email/get", ids=[])["state"]
        for folder in ("Archive", "Trash"):
            imap.select(folder)
            for number, (email, _, _) in enumerate(items(imap, folder)[1], 1):
                if email == first:
                    imap.store(str(number), "+FLAGS", r"(\Deleted)")
            imap.expunge()
            changes = jmap.call("Email/changes", sinceState=state)
            self.assertEqual((changes["updated"], changes["destroyed"]), ([first], []) if folder == "Archive" else ([], [first]))
            self.compare(imap, jmap, folders)
        imap.logout()

    def test_what_others_share_has_the_same_ids_too(self):
        demo = self.demo
        office = f"office@{demo.domain}"
        demo.gatepost("account", "add", office, "--kind", "shared")
        demo.gatepost("acl", "set", office, demo.user1, "lrswite")
        demo.deliver(b"shared\r\n", to=office)
        imap, jmap = demo.imap(), Client(demo)
        own = items(imap, "INBOX")[0]
        jmap.account = next(id for id, account in jmap.session["accounts"].items() if account["name"] == office)
        emails = self.compare(imap, jmap, [f'"Shared/{office}/INBOX"'])
        self.assertEqual(len(emails), 1)
        self.assertNotEqual(own, next(iter(emails.values()))["mailboxIds"].pop())
        imap.logout()


if __name__ == "__main__":
    unittest.main()
