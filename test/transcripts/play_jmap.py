#!/usr/bin/env python3
"""Plays the transcripts of jmap/ against a running server, over HTTPS.

  play_jmap.py [FILE...]             without names: all of them
  play_jmap.py --methods FILE        every method of that table (src/jmap/methods.cpp) has a transcript, and docs/jmap.md names it

Each file has two accounts of its own. The server is the demo of test/clients/demo.py, started here. README.md describes the files.
"""

import base64
import http.client
import json
import pathlib
import re
import sys
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))
from demo import Demo  # noqa: E402

SECONDS = 15
ROLES = ("inbox", "drafts", "sent", "trash", "junk", "archive")
JMAP = "urn:ietf:params:jmap:"


class Fault(Exception):
    pass


def shown(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 3000 else text[:3000] + " ..."


class Transcript:
    """Steps: (line number, word, rest of the line, lines that belong to it)."""

    def __init__(self, path):
        self.path, self.name = path, f"{path.parent.name}/{path.stem}"
        self.head, self.steps = {}, []
        in_head = True
        for number, line in enumerate(path.read_text().split("\n"), 1):
            if line.startswith("#") or (not line and not in_head):
                continue
            if in_head:
                if line:
                    key, _, value = line.partition(": ")
                    self.head[key] = value
                else:
                    in_head = False
            elif line.startswith((" ", "|")):
                self.steps[-1][3].append(line)
            else:
                word, _, rest = line.partition(" ")
                self.steps.append((number, word, rest, []))


class Session:
    """One signed-in user and his connection."""

    def __init__(self, demo, user, password):
        self.demo, self.user = demo, user
        self.headers = {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
        self.web = None
        status, _, body = self.request("GET", "/.well-known/jmap")
        if status != 200:
            raise Fault(f"no session: {status} {body[:200]}")
        self.session = json.loads(body)
        self.account = self.session["primaryAccounts"][JMAP + "mail"]

    def request(self, method, path, body=None, headers=None):
        for again in (False, True):
            if self.web is None:
                self.web = http.client.HTTPSConnection(self.demo.host, self.demo.port("HTTPS"), context=self.demo.tls, timeout=SECONDS)
            try:
                self.web.request(method, path, body=body, headers={**self.headers, **(headers or {})})
                answer = self.web.getresponse()
                return answer.status, answer.headers, answer.read()
            except (http.client.HTTPException, ConnectionError):
                self.web.close()
                self.web = None
                if again:
                    raise
        raise AssertionError

    def mailboxes(self):
        body = json.dumps({"using": [JMAP + "core", JMAP + "mail"], "methodCalls": [["Mailbox/get", {"accountId": self.account}, "m"]]})
        answer = json.loads(self.request("POST", "/jmap/api", body, {"Content-Type": "application/json"})[2])
        return {m["role"]: m["id"] for m in answer["methodResponses"][0][1]["list"] if m["role"] in ROLES}


class Conversation:
    def __init__(self, demo, transcript, number):
        self.demo, self.transcript = demo, transcript
        self.variables = {"domain": demo.domain}
        self.sessions, self.passwords = {}, {}
        for n, name in (("1", "anna"), ("2", "bert")):
            user, password = f"{name}{number}@{demo.domain}", f"the password of {name}"
            demo.gatepost("account", "add", user, "--name", name.capitalize(), "--password-stdin", stdin=password + "\n")
            self.variables["user" + n] = user
            self.passwords[user] = password
        if "quota" in transcript.head:
            octets, _, messages = transcript.head["quota"].partition(" ")
            demo.gatepost("account", "quota", self.variables["user1"], octets, "--messages", messages or "0")
        self.user = self.variables["user1"]
        for n in "21":
            session = self.session(self.variables["user" + n])
            suffix = "" if n == "1" else n
            self.variables["account" + suffix] = session.account
            for role, mailbox in session.mailboxes().items():
                self.variables[role + suffix] = mailbox
        using = transcript.head.get("using", "").split()
        self.using = [u if u.startswith("urn:") else JMAP + u for u in using] or sorted(self.session().session["capabilities"])
        self.calls, self.responses = [], None
        self.answer = None

    def session(self, user=None):
        user = user or self.user
        if user not in self.sessions:
            self.sessions[user] = Session(self.demo, user, self.passwords[user])
        return self.sessions[user]

    # Text and JSON with variables.
    def text(self, text):
        text = re.sub(r"\$\(repeat (\d+) ([^)]*)\)", lambda m: m[2] * int(m[1]), text)
        text = re.sub(r"\$\(in (-?\d+)s\)", lambda m: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + int(m[1]))), text)
        return re.sub(r"\$([A-Za-z][A-Za-z0-9]*)", lambda m: self.variables.get(m[1], m[0]), text)

    def fill(self, value):
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            out = []
            for one in value:
                if isinstance(one, list) and one and (many := re.fullmatch(r"\$\(many (\d+)\)", str(one[0]))):
                    out += [self.fill(json.loads(json.dumps(one[1]).replace("%", str(i)))) for i in range(int(many[1]))]
                    continue
                many = re.match(r"\$\(many (\d+)\) (.*)", one, re.DOTALL) if isinstance(one, str) else None
                out += [self.text(many[2].replace("%", str(i))) for i in range(int(many[1]))] if many else [self.fill(one)]
            return out
        if isinstance(value, dict):
            out = {}
            for key, one in value.items():
                many = re.match(r"\$\(many (\d+)\) (.*)", key, re.DOTALL)
                for name in [many[2].replace("%", str(i)) for i in range(int(many[1]))] if many else [key]:
                    out[self.text(name)] = self.fill(one)
            return out
        return value

    def json(self, rest, lines):
        try:
            return self.fill(json.loads("\n".join([rest, *lines])))
        except json.JSONDecodeError as e:
            raise Fault(f"no JSON here: {e}") from None

    # What came against what was expected. None: it fits; else where and why not.
    def mismatch(self, pattern, value, where="", bound=None):
        bound = self.bound if bound is None else bound
        if pattern == "**":
            return None
        if isinstance(pattern, str):
            capture = re.fullmatch(r"<([A-Za-z][A-Za-z0-9]*)>", pattern)
            if capture:
                if not isinstance(value, str):
                    return f"{where}: a text expected, got {shown(value)}"
                bound[capture[1]] = value
                return None
            if "**" in pattern and isinstance(value, str):
                regex = ".*".join(re.escape(p) for p in pattern.split("**"))
                return None if re.fullmatch(regex, value, re.DOTALL) else f"{where}: {pattern} expected, got {shown(value)}"
        if isinstance(pattern, dict):
            if not isinstance(value, dict):
                return f"{where}: an object expected, got {shown(value)}"
            rest = dict(value)
            # What is for the eye of whoever debugs need not be expected.
            if "type" in pattern and "description" not in pattern:
                rest.pop("description", None)
            for key, one in pattern.items():
                if key == "...":
                    return None
                if key not in rest:
                    return f"{where}/{key}: missing in {shown(value)}"
                wrong = self.mismatch(one, rest.pop(key), f"{where}/{key}", bound)
                if wrong:
                    return wrong
            return f"{where}: not expected: {shown(rest)}" if rest else None
        if isinstance(pattern, list):
            if not isinstance(value, list):
                return f"{where}: a list expected, got {shown(value)}"
            if pattern and pattern[0] == "in any order":
                rest = list(value)
                for one in pattern[1:]:
                    if one == "...":
                        return None
                    for i, other in enumerate(rest):
                        tried = {}
                        if self.mismatch(one, other, where, tried) is None:
                            bound.update(tried)
                            del rest[i]
                            break
                    else:
                        return f"{where}: {shown(one)} is not among {shown(rest)}"
                return f"{where}: not expected: {shown(rest)}" if rest else None
            more = bool(pattern) and pattern[-1] == "..."
            wanted = pattern[:-1] if more else pattern
            if len(value) < len(wanted) or (len(value) > len(wanted) and not more):
                return f"{where}: {len(wanted)} expected, got {shown(value)}"
            for i, one in enumerate(wanted):
                wrong = self.mismatch(one, value[i], f"{where}/{i}", bound)
                if wrong:
                    return wrong
            return None
        same = pattern == value and isinstance(pattern, bool) == isinstance(value, bool)
        return None if same else f"{where}: {shown(pattern)} expected, got {shown(value)}"

    def expect(self, pattern, value, what):
        self.bound = {}
        wrong = self.mismatch(pattern, value)
        if wrong:
            raise Fault(f"{what}{wrong}\nall of it: {shown(value)}")
        self.variables.update(self.bound)

    # The API.
    def send(self):
        calls, self.calls = self.calls, []
        body = json.dumps({"using": self.using, "methodCalls": calls})
        status, _, answer = self.session().request("POST", "/jmap/api", body, {"Content-Type": "application/json"})
        if status != 200:
            raise Fault(f"the whole request was refused: {status} {answer.decode()[:500]}")
        self.responses = json.loads(answer)["methodResponses"]
        ids = [int(r[2]) for r in self.responses]
        if ids != sorted(ids) or set(ids) != set(range(len(calls))):
            raise Fault(f"calls are not answered in their order: {ids}")

    def nothing_left(self):
        if self.calls:
            self.send()
        if self.responses:
            raise Fault(f"a response that is not expected: {shown(self.responses[0])}")
        self.responses = None

    def step(self, word, rest, lines):
        count = re.fullmatch(r"([CS]:)\*(\d+)", word)
        word, times = (count[1], int(count[2])) if count else (word, 1)
        if word == "C:":
            if self.responses is not None:
                self.nothing_left()
            name, _, rest = rest.partition(" ")
            arguments = self.json(rest, lines)
            self.calls += [[name, arguments, str(len(self.calls) + i)] for i in range(times)]
            return
        if word == "S:":
            if self.calls:
                self.send()
            name, _, rest = rest.partition(" ")
            pattern = self.json(rest, lines)
            for _ in range(times):
                if not self.responses:
                    raise Fault(f"nothing came where {name} was expected")
                got = self.responses.pop(0)
                if got[0] != name:
                    raise Fault(f"{name} expected, got {got[0]} {shown(got[1])}")
                self.expect(pattern, got[1], f"{name} ")
            return
        self.nothing_left()
        getattr(self, "do_" + word.lower(), self.unknown)(self.text(rest).split(), lines)

    def unknown(self, _words, _lines):
        raise Fault("no such step")

    def do_as(self, words, _lines):
        self.user = words[0]

    def do_using(self, words, _lines):
        self.using = [w if w.startswith("urn:") else JMAP + w for w in words]

    def do_wait(self, words, _lines):
        time.sleep(float(words[0].rstrip("s")))

    def do_gatepost(self, words, _lines):
        self.demo.gatepost(*words)

    def octets(self, lines):
        return "".join(self.text(line[2:]).encode().decode("unicode_escape").encode("latin-1").decode() + "\r\n" for line in lines).encode()

    def do_mail(self, words, lines):
        """mail USER FOLDER [(flags)]: by IMAP, as other programs bring it."""
        flags = " ".join(words[2:]) or None
        client = self.demo.imap(words[0], self.passwords[words[0]])
        done = client.append(words[1], flags, None, self.octets(lines))
        client.logout()
        if done[0] != "OK":
            raise Fault(f"no mail there: {done}")

    def do_delete(self, words, _lines):
        """delete USER FOLDER: what is in it, by IMAP: \\Deleted alone."""
        client = self.demo.imap(words[0], self.passwords[words[0]])
        client.select(words[1])
        client.store("1:*", "+FLAGS.SILENT", r"(\Deleted)")
        client.logout()

    def do_upload(self, words, lines):
        """upload NAME TYPE: the octets of the lines; $NAME is the blob."""
        session = self.session()
        path = "/jmap/upload/" + session.account
        status, _, body = session.request("POST", path, self.octets(lines), {"Content-Type": words[1]})
        if status != 201:
            raise Fault(f"not uploaded: {status} {body[:300]}")
        self.variables[words[0]] = json.loads(body)["blobId"]

    def do_get(self, words, _lines):
        self.answer = self.session().request("GET", urllib.parse.quote(words[0], safe="/?&=%{}*"))

    def do_post(self, words, lines):
        """POST path type [using]: the lines as they are."""
        body = self.text("\n".join(line[2:] for line in lines)).encode()
        headers = {"Content-Type": words[1]} if len(words) > 1 else {}
        if len(body) > 5 << 20:
            # It will be refused: whether it is wanted is asked for first (RFC 9110 10.1.1).
            headers |= {"Expect": "100-continue", "Content-Length": str(len(body))}
            body = None
        self.answer = self.session().request("POST", words[0], body, headers)

    def do_http(self, words, lines):
        """HTTP status [type]: and the content: JSON, or with | as it is."""
        status, headers, body = self.answer
        if status != int(words[0]):
            raise Fault(f"{words[0]} expected, got {status} {body[:300]}")
        if len(words) > 1 and not words[1].startswith("{") and headers.get("Content-Type", "") != words[1]:
            raise Fault(f"{words[1]} expected, got {headers.get('Content-Type')}")
        if lines and lines[0].startswith("|"):
            want = "\n".join(self.text(line[2:]) for line in lines)
            got = body.decode("utf-8", "backslashreplace").replace("\r\n", "\n").rstrip("\n")
            regex = ".*".join(re.escape(p) for p in want.split("**"))
            if not re.fullmatch(regex, got, re.DOTALL):
                raise Fault(f"expected\n{want}\ngot\n{got[:2000]}")
        elif lines:
            self.expect(self.json("", lines), json.loads(body), "")

    def do_field(self, words, _lines):
        """field NAME value: of the answer's header."""
        want, got = " ".join(words[1:]), self.answer[1].get(words[0], "")
        if not re.fullmatch(".*".join(re.escape(p) for p in want.split("**")), got):
            raise Fault(f"{words[0]}: {want} expected, got {got}")

    def play(self):
        for number, word, rest, lines in self.transcript.steps:
            try:
                self.step(word, rest, lines)
            except Exception as fault:  # noqa: BLE001: told with its place
                kind = "" if isinstance(fault, Fault) else type(fault).__name__ + " "
                raise Fault(f"{self.transcript.path}:{number}: {kind}{fault}") from None
        try:
            self.nothing_left()
        except Fault as fault:
            raise Fault(f"{self.transcript.path}: at the end: {fault}") from None


def file_of(method):
    """PushSubscription/get: push_subscription_get."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", method.replace("/", "_")).lower()


def check_methods(table):
    """Every method has a transcript, and the table of docs/jmap.md names it."""
    page = (HERE.parents[1] / "docs/jmap.md").read_text()
    bad = 0
    for method in re.findall(r'\{"([A-Za-z]+/[A-Za-z]+)", k', pathlib.Path(table).read_text()):
        name = file_of(method)
        path = HERE / "jmap" / (name + ".txt")
        if not path.exists():
            print(f"{method} has no transcript {path}")
            bad += 1
        elif f"C: {method} " not in path.read_text():
            print(f"{path} does not call {method}")
            bad += 1
        if not re.search(rf"\| `{re.escape(method)}` \|.*\b{name}\b", page):
            print(f"docs/jmap.md does not name the transcript {name} of {method}")
            bad += 1
    return 1 if bad else 0


def main():
    if "--methods" in sys.argv:
        return check_methods(sys.argv[sys.argv.index("--methods") + 1])
    names = [a for a in sys.argv[1:] if not a.startswith("-")]
    paths = [HERE / "jmap" / (name + ".txt") if (HERE / "jmap" / (name + ".txt")).exists() else pathlib.Path(name) for name in names]
    passed, failed = 0, 0
    with Demo() as demo:
        for number, path in enumerate(paths or sorted((HERE / "jmap").glob("*.txt")), 1):
            transcript = Transcript(path)
            try:
                Conversation(demo, transcript, number).play()
                passed += 1
                print(f"ok    {transcript.name}", flush=True)
            except Exception as fault:  # noqa: BLE001: one transcript's trouble is not the next one's
                failed += 1
                print(f"FAIL  {transcript.name}\n{fault}", flush=True)
        if failed:
            print(demo.log()[-3000:])
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
