"""Searches in attachments: what the converter finds is found, and whatever happens to it, mail and searches go on."""

import email.message
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

import documents
import jmap_client
from demo import PRESET, TOP, Demo

AGENT = TOP / "build" / PRESET / "src" / "gatepost-text-agent"


def with_attachment(subject, octets, kind, name):
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@elsewhere.example", "b@demo.example", subject
    message.set_content("See attached.")
    main, sub = kind.split("/")
    message.add_attachment(octets, maintype=main, subtype=sub, filename=name)
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


class Agent:
    """The converter, by a user who may nothing."""

    def __init__(self, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-agent-"))
        self.folder.chmod(0o777)
        self.socket = self.folder / "socket"
        self.options = options
        self.process = None

    def start(self):
        command, rights = [str(AGENT), "--listen", str(self.socket), *self.options], {}
        if os.geteuid() == 0:
            command += ["--user", "gatepost"]
            rights = {"user": 65534, "group": 65534, "extra_groups": []}
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(command, **rights)
        while not self.socket.exists():
            time.sleep(0.02)

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            self.process.wait()
        self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Attachments(unittest.TestCase):
    def setUp(self):
        self.agent = None

    def demo(self, *options, start=True):
        self.agent = Agent(*options)
        self.addCleanup(self.agent.remove)
        demo = Demo(extra_config=f'[search]\nconverter = "{self.agent.socket}"\n')
        self.addCleanup(demo.__exit__)
        demo.start()  # makes its user, too
        if start:
            self.agent.start()
        return demo

    def status(self, demo):
        rows = json.loads(demo.gatepost("--json", "search", "status", demo.user1).stdout)
        return rows[0] if rows else {}

    def converted(self, demo):
        """Attachments that the agent was asked for since the start."""
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{demo.port('METRICS')}/metrics", timeout=30).read().decode()
        return sum(int(line.split()[-1]) for line in metrics.splitlines() if line.startswith("gatepost_attachments_converted_total{"))

    def wait(self, demo, seconds=60):
        """Until all attachments of what is there have been looked at."""
        end = time.time() + seconds
        while time.time() < end:
            status = self.status(demo)
            if status and status["attachments_behind"] == 0 and status["behind"] == 0:
                return
            time.sleep(0.1)
        raise AssertionError(f"not looked at: {status} {demo.log()[-1500:]}")

    def wait_found(self, imap, text, expected, seconds=60):
        end = time.time() + seconds
        while (found := self.found(imap, "BODY", f'"{text}"')) != expected and time.time() < end:
            time.sleep(0.2)
        self.assertEqual(found, expected, text)

    def found(self, imap, *keys):
        imap.noop()
        kind, data = imap.uid("SEARCH", *keys)
        self.assertEqual(kind, "OK")
        return [int(n) for n in (data[0] or b"").split()]

    def test_what_is_in_attachments_is_found(self):
        demo = self.demo()
        imap = demo.imap()
        kinds = [suffix for suffix in documents.TYPES if suffix not in (".pdf", ".rtf")]
        if shutil.which("pdftotext"):
            kinds.append(".pdf")
        if shutil.which("catdoc"):
            kinds.append(".rtf")
        words = {}
        for i, suffix in enumerate(kinds):
            make = getattr(documents, suffix[1:])
            words[suffix] = f"harpsichord{i} in autumn"
            imap.append("INBOX", None, None, with_attachment(f"number {i}", make(words[suffix]), documents.TYPES[suffix], "file" + suffix))
        # By its name alone, and more messages than are looked into without an index.
        imap.append("INBOX", None, None, with_attachment("by name", documents.docx("violoncello"), "application/octet-stream", "Brief.DOCX"))
        for i in range(20):
            imap.append("INBOX", None, None, f"Subject: other {i}\r\n\r\nNothing here.\r\n".encode())
        imap.select("INBOX")
        self.wait(demo)
        for i, suffix in enumerate(kinds):
            for text in (f"harpsichord{i}", f"psichord{i}", f"HARPSICHORD{i} in aut"):  # words, parts of them, several
                self.assertEqual(self.found(imap, "BODY", f'"{text}"'), [i + 1], f"{suffix} {text}")
                self.assertEqual(self.found(imap, "TEXT", f'"{text}"'), [i + 1], f"{suffix} {text}")
            self.assertEqual(self.found(imap, "SUBJECT", f"harpsichord{i}"), [])
        everyone = list(range(1, len(kinds) + 1))
        self.assertEqual(self.found(imap, "BODY", "harpsichord"), everyone)
        self.assertEqual(self.found(imap, "BODY", "harpsichord", "NOT", "BODY", "harpsichord0"), everyone[1:])
        self.assertEqual(self.found(imap, "BODY", "47110815"), [kinds.index(".xlsx") + 1])
        self.assertEqual(self.found(imap, "BODY", "violoncello"), [len(kinds) + 1])
        # Few messages are looked into without asking the index.
        self.assertEqual(self.found(imap, "UID", "1:3", "BODY", "harpsichord1"), [2])

        # A result that is kept up to date (RFC 5267) goes by attachments, too.
        imap.xatom("SEARCH", "RETURN (UPDATE ALL) BODY harpsichord0")
        self.assertIn(b"ALL 1", imap.response("ESEARCH")[1][0])
        other = demo.imap()
        other.select("INBOX")
        other.store("1", "+FLAGS", "\\Flagged")
        imap.noop()
        self.assertEqual(imap.response("ESEARCH")[1], [None])

        jmap = jmap_client.Client(demo)
        self.assertEqual([e["subject"] for e in jmap.emails(text="harpsichord2")], ["number 2"])
        self.assertEqual([e["subject"] for e in jmap.emails(body="harpsichord3 in autumn")], ["number 3"])
        self.assertEqual(jmap.emails(subject="harpsichord2"), [])
        answer = jmap.call("Email/query", filter={"body": "harpsichord1"})
        self.assertFalse(answer["canCalculateChanges"])
        self.assertEqual(len(answer["ids"]), 1)
        snippets = jmap.call("SearchSnippet/get", filter={"body": "harpsichord1"}, emailIds=answer["ids"])
        self.assertEqual(snippets["list"][0]["emailId"], answer["ids"][0])
        # A result of before an attachment was read does not stay.
        self.assertEqual(jmap.emails(text="clavichord"), [])
        imap.append("INBOX", None, None, with_attachment("later", documents.odt("clavichord"), documents.TYPES[".odt"], "x.odt"))
        self.wait(demo)
        self.assertEqual([e["subject"] for e in jmap.emails(text="clavichord")], ["later"])

        # The index is made again; nothing is converted once more.
        self.assertEqual(self.converted(demo), len(kinds) + 2)
        demo.stop()
        for path in pathlib.Path(demo.data).rglob("*.index*"):
            path.unlink()
        demo.start()
        imap = demo.imap()
        imap.select("INBOX")
        self.assertEqual(self.found(imap, "BODY", "harpsichord0"), [1])  # by what was found before
        self.wait(demo)
        demo.gatepost("search", "rebuild")
        self.wait(demo)
        self.wait_found(imap, "harpsichord", everyone)
        self.assertEqual(self.converted(demo), 0)

    def test_one_content_is_converted_once(self):
        demo = self.demo("--convert", "application/x-once=/bin/cat")
        message = with_attachment("to two", b"contrabassoon", "application/x-once", "x")
        with demo.smtp() as smtp:
            smtp.sendmail("a@elsewhere.example", [demo.user1, demo.user2], message)
        demo.wait_for_count(1)
        demo.wait_for_count(1, user=demo.user2, password=demo.pass2)
        other = demo.imap(demo.user2, demo.pass2)
        other.append("INBOX", None, None, with_attachment("again", b"contrabassoon", "application/x-once", "other name"))
        other.select("INBOX")
        self.wait_found(other, "contrabassoon", [1, 2])
        imap = demo.imap()
        imap.select("INBOX")
        self.wait_found(imap, "contrabassoon", [1])
        self.assertEqual(self.converted(demo), 1)

    def test_what_cannot_be_read_costs_itself_alone(self):
        demo = self.demo("--convert", "application/x-hangs=/bin/sleep 1000", "--convert", "application/x-dies=/bin/false",
                         "--convert", "application/x-many=/usr/bin/yes word", "--seconds", "10")
        imap = demo.imap()
        for kind in ("x-hangs", "x-dies", "x-many"):
            imap.append("INBOX", None, None, with_attachment(kind, b"octets", "application/" + kind, "x"))
        imap.append("INBOX", None, None, with_attachment("bomb", documents.bomb(), documents.TYPES[".docx"], "bomb.docx"))
        imap.append("INBOX", None, None, with_attachment("damaged", documents.docx("lute")[:-100], documents.TYPES[".docx"], "x.docx"))
        imap.append("INBOX", None, None, with_attachment("good", documents.docx("theorbo"), documents.TYPES[".docx"], "x.docx"))
        imap.select("INBOX")
        # The text of the messages is there meanwhile.
        self.wait_found(imap, "See attached", [1, 2, 3, 4, 5, 6], 5)
        self.wait_found(imap, "theorbo", [6])
        self.wait(demo)
        self.assertEqual(self.found(imap, "BODY", "word"), [3], [line for line in demo.log().splitlines() if "attachments" in line])
        log = demo.log()
        for outcome in ("timed_out", "failed", "too_large"):
            self.assertIn(outcome, log)
        # They are not tried for ever, but when more can be converted.
        self.assertEqual(self.converted(demo), 6)
        demo.gatepost("search", "rebuild", demo.user1)
        time.sleep(1)
        self.wait(demo)
        self.assertEqual(self.converted(demo), 6)
        self.agent.stop()
        self.agent.options = ("--convert", "application/x-dies=/bin/cat",)
        self.agent.start()
        imap.append("INBOX", None, None, with_attachment("news", documents.docx("spinet"), documents.TYPES[".docx"], "x.docx"))
        self.wait_found(imap, "octets", [2])
        self.assertEqual(self.found(imap, "BODY", "theorbo"), [6])

    def test_the_agent_is_away_or_killed(self):
        demo = self.demo(start=False)
        imap = demo.imap()
        imap.append("INBOX", None, None, with_attachment("first", documents.docx("ocarina"), documents.TYPES[".docx"], "x.docx"))
        imap.select("INBOX")
        self.wait_found(imap, "See attached", [1], 10)
        end = time.time() + 20
        while "attachments.converter_away" not in demo.log() and time.time() < end:
            time.sleep(0.2)
        self.assertIn("attachments.converter_away", demo.log())
        self.assertEqual(self.found(imap, "BODY", "ocarina"), [])
        demo.gatepost("status")
        self.agent.start()
        # What came new asks again at once; what waits, within a minute.
        imap.append("INBOX", None, None, with_attachment("second", documents.docx("ocarina two"), documents.TYPES[".docx"], "x.docx"))
        self.wait_found(imap, "ocarina", [1, 2], 80)
        self.agent.stop(signal.SIGKILL)
        self.assertEqual(self.found(imap, "BODY", "ocarina"), [1, 2])
        imap.append("INBOX", None, None, with_attachment("third", documents.docx("ocarina three"), documents.TYPES[".docx"], "x.docx"))
        self.wait_found(imap, "See attached", [1, 2, 3], 10)
        self.agent.start()
        self.wait_found(imap, "ocarina three", [3], 80)
        self.assertIn("attachments.converter_back", demo.log())

    def test_strangers_are_not_served(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to be two users")
        agent = Agent()
        self.addCleanup(agent.remove)
        agent.start()
        talk = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(len(s.recv(100)))"
        said = {user: subprocess.run(["python3", "-c", talk, str(agent.socket)], user=user, group=65534, extra_groups=[],
                                     stdout=subprocess.PIPE, text=True).stdout.strip() for user in (0, 1)}
        self.assertEqual(said, {0: "100", 1: "0"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
