"""mbsync keeps 1,000 messages in step both ways, and a second run transfers nothing."""

import pathlib
import subprocess
import tempfile
import unittest

from demo import Demo

COUNT = 1000


class Mbsync(unittest.TestCase):
    def test_thousand_messages_both_ways(self):
        with Demo() as demo, tempfile.TemporaryDirectory() as home:
            client = demo.imap()
            for i in range(COUNT // 2):
                client.append("INBOX", "\\Seen" if i % 3 else "", None,
                              b"From: a@b.example\r\nSubject: remote %d\r\n\r\n%s\r\n" % (i, b"z" * (i % 3000)))
            client.logout()
            maildir = pathlib.Path(home, "mail", "INBOX")
            for part in ("cur", "new", "tmp"):
                (maildir / part).mkdir(parents=True)
            for i in range(COUNT // 2):
                (maildir / "cur" / f"{1700000000 + i}.{i}.local:2,{'S' if i % 2 else ''}").write_bytes(
                    b"From: c@d.example\nSubject: local %d\n\nbody\n" % i)
            config = pathlib.Path(home, "mbsyncrc")
            config.write_text(f"""
IMAPAccount demo
Host localhost
Port {demo.port('IMAPS')}
User {demo.user1}
Pass "{demo.pass1}"
SSLType IMAPS
CertificateFile {demo.env['GP_CA']}

IMAPStore far
Account demo

MaildirStore near
Path {home}/mail/
Inbox {home}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
""")

            def sync(*more):
                done = subprocess.run(["mbsync", *more, "-c", str(config), "-a"], stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, timeout=300)
                self.assertEqual(done.returncode, 0, done.stdout[-3000:])
                return done.stdout

            sync()
            self.assertEqual(len(demo.bodies()), COUNT)
            self.assertEqual(len(list((maildir / "cur").iterdir())) + len(list((maildir / "new").iterdir())), COUNT)

            conversation = "\n".join(line for line in sync("-Dn").splitlines() if ">>> " in line)
            self.assertIn(" SELECT ", conversation)
            for transfer in ("BODY.PEEK[]", " APPEND ", " STORE ", " EXPUNGE", " COPY ", " MOVE "):
                self.assertNotIn(transfer, conversation)

            # A flag set and a message deleted at each end arrive at the other.
            client = demo.imap()
            client.select()
            client.store("1", "+FLAGS", "\\Flagged")
            client.store("2", "+FLAGS", "\\Deleted")
            client.expunge()
            client.logout()
            victim = next(f for f in (maildir / "cur").iterdir() if b"local 77\n" in f.read_bytes())
            victim.rename(victim.with_name(victim.name + "T"))
            sync()
            left = demo.bodies()
            self.assertEqual(len(left), COUNT - 2)
            self.assertFalse(any(b"Subject: local 77\r\n" in b for b in left))
            self.assertEqual(sum("F" in f.name.split(":2,")[1] for f in (maildir / "cur").iterdir()), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
