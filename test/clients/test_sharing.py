"""Shared accounts, rights and annotations, with Python's IMAP client and the command line."""

import imaplib
import json
import unittest

from demo import Demo

for command in ("GETMETADATA", "SETMETADATA"):
    imaplib.Commands[command] = ("AUTH", "SELECTED")


class Sharing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()

    def test_mail_to_a_shared_account_is_read_and_answered_for_by_a_team(self):
        demo = self.demo
        sales = f"sales@{demo.domain}"
        demo.gatepost("account", "add", sales, "--kind", "shared")
        demo.gatepost("alias", "add", f"team@{demo.domain}", demo.user1, demo.user2)
        demo.gatepost("acl", "set", sales, f"team@{demo.domain}", "lrs")
        demo.gatepost("acl", "set", sales, demo.user1, "lrswite")
        demo.deliver(b"ten, please\r\n", to=sales)
        inbox = f'"Shared/{sales}/INBOX"'
        first, second = demo.imap(), demo.imap(demo.user2, demo.pass2)
        for client in (first, second):
            self.assertIn(f"Shared/{sales}/INBOX".encode(), b"\n".join(client.list('""', '"Shared/*"')[1]))
            self.assertEqual(client.select(inbox)[0], "OK")
        self.assertEqual(second.store("1", "+FLAGS", r"(\Flagged)")[0], "NO")
        self.assertEqual(first.store("1", "+FLAGS", r"(\Flagged)")[0], "OK")
        self.assertIn(rb"\Flagged", second.fetch("1", "(FLAGS)")[1][0])
        # From one account to another and away from the first.
        self.assertEqual(first.copy("1", "INBOX")[0], "OK")
        self.assertTrue(any(b"ten, please" in body for body in demo.bodies()))
        # What is taken away holds at once.
        demo.gatepost("acl", "delete", sales, f"team@{demo.domain}")
        with self.assertRaises(imaplib.IMAP4.abort):
            second.noop()
            second.noop()
        third = demo.imap(demo.user2, demo.pass2)
        self.assertEqual(third.select(inbox)[0], "NO")
        rows = json.loads(demo.gatepost("acl", "list", sales, "--json").stdout)
        self.assertEqual({row["identifier"] for row in rows}, {demo.user1})
        for client in (first, third):
            client.logout()

    def test_a_folder_is_shared_by_its_owner(self):
        demo = self.demo
        owner, other = demo.imap(), demo.imap(demo.user2, demo.pass2)
        owner.create("Plans")
        self.assertEqual(owner.setacl("Plans", demo.user2, "lr")[0], "OK")
        self.assertIn(demo.user2.encode(), owner.getacl("Plans")[1][0])
        name = f'"Other Users/{demo.user1}/Plans"'
        self.assertIn(b" lr", other.myrights(name)[1][0])
        self.assertEqual(other.append(name, None, None, b"Subject: no\r\n\r\n")[0], "NO")
        self.assertEqual(owner.setacl("Plans", demo.user2, "+i")[0], "OK")
        self.assertEqual(other.append(name, None, None, b"Subject: yes\r\n\r\n")[0], "OK")
        self.assertEqual(owner._simple_command("SETMETADATA", "Plans", '(/shared/comment "for both")')[0], "OK")
        self.assertEqual(other._simple_command("GETMETADATA", name, "/shared/comment")[0], "OK")
        self.assertIn(b"for both", b"".join(other.untagged_responses["METADATA"]))
        owner.logout()
        other.logout()

    def test_rights_and_annotations_outlive_a_kill(self):
        demo = self.demo
        owner = demo.imap()
        owner.create("Kept")
        owner.setacl("Kept", demo.user2, "lr")
        owner._simple_command("SETMETADATA", "Kept", '(/private/comment "mine")')
        demo.kill()
        demo.start()
        again, other = demo.imap(), demo.imap(demo.user2, demo.pass2)
        self.assertEqual(other.select(f'"Other Users/{demo.user1}/Kept"', readonly=True)[0], "OK")
        again._simple_command("GETMETADATA", "Kept", "/private/comment")
        self.assertIn(b"mine", b"".join(again.untagged_responses["METADATA"]))
        self.assertEqual(demo.gatepost("store", "check").returncode, 0)
        again.logout()
        other.logout()


if __name__ == "__main__":
    unittest.main()
