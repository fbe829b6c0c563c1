"""News by Web Push: a push service of the test's own hears what JMAP sends."""

import base64
import http.server
import json
import os
import queue
import ssl
import subprocess
import tempfile
import threading
import unittest

from demo import Demo
from jmap_client import Client


class Service(http.server.BaseHTTPRequestHandler):
    heard = None  # queue of (path, fields, content)
    status = {}   # by path

    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status.get(self.path, 201))
        self.send_header("Content-Length", "0")
        self.end_headers()
        Service.heard.put((self.path, self.headers, content))

    def log_message(self, *_):
        pass


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Push(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cert, key = os.path.join(cls.folder.name, "cert.pem"), os.path.join(cls.folder.name, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=push",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True)
        os.chmod(cls.folder.name, 0o755)
        os.chmod(cert, 0o644)
        Service.heard = queue.Queue()
        cls.service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(cert, key)
        cls.service.socket = tls.wrap_socket(cls.service.socket, server_side=True)
        threading.Thread(target=cls.service.serve_forever, daemon=True).start()
        cls.demo = Demo(f'[jmap]\npush_networks = ["127.0.0.0/8"]\npush_ca_file = "{cert}"\n')
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()
        cls.service.shutdown()
        cls.folder.cleanup()

    def url(self, path):
        return f"https://127.0.0.1:{self.service.server_port}{path}"

    def hear(self, path):
        while True:
            where, fields, content = Service.heard.get(timeout=90)
            if where == path:
                return fields, content

    def set(self, client, **arguments):
        return client.calls(["PushSubscription/set", arguments, "c"])[0]

    def subscribe(self, client, path, **more):
        made = self.set(client, create={"s": {"deviceClientId": "phone", "url": self.url(path), **more}})
        self.assertIsNone(made["notCreated"], made)
        return made["created"]["s"]["id"]

    def verified(self, client, path, **more):
        subscription = self.subscribe(client, path, **more)
        asked = json.loads(self.hear(path)[1])
        self.assertEqual((asked["@type"], asked["pushSubscriptionId"]), ("PushVerification", subscription))
        self.assertIsNone(self.set(client, update={subscription: {"verificationCode": asked["verificationCode"]}})["notUpdated"])
        return subscription

    def test_news_come_to_a_verified_service_also_after_kill_9(self):
        client = Client(self.demo)
        key = client.session["capabilities"]["urn:ietf:params:jmap:webpush-vapid"]["applicationServerKey"]
        self.assertEqual(len(decoded(key)), 65)
        subscription = self.verified(client, "/news", types=["Email"])
        self.demo.deliver(subject="pushed")
        fields, content = self.hear("/news")
        change = json.loads(content)
        self.assertEqual((change["@type"], list(change["changed"][client.account])), ("StateChange", ["Email"]))
        self.assertGreater(int(fields["TTL"]), 0)
        token, own = fields["Authorization"].removeprefix("vapid t=").split(", k=")
        self.assertEqual(own, key)
        self.assertEqual(json.loads(decoded(token.split(".")[1]))["aud"], self.url(""))
        self.demo.kill()
        self.demo.start()
        client = Client(self.demo)
        self.assertEqual(client.session["capabilities"]["urn:ietf:params:jmap:webpush-vapid"]["applicationServerKey"], key)
        self.assertEqual([one["id"] for one in client.calls(["PushSubscription/get", {}, "c"])[0]["list"]], [subscription])
        # It has to be watching again before something can be news to it.
        for n in range(40):
            self.demo.deliver(subject=f"after the crash {n}")
            try:
                path, _, content = Service.heard.get(timeout=5)
            except queue.Empty:
                continue
            if path == "/news":
                break
        self.assertIn("changed", json.loads(content))
        self.set(client, destroy=[subscription])

    def test_what_is_sent_to_a_browser_is_encrypted(self):
        client = Client(self.demo)
        keys = {"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
        subscription = self.subscribe(client, "/browser", keys=keys)
        fields, content = self.hear("/browser")
        self.assertEqual(fields["Content-Encoding"], "aes128gcm")
        self.assertEqual((content[16:21], content[21]), (b"\x00\x00\x10\x00\x41", 4))  # RFC 8188 2.1
        self.assertNotIn(b"PushVerification", content)
        self.set(client, destroy=[subscription])

    def test_what_is_gone_and_what_is_inside_is_forgotten(self):
        client = Client(self.demo)
        Service.status["/gone"] = 410
        gone = self.subscribe(client, "/gone")
        self.hear("/gone")
        inside = self.set(client, create={"s": {"deviceClientId": "x", "url": "https://10.0.0.1:1/"}})["created"]["s"]["id"]
        for _ in range(300):
            left = [one["id"] for one in client.calls(["PushSubscription/get", {}, "c"])[0]["list"]]
            if gone not in left and inside not in left:
                break
            threading.Event().wait(0.2)
        self.assertNotIn(gone, left)
        self.assertNotIn(inside, left)
        self.assertIn("jmap.push_refused", self.demo.log())


if __name__ == "__main__":
    unittest.main()
