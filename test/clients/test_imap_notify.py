"""NOTIFY (RFC 5465) and URLAUTH (RFC 4467) between sessions, over TLS."""

import pathlib
import re
import unittest

from demo import Demo


class NotifyAndUrls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()

    def setUp(self):
        self.listener, self.other = self.demo.imap(), self.demo.imap()
        for imap in (self.listener, self.other):
            imap.sock.settimeout(20)

    def tearDown(self):
        for imap in (self.listener, self.other):
            imap.sock.close()

    def say(self, text, imap=None):
        """Sends a command; its answer as a list of lines."""
        imap = imap or self.listener
        imap.send(f"x1 {text}\r\n".encode())
        lines = []
        while not lines or not lines[-1].startswith("x1 "):
            lines.append(imap.readline().decode().rstrip())
        return lines

    def test_news_of_other_mailboxes_come_without_asking(self):
        self.other.create("Lists")
        self.assertIn("x1 OK", self.say("NOTIFY SET STATUS (PERSONAL (MessageNew MessageExpunge MailboxName))")[-1])
        self.other.append("Lists", None, None, b"Subject: one\r\n\r\none\r\n")
        line = self.listener.readline().decode()
        self.assertTrue(line.startswith("* STATUS Lists ") and "MESSAGES 1" in line, line)
        self.other.rename("Lists", "News")
        line = self.listener.readline().decode()
        self.assertIn("News", line)
        self.assertTrue(line.startswith("* LIST "), line)
        self.listener.send(b"x2 IDLE\r\n")
        self.assertTrue(self.listener.readline().startswith(b"+"))
        self.other.append("News", None, None, b"Subject: two\r\n\r\ntwo\r\n")
        self.assertIn("MESSAGES 2", self.listener.readline().decode())
        self.listener.send(b"DONE\r\n")
        self.assertIn(b"x2 OK", self.listener.readline())
        self.assertIn("x1 OK", self.say("NOTIFY NONE")[-1])
        self.other.append("News", None, None, b"Subject: three\r\n\r\nthree\r\n")
        self.assertEqual(len(self.say("NOOP")), 1)

    def test_new_messages_of_the_selected_mailbox_are_shown(self):
        self.listener.select()
        self.say("NOTIFY SET (SELECTED (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge))")
        self.demo.deliver(subject="shown at once")
        seen = ""
        while "shown at once" not in seen:
            seen += self.listener.readline().decode()
        self.assertIn("EXISTS", seen)

    def test_another_user_reads_by_a_signed_url_until_the_key_changes(self):
        self.other.create("Shown")
        self.other.append("Shown", None, None, b"Subject: url\r\n\r\nfor you\r\n")
        user = self.demo.user1.replace("@", "%40")
        rump = f"imap://{user}@{self.hostname()}/Shown/;UID=1/;SECTION=TEXT;URLAUTH=authuser"
        answer = self.say(f'GENURLAUTH "{rump}" INTERNAL', self.other)
        self.assertIn("x1 OK", answer[-1])
        url = re.fullmatch(r'\* GENURLAUTH "?([^"]*)"?', answer[0]).group(1)
        reader = self.demo.imap(self.demo.user2, self.demo.pass2)
        reader.sock.settimeout(20)
        self.assertIn("for you", self.say(f'URLFETCH "{url}"', reader))
        forged = url[:-1] + ("0" if url[-1] != "0" else "1")
        self.assertTrue(self.say(f'URLFETCH "{forged}"', reader)[0].endswith(" NIL"))
        self.assertIn("x1 OK", self.say("RESETKEY Shown", self.other)[-1])
        self.assertTrue(self.say(f'URLFETCH "{url}"', reader)[0].endswith(" NIL"))
        reader.logout()

    def hostname(self):
        return re.search(r'hostname = "([^"]+)"', pathlib.Path(self.demo.env["GP_CONFIG"]).read_text()).group(1)


if __name__ == "__main__":
    unittest.main()
