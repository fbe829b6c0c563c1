"""JMAP over HTTPS with Python's standard library: the session, calls, blobs, sending, and the event stream."""

import base64
import json
import time
import unittest

from demo import Demo
from jmap_client import Client

class Jmap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()

    def test_a_letter_is_written_sent_read_and_answered(self):
        anna, bert = Client(self.demo), Client(self.demo, self.demo.user2, self.demo.pass2)
        drafts, sent = anna.mailbox("drafts"), anna.mailbox("sent")
        made, submitted, filed = anna.calls(
            ["Email/set", {"accountId": anna.account, "create": {"d": {
                "mailboxIds": {drafts: True}, "keywords": {"$draft": True, "$seen": True},
                "from": [{"name": "Änna", "email": self.demo.user1}], "to": [{"email": self.demo.user2}],
                "subject": "Grüße", "textBody": [{"partId": "t", "type": "text/plain"}],
                "bodyValues": {"t": {"value": "Hällo"}}}}}, "a"],
            ["EmailSubmission/set", {"accountId": anna.account, "create": {"s": {"identityId": "I1", "emailId": "#d"}},
                                     "onSuccessUpdateEmail": {"#s": {"mailboxIds": {sent: True}, "keywords/$draft": None}}}, "b"])
        self.assertIn("d", made["created"])
        self.assertEqual(submitted["created"]["s"]["undoStatus"], "final")
        self.assertEqual(list(filed["updated"]), [made["created"]["d"]["id"]])
        letter = [e for e in bert.emails(subject="grüße")]
        self.assertEqual(len(letter), 1)
        whole = bert.call("Email/get", ids=[letter[0]["id"]], fetchTextBodyValues=True)["list"][0]
        self.assertEqual(list(whole["bodyValues"].values())[0]["value"].strip(), "Hällo")
        self.assertEqual(whole["from"], [{"name": "Änna", "email": self.demo.user1}])
        self.assertEqual([e["mailboxIds"] for e in anna.emails(subject="grüße")], [{sent: True}])

    def test_imap_and_jmap_see_the_same(self):
        client = Client(self.demo)
        imap = self.demo.imap()
        imap.append("INBOX", r"(\Flagged Work)", None, b"Message-ID: <root@x>\r\nSubject: shared view\r\n\r\nbody\r\n")
        email = client.emails(subject="shared view")[0]
        self.assertEqual(email["keywords"], {"$flagged": True, "work": True})
        imap.select("INBOX")
        thread = imap.uid("SEARCH", "THREADID", email["threadId"])[1][0].split()
        self.assertEqual(len(thread), 1)
        client.call("Email/set", update={email["id"]: {"keywords/$seen": True, "keywords/work": None}})
        flags = imap.uid("FETCH", thread[0].decode(), "(FLAGS)")[1][0]
        self.assertIn(rb"\Seen", flags)
        self.assertNotIn(b"Work", flags)
        client.call("Email/set", destroy=[email["id"]])
        self.assertEqual(imap.uid("SEARCH", "SUBJECT", '"shared view"')[1][0], b"")
        imap.logout()

    def test_blobs_go_up_and_come_down(self):
        client = Client(self.demo)
        message = b"Subject: uploaded\r\n\r\n" + b"0123456789" * 20000 + b"\r\n"
        status, _, body = client.request("POST", client.path("uploadUrl", accountId=client.account), message, Content_Type="message/rfc822")
        self.assertEqual(status, 201)
        blob = json.loads(body)
        self.assertEqual(blob["size"], len(message))
        made = client.call("Email/import", emails={"k": {"blobId": blob["blobId"], "mailboxIds": {client.mailbox("archive"): True}}})
        down = client.path("downloadUrl", accountId=client.account, blobId=made["created"]["k"]["blobId"], name="grüße.eml", type="text/plain")
        status, headers, body = client.request("GET", down)
        self.assertEqual((status, body), (200, message))
        self.assertIn("attachment", headers["Content-Disposition"])
        status, headers, body = client.request("GET", down, Range="bytes=9-16")
        self.assertEqual((status, body), (206, b"uploaded"))
        other = Client(self.demo, self.demo.user2, self.demo.pass2)
        self.assertEqual(other.request("GET", down)[0], 404)
        # An attachment comes with its encoding undone.
        mixed = (b"Subject: parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: image/png\r\n"
                 b"Content-Disposition: attachment; filename=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJDREU=\r\n--b--\r\n")
        imap = self.demo.imap()
        imap.append("INBOX", None, None, mixed)
        imap.logout()
        email = client.emails(subject="parts")[0]
        part = client.call("Email/get", ids=[email["id"]], properties=["attachments"])["list"][0]["attachments"][0]
        self.assertEqual((part["name"], part["size"]), ("a.png", 5))
        status, _, body = client.request("GET", client.path("downloadUrl", accountId=client.account, blobId=part["blobId"], name="a.png", type="image/png"))
        self.assertEqual((status, body), (200, b"ABCDE"))

    def begun(self, path, type):
        """A request whose content does not come, once the server has taken its head."""
        client = Client(self.demo)
        client.web.putrequest("POST", path)
        for name, value in {**client.headers, "Content-Type": type, "Content-Length": "10", "Expect": "100-continue"}.items():
            client.web.putheader(name, value)
        client.web.endheaders()
        self.assertIn(b"100 Continue", client.web.sock.recv(100))
        return client.web

    def test_a_user_has_so_many_requests_and_uploads_at_once(self):
        client = Client(self.demo)
        core = client.session["capabilities"]["urn:ietf:params:jmap:core"]
        uploads, api = client.path("uploadUrl", accountId=client.account), client.path("apiUrl")
        other = Client(self.demo, self.demo.user2, self.demo.pass2)
        others = other.path("uploadUrl", accountId=other.account)
        for path, type, limit, good in ((uploads, "text/plain", "maxConcurrentUpload", 201), (api, "application/json", "maxConcurrentRequests", 200)):
            held = [self.begun(path, type) for _ in range(core[limit])]
            content = json.dumps({"using": [], "methodCalls": []})
            status, headers, body = client.request("POST", path, content, Content_Type=type)
            self.assertEqual((status, headers["Content-Type"]), (400, "application/problem+json"))
            self.assertEqual(json.loads(body), {"type": "urn:ietf:params:jmap:error:limit", "status": 400, "limit": limit})
            # Those of another user are not his, and the connection is as good as before.
            self.assertEqual(other.request("POST", others if path == uploads else path, content, Content_Type=type)[0], good)
            for web in held:
                web.close()
            for _ in range(100):
                status = client.request("POST", path, content, Content_Type=type)[0]
                if status == good:
                    break
                time.sleep(0.1)
            self.assertEqual(status, good)

    def test_more_mailboxes_than_are_given_at_once_come_by_query(self):
        client = Client(self.demo, self.demo.user2, self.demo.pass2)
        most = client.session["capabilities"]["urn:ietf:params:jmap:core"]["maxObjectsInGet"]
        few = len(client.call("Mailbox/get")["list"])
        made = client.call("Mailbox/set", create={f"c{i}": {"name": f"Many {i}"} for i in range(most - few)})["created"]
        self.assertEqual(len(made), most - few)
        self.assertEqual(len(client.call("Mailbox/get")["list"]), most)
        one = client.call("Mailbox/set", create={"one": {"name": "One more"}})["created"]["one"]["id"]
        self.assertEqual(client.call("Mailbox/get")["type"], "requestTooLarge")
        ids = client.call("Mailbox/query")["ids"]
        self.assertEqual(len(ids), most + 1)
        self.assertEqual(len(client.call("Mailbox/get", ids=ids[:most])["list"]), most)
        client.call("Mailbox/set", destroy=[one, *(m["id"] for m in made.values())][:most])

    def test_news_come_as_events(self):
        client, stream = Client(self.demo), Client(self.demo)
        stream.web.request("GET", stream.path("eventSourceUrl", types="*", closeafter="state", ping="0"), headers=stream.headers)
        answer = stream.web.getresponse()
        self.assertEqual(answer.headers["Content-Type"], "text/event-stream")
        imap = self.demo.imap()
        imap.append("INBOX", None, None, b"Subject: news\r\n\r\nx\r\n")
        imap.logout()
        text = answer.read().decode()
        self.assertIn("event: state", text)
        data = [line[6:] for line in text.splitlines() if line.startswith("data: ")][0]
        self.assertIn("Email", json.loads(data)["changed"][client.account])

    def test_a_change_of_the_directory_is_told_with_the_next_sign_of_life(self):
        stream = Client(self.demo)
        stream.web.request("GET", stream.path("eventSourceUrl", types="Principal", closeafter="state", ping="30"), headers=stream.headers)
        answer = stream.web.getresponse()
        self.demo.gatepost("account", "add", f"carl@{self.demo.domain}", "--password-stdin", stdin="the password of carl\n")
        text = answer.read().decode()
        data = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
        self.assertEqual(json.loads(data[0]), {"interval": 30})
        state = stream.call("Principal/get", ids=[])["state"]
        self.assertEqual(json.loads(data[1])["changed"], {stream.account: {"Principal": state}})

    def test_mail_that_is_put_off_comes_back(self):
        client = Client(self.demo)
        imap = self.demo.imap()
        imap.append("INBOX", r"(\Seen)", None, b"Message-ID: <later@x>\r\nSubject: put off\r\n\r\nbody\r\n")
        email = client.emails(subject="put off")[0]
        inbox = client.mailbox("inbox")
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
        answer = client.call("Email/set", update={email["id"]: {"snoozed": {"until": until}}})
        self.assertIn(email["id"], answer["updated"])
        imap.select("Snoozed")
        self.assertIn(b"$snoozed", imap.fetch("1", "(FLAGS)")[1][0])
        deadline = time.time() + 60
        while time.time() < deadline:
            back = client.emails(subject="put off")
            if back and back[0]["mailboxIds"] == {inbox: True}:
                break
            time.sleep(0.3)
        self.assertEqual(back[0]["mailboxIds"], {inbox: True})
        self.assertEqual(back[0]["keywords"], {})
        imap.logout()

    def test_what_is_no_request_is_refused(self):
        client = Client(self.demo)
        status, headers, body = client.request("POST", client.path("apiUrl"), "{", Content_Type="application/json")
        self.assertEqual((status, json.loads(body)["type"]), (400, "urn:ietf:params:jmap:error:notJSON"))
        self.assertEqual(client.request("POST", client.path("apiUrl"), "{}", Content_Type="text/plain")[0], 400)
        self.assertIn(client.request("GET", client.path("apiUrl"))[0], (404, 405))
        client.headers = {}
        self.assertEqual(client.request("GET", "/.well-known/jmap")[0], 401)
        client.headers = {"Authorization": "Basic " + base64.b64encode(b"x:y").decode()}
        self.assertEqual(client.request("GET", "/.well-known/jmap")[0], 401)


if __name__ == "__main__":
    unittest.main()
