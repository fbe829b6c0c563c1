"""Delivery status notifications that senders ask for (RFC 3461): what they hear, and what the next server is told."""

import email
import unittest

import test_queue
from test_queue import Outgoing, Sink, wait


class Reporting(Sink):
    """A next server that reports itself, when `dsn` says so; keeps the commands it heard."""

    def __init__(self):
        self.heard, self.dsn = [], False
        super().__init__()
        self.RequestHandlerClass = ReportingHandler


class ReportingHandler(test_queue.Handler):
    def setup(self):
        super().setup()
        lines = self.rfile
        server = self.server

        class Noted:
            def __iter__(self):
                for line in lines:
                    server.heard.append(line.decode().strip())
                    yield line

            def readline(self):
                return lines.readline()

        self.rfile = Noted()

    def say(self, text):
        if text == "250-PIPELINING" and self.server.dsn:
            super().say("250-DSN")
        super().say(text)

    def finish(self):
        self.wfile.flush()


class Asked(Outgoing):
    # What Outgoing tests is tested there.
    for name in [name for name in dir(Outgoing) if name.startswith("test_")]:
        locals()[name] = None
    del name

    def setUp(self):
        sink, test_queue.Sink = test_queue.Sink, Reporting
        try:
            super().setUp()
        finally:
            test_queue.Sink = sink

    def submit(self, recipients, mail_options=(), text="hello"):
        """`recipients`: address and what follows it in RCPT."""
        d = self.demo
        with d.submission() as client:
            client.ehlo("client.example")
            self.assertTrue(client.has_extn("dsn"))
            self.assertEqual(client.mail(d.user1, mail_options)[0], 250)
            for address, options in recipients:
                code, said = client.rcpt(address, options)
                self.assertEqual(code, 250, said)
            self.assertEqual(client.data(f"From: {d.user1}\r\nSubject: asked\r\n\r\n{text}\r\n")[0], 250)

    def reports(self, count=1):
        """The reports in the sender's inbox: (fields of the message, fields of each recipient, the last part)."""
        out = []
        for body in self.demo.wait_for_count(count, user=self.demo.user1, password=self.demo.pass1):
            message = email.message_from_bytes(body)
            self.assertEqual(message.get_content_type(), "multipart/report")
            text, status, original = message.get_payload()
            self.assertEqual(status.get_content_type(), "message/delivery-status")
            blocks = status.get_payload()
            out.append((blocks[0], blocks[1:], original))
        return out

    def test_a_delivery_here_is_reported_with_what_the_sender_named(self):
        d = self.demo
        self.submit([(d.user2, ["NOTIFY=SUCCESS", "ORCPT=rfc822;Somebody+2Bx@elsewhere.example"])], ["ENVID=QQ314159", "RET=HDRS"])
        (about, recipients, original), = self.reports()
        self.assertEqual(about["Original-Envelope-Id"], "QQ314159")
        self.assertEqual(recipients[0]["Original-Recipient"], "rfc822;Somebody+x@elsewhere.example")
        self.assertEqual(recipients[0]["Final-Recipient"], f"rfc822;{d.user2}")
        self.assertEqual((recipients[0]["Action"], recipients[0]["Status"]), ("delivered", "2.1.5"))
        self.assertEqual(original.get_content_type(), "text/rfc822-headers")
        self.assertEqual(len(d.bodies(user=d.user2, password=d.pass2)), 1)

    def test_an_alias_of_several_is_reported_as_expanded(self):
        d = self.demo
        d.gatepost("alias", "add", f"all@{d.domain}", d.user1, d.user2)
        self.submit([(f"all@{d.domain}", ["NOTIFY=SUCCESS"])])
        bodies = wait(lambda: (lambda b: b if len(b) == 2 else None)(d.bodies(user=d.user1, password=d.pass1)))
        report = [b for b in bodies if b"Action: " in b]
        self.assertEqual(len(report), 1)
        self.assertIn(b"Action: expanded\r\n", report[0])
        self.assertNotIn(b"Action: delivered\r\n", report[0])

    def test_the_next_server_is_told_when_it_reports_itself(self):
        self.sink.dsn = True
        self.submit([("a@far.example", ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;b@far.example"]), ("c@far.example", ["NOTIFY=NEVER"])],
                    ["ENVID=e1", "RET=FULL"])
        wait(lambda: self.sink.got)
        self.assertTrue(any("RET=FULL" in line and "ENVID=e1" in line for line in self.sink.heard), self.sink.heard)
        self.assertIn("RCPT TO:<a@far.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@far.example", self.sink.heard)
        self.assertIn("RCPT TO:<c@far.example> NOTIFY=NEVER", self.sink.heard)
        wait(lambda: "The queue is empty" in self.demo.gatepost("queue", "list").stdout)
        self.assertEqual(self.demo.bodies(user=self.demo.user1, password=self.demo.pass1), [])

    def test_where_it_does_not_the_sender_hears_that_it_was_relayed(self):
        self.submit([("a@far.example", ["NOTIFY=SUCCESS"]), ("b@far.example", ["NOTIFY=NEVER"])])
        wait(lambda: len(self.sink.got) == 2)
        self.assertEqual({(sender, tuple(to)) for sender, to, _ in self.sink.got},
                         {(self.demo.user1, ("a@far.example",)), ("", ("b@far.example",))})
        self.assertFalse(any("NOTIFY" in line or "ENVID" in line for line in self.sink.heard))
        (_, recipients, _), = self.reports()
        self.assertEqual((len(recipients), recipients[0]["Action"]), (1, "relayed"))

    def test_a_failure_brings_the_message_back_or_only_its_header_or_nothing(self):
        self.sink.refuse["no@far.example"] = "550 5.1.1 nobody of that name"
        self.submit([("no@far.example", ["NOTIFY=FAILURE"])], ["RET=FULL"], "all of it")
        (_, recipients, original), = self.reports()
        self.assertEqual((recipients[0]["Action"], recipients[0]["Status"]), ("failed", "5.1.1"))
        self.assertEqual(original.get_content_type(), "message/rfc822")
        inner = original.get_payload()[0]
        self.assertEqual((inner["Subject"], inner.get_payload()), ("asked", "all of it\r\n"))
        self.submit([("no@far.example", [])], ["RET=HDRS"], "not this")
        self.assertNotIn("not this", str(self.reports(2)[1][2]))
        self.submit([("no@far.example", ["NOTIFY=SUCCESS"])])
        self.submit([("no@far.example", ["NOTIFY=NEVER"])])
        wait(lambda: self.demo.log().count("mail.bounced") == 4)
        wait(lambda: "The queue is empty" in self.demo.gatepost("queue", "list").stdout)
        self.assertEqual(len(self.demo.bodies(user=self.demo.user1, password=self.demo.pass1)), 2)


del Outgoing

if __name__ == "__main__":
    unittest.main(verbosity=2)
