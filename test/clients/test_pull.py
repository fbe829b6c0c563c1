"""`gatepost account pull`: all mail of an account of another server, with flags, dates, folders and numbers."""

import imaplib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from demo import Demo

PASSWORD = "secret-of-the-other-server"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class OtherDovecot:
    """Debian's Dovecot on Maildirs, on loopback without TLS: as at the end of a tunnel."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-dovecot-"))
        self.port = free_port()
        mail = self.dir / "mail"
        mail.mkdir()
        uid, gid = 65534, 65534  # nobody
        shutil.chown(mail, uid, gid)
        os.chmod(self.dir, 0o755)
        (self.dir / "users").write_text(f"anna:{{PLAIN}}{PASSWORD}\n")
        (self.dir / "dovecot.conf").write_text(f'''
base_dir = {self.dir}/run
log_path = {self.dir}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{mail}/%u
first_valid_uid = 1
namespace inbox {{
  inbox = yes
  mailbox "Sent Items" {{
    special_use = \\Sent
    auto = create
  }}
}}
passdb {{
  driver = passwd-file
  args = {self.dir}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={mail}/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {self.port}
  }}
}}
''')
        subprocess.run(["dovecot", "-c", self.dir / "dovecot.conf"], check=True)
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def imap(self):
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=30)
        client.login("anna", PASSWORD)
        return client

    def stop(self):
        subprocess.run(["doveadm", "-c", self.dir / "dovecot.conf", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)


def fill(client, sent="Sent"):
    for n in range(30):
        body = f"Subject: number {n}\r\n\r\n{'x' * (n * 1000)}\r\n".encode()
        client.append("INBOX", "(\\Seen)" if n % 3 else "(\\Flagged Work)", f'"{n + 1:02d}-Feb-2020 10:00:00 +0100"' if n < 28 else None, body)
    client.select("INBOX")
    client.store("3,7:9", "+FLAGS", "\\Deleted")
    client.expunge()
    client.create('"Projects"')
    client.append('"Projects"', "", None, b"Subject: plan\r\n\r\nx\r\n")
    client.append(f'"{sent}"', "(\\Seen)", None, b"Subject: sent\r\n\r\nx\r\n")


def everything(client, folder):
    """UIDVALIDITY, and by UID the flags, the date and the octets."""
    client.select(f'"{folder}"', readonly=True)
    validity = client.response("UIDVALIDITY")[1][0]
    out = {}
    for part in client.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1]:
        if isinstance(part, tuple):
            head = part[0].decode()
            flags = {f.lower() for f in re.search(r"FLAGS \(([^)]*)\)", head).group(1).split()} - {"\\recent"}
            moment = imaplib.Internaldate2tuple(part[0])
            out[int(re.search(r"UID (\d+)", head).group(1))] = (flags, time.mktime(moment), part[1])
    return validity, out


class Pull(unittest.TestCase):
    def setUp(self):
        self.demo = Demo()
        self.demo.start()

    def tearDown(self):
        self.demo.__exit__()

    def pull(self, *arguments, password, check=True):
        return self.demo.gatepost("account", "pull", self.demo.user2, *arguments, check=check, stdin=password + "\n")

    def compare(self, other, here, names):
        for there, path in names.items():
            self.assertEqual(everything(here, path), everything(other, there), path)

    def test_from_gatepost_with_tls(self):
        d = self.demo
        other = d.imap()
        fill(other)
        where = (d.host, "--port", str(d.port("IMAPS")), "--user", d.user1, "--ca", d.env["GP_CA"])
        done = self.pull(*where, password=d.pass1)
        self.assertIn("28 message(s) added", done.stdout)
        names = {"INBOX": "INBOX", "Projects": "Projects", "Sent": "Sent"}
        self.compare(other, d.imap(d.user2, d.pass2), names)
        # What is new there, and what came here meanwhile.
        d.deliver(to=d.user2)
        d.wait_for_count(27, user=d.user2, password=d.pass2)
        other.append("INBOX", "", None, b"Subject: later\r\n\r\nx\r\n")
        done = self.pull(*where, password=d.pass1)
        self.assertIn("1 message(s) added, 0 were there already", done.stdout)
        self.assertEqual(len(d.bodies(user=d.user2, password=d.pass2)), 28)
        self.assertIn("0 message(s) added", self.pull(*where, password=d.pass1).stdout)
        # Who is refused hears why; who cannot be verified is not spoken to.
        wrong = self.pull(*where, password="wrong", check=False)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("refuses name and password", wrong.stderr)
        unknown = self.pull(*where[:-2], password=d.pass1, check=False)
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("TLS failed", unknown.stderr)

    def test_from_gatepost_with_starttls_into_a_used_account(self):
        d = self.demo
        other = d.imap()
        fill(other)
        d.deliver(to=d.user2)
        d.wait_for_count(1, user=d.user2, password=d.pass2)
        done = self.pull(d.host, "--security", "starttls", "--port", str(d.port("IMAP")), "--user", d.user1, "--ca", d.env["GP_CA"],
                         "--skip", "Projects", password=d.pass1)
        self.assertIn("27 message(s) added", done.stdout)
        here = d.imap(d.user2, d.pass2)
        self.assertEqual(len(everything(here, "INBOX")[1]), 27)
        self.assertEqual(here.select("Projects")[0], "NO")

    # Not among the packages that tests install: Debian would start it on this machine's mail ports.
    @unittest.skipUnless(shutil.which("dovecot") and os.geteuid() == 0, "needs Debian's dovecot-imapd, and root")
    def test_from_dovecot(self):
        other = OtherDovecot()
        try:
            client = other.imap()
            fill(client, sent="Sent Items")
            done = self.pull("127.0.0.1", "--security", "none", "--port", str(other.port), "--user", "anna", password=PASSWORD)
            self.assertIn("28 message(s) added", done.stdout)
            here = self.demo.imap(self.demo.user2, self.demo.pass2)
            self.compare(client, here, {"INBOX": "INBOX", "Projects": "Projects", "Sent Items": "Sent"})
        finally:
            other.stop()


if __name__ == "__main__":
    unittest.main()
