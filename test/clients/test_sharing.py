"""Shared accounts, rights and annotations, with Python's IMAP client and the command line."""

import imaplib
import json
import tempfile
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

    def test_each_has_read_and_unread_of_his_own_where_it_is_wanted(self):
        demo = self.demo
        desk = f"desk@{demo.domain}"
        inbox = f'"Shared/{desk}/INBOX"'
        demo.gatepost("account", "add", desk, "--kind", "shared")
        for user in (demo.user1, demo.user2):
            demo.gatepost("rights", "grant", desk, "full-access", user)
        for number in range(3):
            demo.deliver(b"number %d\r\n" % number, to=desk)

        def unseen():
            found = []
            for user, password in ((demo.user1, demo.pass1), (demo.user2, demo.pass2)):
                client = demo.imap(user, password)
                client.select(inbox)
                found.append(client.search(None, "UNSEEN")[1][0].split())
                client.logout()
            return found

        def read(user, password, which):
            client = demo.imap(user, password)
            client.select(inbox)
            self.assertEqual(client.fetch(which, "(BODY[TEXT])")[0], "OK")
            client.logout()

        read(demo.user1, demo.pass1, "1")
        self.assertEqual(unseen(), [[b"2", b"3"], [b"2", b"3"]])
        # Under an open mailbox.
        watching = demo.imap(demo.user2, demo.pass2)
        watching.select(inbox)
        demo.gatepost("rights", "seen", desk, "own")
        watching.noop()
        self.assertIn(b"FLAGS", b"".join(watching.response("FETCH")[1]))
        watching.logout()
        self.assertIn("own_seen", demo.gatepost("account", "show", desk).stdout)
        self.assertEqual(unseen(), [[b"1", b"2", b"3"]] * 2)
        read(demo.user1, demo.pass1, "1:2")
        read(demo.user2, demo.pass2, "3")
        mine = [[b"3"], [b"1", b"2"]]
        self.assertEqual(unseen(), mine)
        demo.kill()
        demo.start()
        self.assertEqual(unseen(), mine)
        with tempfile.TemporaryDirectory() as directory:
            demo.gatepost("store", "backup", directory + "/backup")
            read(demo.user1, demo.pass1, "3")
            demo.stop()
            demo.gatepost("store", "restore", directory + "/backup")
            demo.start()
        self.assertEqual(unseen(), mine)
        whole = demo.gatepost("export").stdout
        self.assertIn("own_seen = true", whole)
        demo.gatepost("rights", "seen", desk, "shared")
        self.assertEqual(unseen(), [[b"2", b"3"]] * 2)
        self.assertIn("each reader has his own", demo.gatepost("apply", "-", stdin=whole).stdout)
        self.assertEqual(demo.gatepost("export").stdout, whole)
        self.assertEqual(unseen(), [[b"1", b"2", b"3"]] * 2)
        checked = demo.gatepost("store", "check", check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

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
