"""Mail sent with real clients comes back byte for byte by real clients."""

import subprocess
import tempfile
import unittest
import pathlib

from demo import Demo

MESSAGE = (b"Date: Tue, 24 Nov 2026 09:00:00 +0000\r\nMessage-ID: <round-trip-%s@elsewhere.example>\r\n"
           b"From: Stranger <stranger@elsewhere.example>\r\nTo: <%s>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= %s\r\n"
           b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
           b"Gr\xc3\xbc\xc3\x9fe\r\n.\r\n..two dots\r\n.one dot\r\n\r\n  trailing blanks  \r\n" + b"x" * 900 + b"\r\nend\r\n")


def without_trace(stored):
    """What the server put in front: Return-Path and one Received field."""
    lines = stored.split(b"\r\n")
    assert lines[0].startswith(b"Return-Path: "), lines[0]
    assert lines[1].startswith(b"Received: from "), lines[1]
    end = 2
    while lines[end][:1] in (b" ", b"\t"):
        end += 1
    return b"\r\n".join(lines[end:])


class RoundTrip(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()

    def setUp(self):
        client = self.demo.imap()
        client.select()
        if client.search(None, "ALL")[1][0]:
            client.store("1:*", "+FLAGS", "\\Deleted")
            client.expunge()
        client.logout()

    def message(self, name):
        return MESSAGE % (name.encode(), self.demo.user1.encode(), name.encode())

    def run_tool(self, *command, **kwargs):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kwargs)
        self.assertEqual(done.returncode, 0, done.stdout.decode(errors="replace"))
        return done.stdout

    def curl(self, url, *more):
        with tempfile.NamedTemporaryFile() as out:
            self.run_tool("curl", "-sS", "--cacert", self.demo.env["GP_CA"], "-u", f"{self.demo.user1}:{self.demo.pass1}",
                          "-o", out.name, url, *more)
            return pathlib.Path(out.name).read_bytes()

    def check_both_ways_out(self, sent):
        d = self.demo
        by_imap = self.curl(f"imaps://localhost:{d.port('IMAPS')}/INBOX;MAILINDEX=1")
        by_pop = self.curl(f"pop3s://localhost:{d.port('POP3S')}/1")
        self.assertEqual(without_trace(by_imap), sent)
        self.assertEqual(by_imap, by_pop)

    def test_swaks_to_25(self):
        sent = self.message("swaks")
        with tempfile.NamedTemporaryFile() as file:
            # swaks stuffs dots itself and wants the data as a file with CRLF line ends.
            file.write(sent)
            file.flush()
            self.run_tool("swaks", "--server", f"localhost:{self.demo.port('SMTP')}", "--from", "stranger@elsewhere.example",
                          "--to", self.demo.user1, "--data", "@" + file.name, "--no-data-fixup", "--suppress-data")
            stored = self.demo.wait_for_count(1)[0]
        # swaks 20201014 with --no-data-fixup sends the file as it is, without dot stuffing.
        unstuffed = b"\r\n".join(l[1:] if l.startswith(b".") else l for l in sent.split(b"\r\n.\r\n", 1)[0].split(b"\r\n"))
        self.assertEqual(without_trace(stored), unstuffed + b"\r\n")
        self.assertEqual(stored, self.curl(f"pop3s://localhost:{self.demo.port('POP3S')}/1"))

    def test_curl_to_587(self):
        self.submit_with_curl(f"smtp://localhost:{self.demo.port('SUBMISSION')}", "--ssl-reqd")

    def test_curl_to_465(self):
        self.submit_with_curl(f"smtps://localhost:{self.demo.port('SUBMISSIONS')}")

    def submit_with_curl(self, url, *more):
        # Who submits writes in his own name.
        sent = self.message(url.split(":")[0]).replace(b"Stranger <stranger@elsewhere.example>", self.demo.user1.encode())
        with tempfile.NamedTemporaryFile() as file:
            file.write(sent)
            file.flush()
            self.run_tool("curl", "-sS", "--cacert", self.demo.env["GP_CA"], "-u", f"{self.demo.user1}:{self.demo.pass1}", url,
                          "--mail-from", self.demo.user1, "--mail-rcpt", self.demo.user1, "--upload-file", file.name, *more)
        self.demo.wait_for_count(1)
        self.check_both_ways_out(sent)

    def test_python_smtplib_and_bdat_sized_mail(self):
        body = b"".join(b"%06d %s\r\n" % (i, b"y" * 60) for i in range(30000))
        sent = self.demo.deliver(body, "two megabytes")
        self.demo.wait_for_count(1)
        self.check_both_ways_out(sent)

    def test_submission_completes_headers_and_hides_bcc(self):
        d = self.demo
        with d.submission() as client:
            client.sendmail(d.user1, [d.user1, d.user2],
                            f"From: {d.user1}\r\nTo: {d.user1}\r\nBcc: {d.user2}\r\nSubject: bare\r\n\r\nhi\r\n".encode())
        for user, password in ((d.user1, d.pass1), (d.user2, d.pass2)):
            stored = d.wait_for_count(1, user=user, password=password)[-1]
            self.assertNotIn(b"\r\nBcc:", stored)
            self.assertIn(b"\r\nDate: ", stored)
            self.assertIn(b"\r\nMessage-ID: <", stored)

    def test_strangers_cannot_relay_or_sign_in_without_tls(self):
        with self.demo.smtp() as client:
            client.ehlo("elsewhere.example")
            self.assertNotIn("auth", client.esmtp_features)
            client.mail("stranger@elsewhere.example")
            code, text = client.rcpt("somebody@another.example")
            self.assertEqual(code // 100, 5, text)
            code, text = client.rcpt("nobody@" + self.demo.domain)
            self.assertEqual(code, 550, text)

    def test_sender_must_belong_to_the_account(self):
        with self.demo.submission() as client:
            client.ehlo("me")
            code, text = client.mail(self.demo.user2)
            if code == 250:
                code, text = client.rcpt(self.demo.user1)
            self.assertEqual(code // 100, 5, text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
