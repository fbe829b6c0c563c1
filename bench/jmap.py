#!/usr/bin/env python3
"""Milliseconds of the server that JMAP takes for the first page of a large mailbox: Email/query and Email/get in one request, as a webmail asks.

jmap.py [--messages 100000] [--rounds 12] [--page 30] [--json]

Starts a server of its own on fresh data (script/server), fills one mailbox, and asks over one HTTPS connection: at first (nobody has looked at the mailbox; after that, nobody has asked this), again,
right after a change (a flag, a new message), and when the server has been started again, each time. What is told is processor time of the server, so that other work of the machine does not count; the
slowest answer is also told as the client saw it. Before the first question it waits until the server does nothing. Memory is what is resident, in MiB.
"""

import argparse
import base64
import http.client
import json
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test/clients"))
from demo import Demo  # noqa: E402

PROPERTIES = ["threadId", "mailboxIds", "keywords", "from", "subject", "receivedAt", "preview", "hasAttachment", "size"]
FILTERS = {"mailbox": ({}, False), "mailbox, conversations": ({}, True), "unread": ({"notKeyword": "$seen"}, False),
           "unread, conversations": ({"notKeyword": "$seen"}, True), "attachments": ({"hasAttachment": True}, False)}


def mbox(path, count, user):
    with open(path, "w") as out:
        for i in range(count):
            kind = "Content-Type: application/pdf\n" if i % 20 == 0 else ""
            parent = f"References: <{i - 1}@x>\n" if i % 3 else ""
            seen = "Status: RO\n" if i % 4 else ""
            out.write(f"From a@x Thu Nov 26 10:00:00 2026\nFrom: Sender {i % 97} <s{i % 97}@x.example>\nTo: {user}\nSubject: subject {i - i % 3}\n"
                      f"Message-ID: <{i}@x>\n{parent}{seen}{kind}Date: Thu, 26 Nov 2026 {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02} +0000\n\nbody {i}\n\n")


def processor(pid):
    """Milliseconds that the threads of a process have run."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            pass
    return total / 1e6


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return round(int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024, 1)


def settle(pid):
    """Until what the server does by itself, such as indexing, is done."""
    before = processor(pid)
    while True:
        time.sleep(2)
        now = processor(pid)
        if now - before < 5:
            return
        before = now


class Client:
    def __init__(self, demo, limit=30):
        self.pid, self.limit = demo.pid, limit
        self.web = http.client.HTTPSConnection(demo.host, demo.port("HTTPS"), context=demo.tls, timeout=300)
        token = base64.b64encode(f"{demo.user1}:{demo.pass1}".encode()).decode()
        self.fields = {"Authorization": "Basic " + token, "Content-Type": "application/json"}
        self.web.request("GET", "/.well-known/jmap", headers=self.fields)
        self.account = json.loads(self.web.getresponse().read())["primaryAccounts"]["urn:ietf:params:jmap:mail"]

    def calls(self, *calls):
        body = json.dumps({"using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"], "methodCalls": calls})
        self.web.request("POST", "/jmap/api", body, self.fields)
        return json.loads(self.web.getresponse().read())["methodResponses"]

    def inbox(self):
        boxes = self.calls(["Mailbox/get", {"accountId": self.account, "properties": ["role"]}, "m"])[0][1]["list"]
        return next(one["id"] for one in boxes if one["role"] == "inbox")

    def page(self, box, name):
        extra, collapse = FILTERS[name]
        begin, before = time.perf_counter(), processor(self.pid)
        answer = self.calls(
            ["Email/query", {"accountId": self.account, "filter": {"inMailbox": box, **extra}, "sort": [{"property": "receivedAt", "isAscending": False}],
                             "collapseThreads": collapse, "limit": self.limit, "calculateTotal": True}, "q"],
            ["Email/get", {"accountId": self.account, "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"}, "properties": PROPERTIES}, "g"])
        return processor(self.pid) - before, (time.perf_counter() - begin) * 1000, answer[0][1]["total"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--messages", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=12)
    options.add_argument("--page", type=int, default=30, help="messages of a page")
    options.add_argument("--json", action="store_true", help="one object in place of lines")
    options = options.parse_args()
    out = {}
    with Demo() as demo, tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "all.mbox"
        mbox(path, options.messages, demo.user1)
        demo.gatepost("account", "import", demo.user1, str(path), "--format", "mbox")
        settle(demo.pid)
        client = Client(demo, options.page)
        box = client.inbox()
        memory = {"filled": resident(demo.pid)}
        imap = demo.imap()
        imap.select()
        changed = options.messages // 2
        for name in FILTERS:
            first, _, total = client.page(box, name)
            again = statistics.median(client.page(box, name)[0] for _ in range(options.rounds))
            after = []
            for i in range(options.rounds):
                if i % 4 == 3:
                    imap.append("INBOX", None, None, b"Subject: new\r\n\r\nx\r\n")
                else:
                    changed += 1
                    imap.store(str(changed + 1), "-FLAGS" if changed % 4 else "+FLAGS", r"(\Seen)")
                after.append(client.page(box, name))
            out[name] = {"found": total, "first": round(first, 2), "again": round(again, 2), "after a change": round(statistics.median(one[0] for one in after), 2),
                         "slowest after a change": round(max(one[0] for one in after), 2), "slowest as seen": round(max(one[1] for one in after), 2)}
            if not options.json:
                print(name, out[name], flush=True)
        memory["asked"] = resident(demo.pid)
        imap.logout()
        time.sleep(25)  # what makes the next look cheap is written every 10 s
        for name in FILTERS:
            demo.stop()
            demo.start()
            client = Client(demo, options.page)
            settle(demo.pid)
            out[name]["after a start"] = round(client.page(box, name)[0], 2)
            if not options.json:
                print(name, "after a start", out[name]["after a start"], flush=True)
        for name in FILTERS:
            client.page(box, name)
        memory["started and asked"] = resident(demo.pid)
        out["memory"] = memory
        if not options.json:
            print("memory", memory)
    if options.json:
        print(json.dumps(out))


if __name__ == "__main__":
    main()
