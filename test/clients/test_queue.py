"""Mail for other domains: through a smart host, retried, returned; against a receiving server of the test's own."""

import email
import socket
import socketserver
import threading
import time
import unittest

from demo import Demo


class Sink(socketserver.ThreadingTCPServer):
    """A small SMTP server on loopback that records what it gets; `refuse` maps a recipient to a reply."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.refuse, self.got, self.sessions = {}, [], 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]


class Handler(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.server.sessions += 1
        sender, recipients = None, []
        self.say("220 sink.example ESMTP")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"EHLO":
                self.say("250-sink.example")
                self.say("250-PIPELINING")
                self.say("250-SMTPUTF8")
                self.say("250 8BITMIME")
            elif word == b"MAIL":
                sender, recipients = line.split(b"<")[1].split(b">")[0].decode(), []
                self.say("250 2.1.0 ok")
            elif word == b"RCPT":
                to = line.split(b"<")[1].split(b">")[0].decode()
                reply = self.server.refuse.get(to)
                if reply is None:
                    recipients.append(to)
                self.say(reply or "250 2.1.5 ok")
            elif word == b"DATA":
                if not recipients:
                    self.say("554 5.5.1 no recipients")
                    continue
                self.say("354 go on")
                data = b""
                while not data.endswith(b"\r\n.\r\n") and data != b".\r\n":
                    data += self.rfile.readline()
                self.server.got.append((sender, recipients, data[:-3]))
                self.say("250 2.0.0 taken")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


def wait(check, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        value = check()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError("did not happen within %d s" % seconds)


class Outgoing(unittest.TestCase):
    def setUp(self):
        self.sink = Sink()
        self.demo = Demo(f"""
[mailflow]
retry_schedule = ["1 s", "1 s", "1 s"]
[mailflow.smart_host]
host = "127.0.0.1"
port = {self.sink.port}
tls = "none"
""")
        self.demo.start()

    def tearDown(self):
        self.demo.__exit__()
        self.sink.shutdown()
        self.sink.server_close()

    def submit(self, to, text="hello"):
        d = self.demo
        with d.submission() as client:
            client.sendmail(d.user1, to, f"From: {d.user1}\r\nTo: {', '.join(to)}\r\nSubject: out\r\n\r\n{text}\r\n.dot\r\n")

    def test_through_the_smart_host(self):
        self.submit(["a@far.example", "b@far.example", self.demo.user2])
        wait(lambda: self.sink.got)
        sender, recipients, data = self.sink.got[0]
        self.assertEqual(sender, self.demo.user1)
        self.assertEqual(sorted(recipients), ["a@far.example", "b@far.example"])
        self.assertFalse(data.startswith(b"Return-Path:"))
        self.assertIn(b"\r\nhello\r\n..dot\r\n", data)
        self.demo.wait_for_count(1, user=self.demo.user2, password=self.demo.pass2)
        wait(lambda: "empty" in self.demo.gatepost("queue", "list").stdout)

    def test_refused_recipient_comes_back_as_a_report(self):
        self.sink.refuse["gone@far.example"] = "550 5.1.1 no such user"
        self.submit(["gone@far.example", "here@far.example"])
        report = email.message_from_bytes(self.demo.wait_for_count(1)[0])
        self.assertEqual(report.get_content_type(), "multipart/report")
        self.assertEqual(report.get_param("report-type"), "delivery-status")
        status = report.get_payload()[1].as_string()
        self.assertIn("Final-Recipient: rfc822;gone@far.example", status)
        self.assertIn("Action: failed", status)
        self.assertIn("Status: 5.1.1", status)
        self.assertNotIn("here@far.example", status)
        self.assertEqual(report["Return-Path"], "<>")
        wait(lambda: self.sink.got and "empty" in self.demo.gatepost("queue", "list").stdout)

    def test_temporary_refusal_is_tried_again_and_survives_a_kill(self):
        self.sink.refuse["later@far.example"] = "451 4.7.1 greylisted"
        self.submit(["later@far.example"])
        wait(lambda: self.sink.sessions >= 1)
        self.assertIn("later@far.example", self.demo.gatepost("queue", "list").stdout)
        self.demo.kill()
        self.demo.start()
        self.sink.refuse.clear()
        wait(lambda: self.sink.got)
        wait(lambda: "empty" in self.demo.gatepost("queue", "list").stdout)

    def test_unreachable_host_then_retry_by_hand(self):
        port = self.sink.port
        self.sink.shutdown()
        self.sink.server_close()
        self.submit(["x@far.example"])
        wait(lambda: "x@far.example" in self.demo.gatepost("queue", "list").stdout)
        self.demo.gatepost("queue", "delete", "--all")
        self.assertIn("empty", self.demo.gatepost("queue", "list").stdout)
        self.sink = Sink()
        self.assertNotEqual(port, 0)


class NullSenderIsNeverAnswered(unittest.TestCase):
    def test_bounce_of_a_bounce_is_dropped(self):
        with Demo() as demo:
            with demo.smtp() as client:
                client.ehlo("elsewhere.example")
                client.mail("")
                self.assertEqual(client.rcpt(demo.user1)[0], 250)
                code, text = client.data(b"Subject: report\r\n\r\nx\r\n")
                self.assertEqual(code, 250, text)
            demo.wait_for_count(1)
            self.assertIn("empty", demo.gatepost("queue", "list").stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
