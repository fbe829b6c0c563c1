"""Who leaves mail on the server fetches none of it again after a move: POP3 calls messages as the server before did."""

import pathlib
import tempfile
import unittest

from demo import Demo

# As Dovecot 2.3.19 wrote it with pop3_save_uidl for the first two messages, and without it for the third.
UID_LIST = ("3 V1795713949 N4 Gbbdf91019d6b086bc617000083ecc375\n1 W51 P000000016b086b9d :1700000001.M1P2.host\n"
            "2 W51 Psomething-older :1700000002.M2P2.host\n3 W51 :1700000003.M3P2.host\n")


class Pop3Ids(unittest.TestCase):
    def uidl(self, demo):
        client = demo.pop()
        try:
            return [line.decode().split(" ", 1)[1] for line in client.uidl()[1]]
        finally:
            client.quit()

    def test_names_of_an_imported_maildir_stay(self):
        with Demo() as demo, tempfile.TemporaryDirectory() as top:
            cur = pathlib.Path(top) / "Maildir/cur"
            cur.mkdir(parents=True)
            for n in (1, 2, 3):
                (cur / f"170000000{n}.M{n}P2.host:2,S").write_text(f"From: a@x.example\nSubject: m{n}\n\nbody {n}\n")
            (cur.parent / "dovecot-uidlist").write_text(UID_LIST)
            demo.gatepost("account", "import", demo.user1, str(cur.parent), "--pop3-ids", "%08Xu%08Xv")
            wanted = ["000000016b086b9d", "something-older", "000000036b086b9d"]
            self.assertEqual(self.uidl(demo), wanted)
            # What comes now has a name of its own, and what was there keeps its name over a restart.
            client = demo.imap()
            client.append("INBOX", None, None, b"Subject: new\r\n\r\nnew\r\n")
            client.logout()
            demo.stop()
            demo.start()
            names = self.uidl(demo)
            self.assertEqual(names[:3], wanted)
            self.assertEqual(len(set(names)), 4)
            self.assertNotEqual(demo.gatepost("account", "import", demo.user1, str(cur.parent), "--pop3-ids", "%m", check=False).returncode, 0)


if __name__ == "__main__":
    unittest.main()
