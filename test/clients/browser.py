"""A browser as far as the web's sessions know one: it keeps the cookie and the CSRF token."""

import http.client
import json


class Answer:
    def __init__(self, response):
        self.status, self.fields, self.content = response.status, response.headers, response.read()

    def json(self):
        return json.loads(self.content)


class Browser:
    """Keeps the cookie and the CSRF token, as the page does."""

    def __init__(self, demo):
        self.demo, self.cookie, self.csrf = demo, None, None

    def ask(self, method, path, value=None, **fields):
        connection = http.client.HTTPSConnection("localhost", self.demo.port("HTTPS"), context=self.demo.tls, timeout=60)
        sent = {"User-Agent": "test browser", **{name.replace("_", "-"): text for name, text in fields.items()}}
        if self.cookie:
            sent.setdefault("Cookie", f"x=y; {self.cookie}")
        if self.csrf:
            sent.setdefault("X-CSRF-Token", self.csrf)
        body = None
        if value is not None:
            body = json.dumps(value)
            sent.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, sent)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def sign_in(self, password=None, lasting=False, user=None):
        return self.take(self.ask("POST", "/api/session", {"user": user or self.demo.user1, "password": password or self.demo.pass1,
                                                           "lasting": lasting}))

    def take(self, answer):
        if answer.status == 200:
            self.cookie = answer.fields["Set-Cookie"].split(";")[0]
            self.csrf = answer.json()["csrf"]
        return answer

    def jmap(self, **fields):
        value = {"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {"a": 1}, "0"]]}
        return self.ask("POST", "/jmap/api", value, **fields)
