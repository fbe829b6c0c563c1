"""JMAP over WebSocket (HTTP/1.1), with Python's standard library."""

import base64
import json
import os
import socket
import struct
import unittest

from demo import Demo
from jmap_client import Client


class Socket:
    """A WebSocket client: as much of RFC 6455 as a test needs."""

    def __init__(self, demo, fields="", subprotocol="jmap"):
        self.raw = demo.tls.wrap_socket(socket.create_connection((demo.host, demo.port("HTTPS")), timeout=60), server_hostname=demo.host)
        token = base64.b64encode(f"{demo.user1}:{demo.pass1}".encode()).decode()
        self.raw.sendall((f"GET /jmap/ws HTTP/1.1\r\nHost: {demo.host}:{demo.port('HTTPS')}\r\nAuthorization: Basic {token}\r\nConnection: Upgrade\r\n"
                          f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
                          f"Sec-WebSocket-Protocol: {subprotocol}\r\n{fields}\r\n").encode())
        self.input = b""
        while b"\r\n\r\n" not in self.input:
            self.more()
        head, self.input = self.input.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        self.status = int(self.head.split()[1])

    def more(self):
        piece = self.raw.recv(65536)
        if not piece:
            raise EOFError
        self.input += piece

    def take(self, count):
        while len(self.input) < count:
            self.more()
        out, self.input = self.input[:count], self.input[count:]
        return out

    def frame(self, first, payload, mask=b"abcd"):
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload)) if len(payload) < 65536 else b"\xff" + struct.pack(">Q", len(payload))
        self.raw.sendall(bytes([first]) + length + mask + bytes(octet ^ mask[i % 4] for i, octet in enumerate(payload)))

    def say(self, **message):
        self.frame(0x81, json.dumps(message).encode())

    def hear(self):
        """Opcode and payload of the next frame."""
        first, length = self.take(2)
        if length == 126:
            length = struct.unpack(">H", self.take(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.take(8))[0]
        return first & 15, self.take(length)

    def message(self):
        opcode, payload = self.hear()
        assert opcode == 1, (opcode, payload)
        return json.loads(payload)

    def close(self):
        self.raw.close()


class WebSocket(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()

    def test_requests_are_answered(self):
        session = Client(self.demo).session
        capability = session["capabilities"]["urn:ietf:params:jmap:websocket"]
        self.assertTrue(capability["url"].startswith("wss://") and capability["url"].endswith("/jmap/ws"))
        ws = Socket(self.demo)
        self.assertEqual(ws.status, 101)
        self.assertIn("sec-websocket-protocol: jmap", ws.head.lower())
        using = ["urn:ietf:params:jmap:core"]
        ws.say(**{"@type": "Request", "id": "R1", "using": using, "methodCalls": [["Core/echo", {"hello": True}, "c"]]})
        answer = ws.message()
        self.assertEqual((answer["@type"], answer["requestId"], answer["methodResponses"]), ("Response", "R1", [["Core/echo", {"hello": True}, "c"]]))
        # Large, and in pieces with a ping between them.
        text = json.dumps({"@type": "Request", "id": "R2", "using": using, "methodCalls": [["Core/echo", {"x": "y" * 200000}, "c"]]}).encode()
        ws.frame(0x01, text[:100])
        ws.frame(0x89, b"there?")
        ws.frame(0x00, text[100:70000])
        ws.frame(0x80, text[70000:])
        self.assertEqual(ws.hear(), (10, b"there?"))
        self.assertEqual(len(ws.message()["methodResponses"][0][1]["x"]), 200000)
        ws.frame(0x81, b"{")
        self.assertEqual(ws.message()["type"], "urn:ietf:params:jmap:error:notJSON")
        ws.frame(0x88, struct.pack(">H", 1000))
        self.assertEqual(ws.hear(), (8, struct.pack(">H", 1000)))
        ws.close()

    def test_news_come_by_themselves(self):
        client = Client(self.demo)
        ws = Socket(self.demo)
        ws.say(**{"@type": "WebSocketPushEnable", "dataTypes": ["Email"], "pushState": "none"})
        known = ws.message()
        self.assertEqual(known["@type"], "StateChange")
        self.demo.deliver(subject="pushed")
        news = ws.message()
        self.assertNotEqual(news["pushState"], known["pushState"])
        self.assertEqual(list(news["changed"][client.account]), ["Email"])
        state = known["changed"][client.account]["Email"]
        self.assertTrue(client.call("Email/changes", sinceState=state)["created"])
        ws.say(**{"@type": "WebSocketPushDisable"})
        self.demo.deliver(subject="not pushed")
        ws.say(**{"@type": "Request", "id": "R", "using": ["urn:ietf:params:jmap:core"], "methodCalls": []})
        self.assertEqual(ws.message()["requestId"], "R")
        ws.close()

    def test_what_is_no_websocket_for_jmap_is_refused(self):
        self.assertEqual(Client(self.demo).request("GET", "/jmap/ws")[0], 426)
        self.assertEqual(Socket(self.demo, subprotocol="chat").status, 400)
        self.assertEqual(Socket(self.demo, fields="Origin: https://elsewhere.example\r\n").status, 403)
        ws = Socket(self.demo)
        ws.frame(0x82, b"binary")
        self.assertEqual(ws.hear(), (8, struct.pack(">H", 1003)))
        ws = Socket(self.demo)
        ws.raw.sendall(b"\x81\x01x")  # not masked
        self.assertEqual(ws.hear(), (8, struct.pack(">H", 1002)))
        ws.close()


if __name__ == "__main__":
    unittest.main()
