#!/usr/bin/env python3
"""Plays transcripts against a running server, over TCP and real TLS: those whose head says `daemon: yes`.

  play.py [FILE...]              without names: all that can
  play.py --list                 the ones that can

Each is played whole and in small pieces. The server is the demo of test/clients/demo.py, started here. README.md describes the files.
"""

import base64
import pathlib
import re
import socket
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))
from demo import Demo  # noqa: E402

SECONDS = 15            # to wait for an answer
PIECES = (0, 3)         # octets of one write; 0: whole
PORTS = {"smtp": "SMTP", "submission": "SUBMISSION", "submissions": "SUBMISSIONS", "imap": "IMAP", "imaps": "IMAPS",
         "pop3": "POP3", "pop3s": "POP3S"}


class Fault(Exception):
    pass


class Text:
    """Escapes, variables and functions of one line; None stands for "**"."""

    def __init__(self, text, variables, pattern):
        self.text, self.variables, self.pattern = text, variables, pattern

    def pieces(self):
        out = [b""]
        while self.text:
            if self.pattern and self.text.startswith("**"):
                self.text = self.text[2:]
                out.append(b"")
            else:
                out[-1] += self.one()
        return out

    def one(self):
        if self.text.startswith("\\"):
            return self.escape()
        if self.text.startswith("$("):
            return self.function()
        if self.text.startswith("$"):
            name = re.match(r"\$([A-Za-z0-9]*)", self.text).group(1)
            if name in self.variables:
                self.text = self.text[1 + len(name):]
                return self.variables[name].encode()
        out, self.text = self.text[0], self.text[1:]
        return out.encode()

    def escape(self):
        c, self.text = self.text[1:2], self.text[2:]
        if c == "x":
            octet, self.text = bytes.fromhex(self.text[:2]), self.text[2:]
            return octet
        return {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0"}.get(c, c.encode())

    def function(self):
        name, _, self.text = self.text[2:].partition(" ")
        count = 0
        if name == "repeat":
            number, _, self.text = self.text.partition(" ")
            count = int(number)
        argument = b""
        while not self.text.startswith(")"):
            if not self.text:
                raise Fault("a function without an end")
            argument += self.one()
        self.text = self.text[1:]
        if name == "base64":
            return base64.b64encode(argument)
        if name == "octets":
            return str(len(argument)).encode()
        if name == "repeat":
            return argument * count
        raise Fault(f"no function {name}")


class Pattern:
    def __init__(self, text, variables):
        self.source, self.any_lines = text, text == "..."
        pieces = [] if self.any_lines else Text(text, variables, True).pieces()
        self.regex = re.compile(b".*".join(re.escape(p) for p in pieces), re.DOTALL)

    def matches(self, line):
        return self.regex.fullmatch(line) is not None


def matches(lines, patterns):
    if not patterns:
        return not lines
    if patterns[0].any_lines:
        return any(matches(lines[i:], patterns[1:]) for i in range(len(lines) + 1))
    return bool(lines) and patterns[0].matches(lines[0]) and matches(lines[1:], patterns[1:])


class Transcript:
    def __init__(self, path):
        self.path = path
        self.name = f"{path.parent.name}/{path.stem}"
        self.head, self.steps = {}, []
        in_head = True
        for number, line in enumerate(path.read_text().split("\n"), 1):
            if line.startswith("#"):
                continue
            if in_head:
                if line:
                    key, _, value = line.partition(": ")
                    self.head[key] = value
                else:
                    in_head = False
            elif line:
                self.steps.append((number, line))
        self.daemon = self.head.get("daemon") == "yes"
        self.listener = self.head.get("listener", path.parent.name)


class Conversation:
    def __init__(self, demo, transcript, piece):
        self.demo, self.transcript, self.piece = demo, transcript, piece
        self.variables = {"domain": demo.domain, "host": "mail." + demo.domain, "user1": demo.user1, "pass1": demo.pass1,
                          "user2": demo.user2, "pass2": demo.pass2}
        self.listener, self.socket, self.unread = transcript.listener, None, b""
        self.pending, self.expected, self.block = b"", [], None
        self.connected = False

    # The wire.
    def connect(self):
        self.connected = True
        self.socket = socket.create_connection((self.demo.host, self.demo.port(PORTS[self.listener])), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""
        if self.listener.endswith("s"):
            self.start_tls()

    def start_tls(self):
        self.socket = self.demo.tls.wrap_socket(self.socket, server_hostname=self.demo.host)

    def disconnect(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def receive(self, seconds):
        """More octets into unread; False at the end or when none came."""
        self.socket.settimeout(seconds)
        try:
            octets = self.socket.recv(65536)
        except (TimeoutError, socket.timeout):
            return False
        except OSError:
            octets = b""
        self.unread += octets
        return bool(octets)

    def line(self, seconds=SECONDS):
        while b"\r\n" not in self.unread:
            if not self.receive(seconds):
                return None
        line, _, self.unread = self.unread.partition(b"\r\n")
        return line

    # Steps that gather until another one comes.
    def flush_send(self):
        octets, self.pending = self.pending, b""
        size = self.piece if self.piece and len(octets) < 20000 else len(octets)
        try:
            for at in range(0, len(octets), size or 1):
                self.socket.sendall(octets[at:at + size])
        except OSError:
            pass                                        # the server has closed; what it said before is checked

    def flush_expected(self):
        patterns, self.expected = self.expected, []
        if not patterns:
            return
        lines = []
        for _ in range(100000):
            # Whether "..." goes on cannot be known before the lines behind it came.
            if matches(lines, patterns) and not (patterns[-1].any_lines and (self.unread or self.receive(0.2))):
                return
            line = self.line()
            if line is None:
                break
            lines.append(line)
            if len(lines) >= len(patterns) and not any(p.any_lines for p in patterns) and not matches(lines, patterns):
                break
        if matches(lines, patterns):
            return
        raise Fault("expected\n  " + "\n  ".join(p.source for p in patterns) + "\ngot\n  " +
                    "\n  ".join(l.decode("utf-8", "backslashreplace")[:300] for l in lines))

    def flush_block(self):
        if self.block is None:
            return
        (kind, user, folder), lines = self.block
        self.block = None
        client = self.demo.imap(user, self.password(user))
        try:
            if kind == "mail":
                client.append(folder, None, None, b"".join(line + b"\r\n" for line in lines))
                return
            end = time.time() + SECONDS
            while True:
                client.select(folder, readonly=True)
                count = int(client.response("EXISTS")[1][0] or 0)
                if count or time.time() > end:
                    break
                time.sleep(0.05)
            if not count:
                raise Fault(f"{folder} of {user} is empty")
            text = client.fetch(str(count), "(BODY.PEEK[])")[1][0][1]
        finally:
            client.logout()
        got = text.removesuffix(b"\r\n").split(b"\r\n") if text else []
        if not matches(got, lines):
            raise Fault("the newest message is\n  " + "\n  ".join(l.decode("utf-8", "backslashreplace")[:300] for l in got))

    def password(self, user):
        return self.demo.pass1 if user == self.demo.user1 else self.demo.pass2

    def nothing_more(self):
        if self.unread or self.receive(0.05):
            raise Fault("not expected: " + self.unread.decode("utf-8", "backslashreplace")[:500])

    def step(self, line):
        content = re.match(r"(C:|C\+|S:|\|)(?: (.*))?$", line, re.DOTALL)
        kind, text = (content.group(1), content.group(2) or "") if content else (None, "")
        if kind != "|":
            self.flush_block()
        if kind not in ("C:", "C+") and self.pending:
            self.flush_send()
        if kind != "S:":
            self.flush_expected()
        if kind in ("C:", "C+"):
            self.pending += Text(text, self.variables, False).pieces()[0] + (b"\r\n" if kind == "C:" else b"")
        elif kind == "S:":
            self.expected.append(Pattern(text, self.variables))
        elif kind == "|":
            if self.block[0][0] == "mail":
                self.block[1].append(Text(text, self.variables, False).pieces()[0])
            else:
                self.block[1].append(Pattern(text, self.variables))
        else:
            self.word(line.split(" "))

    def word(self, words):
        if words[0] == "tls":
            self.start_tls()
        elif words == ["hang", "up"]:
            self.disconnect()
        elif words[0] == "closed":
            if self.unread or self.receive(SECONDS):
                raise Fault("not expected: " + repr(self.unread[:500]))
            self.socket.settimeout(1)
            try:
                if self.socket.recv(1):
                    raise Fault("the server says more")
            except ConnectionError:
                pass
            except (TimeoutError, socket.timeout):
                raise Fault("the server should have closed") from None
            self.disconnect()
        elif words[0] == "connect":
            self.disconnect()
            if len(words) > 1:
                self.listener = words[1]
            self.connect()
        elif words[0] in ("mail", "newest", "empty"):
            user, folder = Text(words[1], self.variables, False).pieces()[0].decode(), " ".join(words[2:])
            if words[0] == "empty":
                client = self.demo.imap(user, self.password(user))
                client.select(folder, readonly=True)
                count = int(client.response("EXISTS")[1][0] or 0)
                client.logout()
                if count:
                    raise Fault(f"{folder} of {user} is not empty")
            else:
                self.block = ((words[0], user, folder), [])
        else:
            raise Fault("this step cannot be played against a daemon")

    def empty_mailboxes(self):
        for user in (self.demo.user1, self.demo.user2):
            client = self.demo.imap(user, self.password(user))
            for row in client.list()[1]:
                folder = re.search(rb'"([^"]*)"$|(\S+)$', row or b"")
                name = (folder.group(1) or folder.group(2)).decode() if folder else "INBOX"
                if client.select(f'"{name}"')[0] != "OK":
                    continue
                if int(client.response("EXISTS")[1][0] or 0):
                    client.store("1:*", "+FLAGS.SILENT", "\\Deleted")
                    client.expunge()
                client.unselect() if hasattr(client, "unselect") else client.close()
                if name not in ("INBOX", "Drafts", "Sent", "Trash", "Junk", "Archive"):
                    client.delete(f'"{name}"')
            client.logout()

    def play(self):
        number = 0
        try:
            self.empty_mailboxes()
            for number, line in self.transcript.steps:
                if not self.connected and not line.startswith(("mail ", "|")):
                    self.flush_block()
                    self.connect()
                self.step(line)
            self.flush_block()
            if self.pending:
                self.flush_send()
            self.flush_expected()
            if self.socket:
                self.nothing_more()
        except (Fault, OSError) as fault:
            raise Fault(f"{self.transcript.path}:{number}: {fault}") from None
        finally:
            self.disconnect()


def main():
    names = [a for a in sys.argv[1:] if not a.startswith("-")]
    paths = [HERE / name if (HERE / name).exists() else pathlib.Path(name) for name in names]
    transcripts = [Transcript(path) for path in (paths or sorted(p for p in HERE.glob("*/*.txt") if p.parent.name != "jmap"))]
    if not names:
        transcripts = [t for t in transcripts if t.daemon]
    if "--list" in sys.argv:
        print("\n".join(t.name for t in transcripts))
        return 0
    passed, failed = 0, 0
    with Demo() as demo:
        for transcript in transcripts:
            faults = []
            for piece in PIECES:
                try:
                    Conversation(demo, transcript, piece).play()
                except Exception as fault:  # noqa: BLE001: one transcript's trouble is not the next one's
                    faults.append(f"{'whole' if piece == 0 else f'in pieces of {piece}'}: {type(fault).__name__} {fault}")
            if faults:
                failed += 1
                print(f"FAIL  {transcript.name}")
                print("\n".join(faults))
            else:
                passed += 1
                print(f"ok    {transcript.name}")
        if failed:
            print(demo.log()[-4000:])
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
