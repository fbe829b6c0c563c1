"""A JMAP client of Python's standard library, for the end-to-end tests."""

import base64
import http.client
import json
import urllib.parse

USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:submission",
         "urn:ietf:params:jmap:vacationresponse", "urn:ietf:params:jmap:blob", "urn:ietf:params:jmap:principals",
         "urn:gatepost:params:jmap:snooze", "urn:gatepost:params:jmap:removed",
         "urn:gatepost:params:jmap:forwarding", "urn:ietf:params:jmap:sieve"]


class Client:
    def __init__(self, demo, user=None, password=None):
        self.demo = demo
        self.web = http.client.HTTPSConnection(demo.host, demo.port("HTTPS"), context=demo.tls, timeout=60)
        token = base64.b64encode(f"{user or demo.user1}:{password or demo.pass1}".encode()).decode()
        self.headers = {"Authorization": "Basic " + token}
        status, _, body = self.request("GET", "/.well-known/jmap")
        assert status == 200, body
        self.session = json.loads(body)
        self.account = self.session["primaryAccounts"]["urn:ietf:params:jmap:mail"]

    def request(self, method, path, body=None, **headers):
        self.web.request(method, path, body=body, headers={**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})
        answer = self.web.getresponse()
        return answer.status, answer.headers, answer.read()

    def path(self, resource, **values):
        url = self.session[resource]
        for key, value in values.items():
            url = url.replace("{%s}" % key, urllib.parse.quote(value, safe=""))
        parts = urllib.parse.urlsplit(url)
        return parts.path + ("?" + parts.query if parts.query else "")

    def calls(self, *calls):
        body = json.dumps({"using": USING, "methodCalls": calls})
        status, _, answer = self.request("POST", self.path("apiUrl"), body, Content_Type="application/json")
        assert status == 200, answer
        return [response[1] for response in json.loads(answer)["methodResponses"]]

    def call(self, name, **arguments):
        return self.calls([name, {"accountId": self.account, **arguments}, "c"])[0]

    def mailbox(self, role):
        return self.call("Mailbox/query", filter={"role": role})["ids"][0]

    def emails(self, **filter):
        ids = self.call("Email/query", filter=filter)["ids"]
        return self.call("Email/get", ids=ids, properties=["id", "subject", "keywords", "mailboxIds", "blobId", "threadId"])["list"]
