"""HTTP/2 by its frames, over TLS: what RFC 9113 and RFC 7541 forbid, and floods of what they allow. The connection is
ended with the RFC's own code or the stream is; everybody else is served meanwhile, in bounded memory."""

import os
import pathlib
import shutil
import socket
import ssl
import tempfile
import time
import unittest

from demo import Demo

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 1
END_HEADERS, PADDED, PRIORITIZED = 4, 8, 32
# RFC 9113 7
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR = range(7)
REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(7, 12)
SETTINGS_HEADER_TABLE_SIZE, SETTINGS_ENABLE_PUSH, SETTINGS_INITIAL_WINDOW_SIZE, SETTINGS_MAX_FRAME_SIZE = 1, 2, 4, 5


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def u32(number):
    return number.to_bytes(4, "big")


def setting(name, value):
    return name.to_bytes(2, "big") + u32(value)


def integer(value, bits, first=0):
    """RFC 7541 5.1"""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


def literal(name, value):
    """RFC 7541 6.2.2: without indexing, the name new."""
    return b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value


def fields(*pairs):
    return b"".join(literal(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)


def head(path="/small.txt", *more, method="GET"):
    return fields((":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path), *more)


def get(stream, path="/small.txt", *more):
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, head(path, *more))


def post(stream, *more):
    return frame(HEADERS, END_HEADERS, stream, head("/api/session", ("content-type", "application/json"), *more, method="POST"))


def status_of(block):
    """The status an answer's block begins with, where no table is used."""
    while block[0] & 0xe0 == 0x20:  # an update of the table's size
        at = 1
        if block[0] == 0x3f:
            while block[at] & 0x80:
                at += 1
            at += 1
        block = block[at:]
    if block[0] & 0x80:
        return {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}[block[0] & 0x7f]
    octets = block[2:2 + (block[1] & 0x7f)]
    if not block[1] & 0x80:
        return int(octets)
    bits, out = "".join(f"{octet:08b}" for octet in octets), ""  # RFC 7541 Appendix B: digits alone
    while len(out) < 3:
        size = 5 if bits[:5] in ("00000", "00001", "00010") else 6
        out += str(int(bits[:5], 2)) if size == 5 else str(int(bits[:6], 2) - 0b011001 + 3)
        bits = bits[size:]
    return int(out)


class Peer:
    """One connection. What came is in: goaway (code or None), resets and statuses by stream, pongs, contents."""

    def __init__(self, test, begin=PREFACE + frame(SETTINGS, 0, 0, setting(SETTINGS_HEADER_TABLE_SIZE, 0))):
        plain = socket.create_connection(("127.0.0.1", test.demo.port("HTTPS")), timeout=15)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = test.context.wrap_socket(plain, server_hostname="localhost")
        assert self.stream.selected_alpn_protocol() == "h2"
        self.goaway, self.resets, self.statuses, self.contents, self.pongs, self.settings_acks = None, {}, {}, {}, [], 0
        self.over, self.rest = False, b""
        self.send(begin)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def send(self, octets):
        try:
            self.stream.sendall(octets)
            return True
        except (ConnectionError, ssl.SSLError, TimeoutError):
            return False

    def take(self, kind, flags, stream, payload):
        if kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8], "big")
        elif kind == RST_STREAM:
            self.resets.setdefault(stream, int.from_bytes(payload, "big"))
        elif kind == HEADERS:
            self.statuses.setdefault(stream, []).append(status_of(payload))
        elif kind == DATA:
            self.contents[stream] = self.contents.get(stream, b"") + payload
        elif kind == PING and flags & ACK:
            self.pongs.append(payload)
        elif kind == SETTINGS and flags & ACK:
            self.settings_acks += 1

    def read_until(self, condition, seconds=8):
        """False: the time is over. The connection's end ends it, too."""
        end = time.monotonic() + seconds
        while not condition():
            if self.over:
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            self.stream.settimeout(left)
            try:
                more = self.stream.recv(65536)
            except (ConnectionError, ssl.SSLError):
                more = b""
            except TimeoutError:
                return False
            self.over = not more
            self.rest += more
            while len(self.rest) >= 9 and len(self.rest) >= 9 + int.from_bytes(self.rest[:3], "big"):
                size = 9 + int.from_bytes(self.rest[:3], "big")
                one, self.rest = self.rest[:size], self.rest[size:]
                self.take(one[3], one[4], int.from_bytes(one[5:9], "big") & 0x7fffffff, one[9:])
        return True


class Http2(unittest.TestCase):
    kMostGrowth = 64 << 20  # of the server's memory by whatever one connection does

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="gatepost-web-")
        os.chmod(cls.folder, 0o755)
        pathlib.Path(cls.folder, "small.txt").write_text("<small>")
        pathlib.Path(cls.folder, "hidden.txt").write_text("<hidden>")
        pathlib.Path(cls.folder, "large.bin").write_bytes(os.urandom(4 << 20))
        cls.demo = Demo(extra_config=f'[http]\nweb_dir = "{cls.folder}"\nhead_timeout = "5 s"\nbody_timeout = "5 s"\n')
        cls.demo.start()
        cls.context = ssl.create_default_context(cafile=cls.demo.env["GP_CA"])
        cls.context.set_alpn_protocols(["h2"])

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()
        shutil.rmtree(cls.folder)

    def memory(self):
        for line in pathlib.Path(f"/proc/{self.demo.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
        raise AssertionError("no server")

    def works(self, peer, stream=9001):
        """The connection is as good as new."""
        peer.send(frame(PING, 0, 0, b"and now?") + get(stream))
        self.assertTrue(peer.read_until(lambda: b"and now?" in peer.pongs and peer.contents.get(stream) == b"<small>"))
        self.assertEqual((peer.goaway, peer.over, peer.statuses.get(stream)), (None, False, [200]))

    def others_are_served(self):
        began = time.monotonic()
        with Peer(self) as other:
            self.works(other, 1)
        self.assertLess(time.monotonic() - began, 5)

    def ends(self, octets, *codes, **how):
        """A connection error (RFC 9113 5.4.1): GOAWAY with one of the codes, and the end."""
        with Peer(self, **how) as peer:
            peer.send(octets)
            self.assertTrue(peer.read_until(lambda: False), "the connection was left open")
            self.assertIn(peer.goaway, codes)
            self.assertNotIn(b"<hidden>", peer.contents.values())

    def resets(self, octets, *codes, stream=1, statuses=(400,)):
        """A stream error (RFC 9113 5.4.2), which an answer may precede (8.1.1); the connection stays, or is ended with the
        same code (5.4.1)."""
        with Peer(self) as peer:
            peer.send(octets)
            self.assertTrue(peer.read_until(lambda: stream in peer.resets or stream in peer.statuses))
            self.assertNotIn(b"<hidden>", peer.contents.values())
            if peer.over:
                self.assertIn(peer.goaway, codes)
                return
            if stream in peer.statuses:
                self.assertIn(peer.statuses[stream][0], statuses)
            else:
                self.assertIn(peer.resets.get(stream), codes, "the stream's error")
            self.works(peer)

    def walk(self, table, check):
        for section, name, octets, *codes in table:
            with self.subTest(name, section=section):
                check(octets, *codes)

    def test_it_begins_with_the_preface(self):
        begin = frame(SETTINGS, 0, 0, setting(SETTINGS_HEADER_TABLE_SIZE, 0))
        for name, octets in (("none", begin + get(1)), ("another", PREFACE.replace(b"SM", b"XX") + begin + get(1)),
                             ("HTTP/1.1", b"GET /hidden.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                             ("twice", PREFACE + PREFACE + begin + get(1)),
                             ("no SETTINGS", PREFACE + get(1)), ("PING first", PREFACE + frame(PING, 0, 0, bytes(8)) + begin),
                             ("an ACK first", PREFACE + frame(SETTINGS, ACK, 0) + get(1))):
            with self.subTest(name), Peer(self, begin=octets) as peer:  # RFC 9113 3.4: GOAWAY may be left out
                self.assertTrue(peer.read_until(lambda: False), "the connection was left open")
                self.assertIn(peer.goaway, (None, PROTOCOL_ERROR, FRAME_SIZE_ERROR))
                self.assertEqual(peer.statuses, {})
        with Peer(self, begin=b"") as peer:
            for octet in PREFACE + begin:
                peer.send(bytes([octet]))
            self.works(peer, 1)

    def test_connection_errors_end_it(self):
        large = bytes((16 << 10) + 1)
        open_one = frame(HEADERS, END_HEADERS, 1, head("/api/session", method="POST"))
        cut = frame(HEADERS, END_STREAM, 1, head())
        self.walk((
            ("5.1", "DATA on an idle stream", frame(DATA, 0, 5, b"x"), PROTOCOL_ERROR, STREAM_CLOSED),
            ("5.1", "RST_STREAM on an idle stream", frame(RST_STREAM, 0, 5, u32(CANCEL)), PROTOCOL_ERROR),
            ("5.1", "WINDOW_UPDATE on an idle stream", frame(WINDOW_UPDATE, 0, 5, u32(1)), PROTOCOL_ERROR),
            ("5.1", "CONTINUATION on an idle stream", frame(CONTINUATION, END_HEADERS, 5, head()), PROTOCOL_ERROR),
            ("5.1", "HEADERS after the end of a stream that is open", get(1, "/large.bin") + get(1), STREAM_CLOSED, PROTOCOL_ERROR),
            ("5.1.1", "an even stream", get(2), PROTOCOL_ERROR),
            ("6.1", "DATA on stream 0", frame(DATA, END_STREAM, 0, b"x"), PROTOCOL_ERROR),
            ("6.1", "DATA with more padding than frame", open_one + frame(DATA, PADDED, 1, b"\x05abcd"), PROTOCOL_ERROR),
            ("6.1", "DATA with padding and no length of it", open_one + frame(DATA, PADDED, 1), FRAME_SIZE_ERROR, PROTOCOL_ERROR),
            ("6.2", "HEADERS on stream 0", get(0), PROTOCOL_ERROR),
            ("6.2", "HEADERS with more padding than frame", frame(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, b"\xff" + head()), PROTOCOL_ERROR),
            ("6.2", "HEADERS too short for a priority", frame(HEADERS, END_STREAM | END_HEADERS | PRIORITIZED, 1, b"\0\0\0"), FRAME_SIZE_ERROR, PROTOCOL_ERROR),
            ("6.3", "PRIORITY on stream 0", frame(PRIORITY, 0, 0, bytes(5)), PROTOCOL_ERROR),
            ("6.4", "RST_STREAM on stream 0", frame(RST_STREAM, 0, 0, u32(CANCEL)), PROTOCOL_ERROR),
            ("6.4", "RST_STREAM of three octets", open_one + frame(RST_STREAM, 0, 1, b"\0\0\0"), FRAME_SIZE_ERROR),
            ("6.5", "SETTINGS on a stream", frame(SETTINGS, 0, 1), PROTOCOL_ERROR),
            ("6.5", "SETTINGS of five octets", frame(SETTINGS, 0, 0, bytes(5)), FRAME_SIZE_ERROR),
            ("6.5", "an ACK of SETTINGS with a payload", frame(SETTINGS, ACK, 0, setting(3, 1)), FRAME_SIZE_ERROR),
            ("6.5.2", "push by 2", frame(SETTINGS, 0, 0, setting(SETTINGS_ENABLE_PUSH, 2)), PROTOCOL_ERROR),
            ("6.5.2", "a first window beyond 31 bits", frame(SETTINGS, 0, 0, setting(SETTINGS_INITIAL_WINDOW_SIZE, 1 << 31)), FLOW_CONTROL_ERROR),
            ("6.5.2", "frames too small", frame(SETTINGS, 0, 0, setting(SETTINGS_MAX_FRAME_SIZE, 16383)), PROTOCOL_ERROR),
            ("6.5.2", "frames too large", frame(SETTINGS, 0, 0, setting(SETTINGS_MAX_FRAME_SIZE, 1 << 24)), PROTOCOL_ERROR),
            ("6.6", "PUSH_PROMISE by a client", open_one + frame(PUSH_PROMISE, END_HEADERS, 1, u32(2) + head()), PROTOCOL_ERROR),
            ("6.7", "PING on a stream", frame(PING, 0, 1, bytes(8)), PROTOCOL_ERROR),
            ("6.7", "PING of six octets", frame(PING, 0, 0, bytes(6)), FRAME_SIZE_ERROR),
            ("6.8", "GOAWAY on a stream", frame(GOAWAY, 0, 1, bytes(8)), PROTOCOL_ERROR),
            ("6.8", "GOAWAY too short", frame(GOAWAY, 0, 0, bytes(7)), FRAME_SIZE_ERROR),
            ("6.9", "WINDOW_UPDATE of 0 for the connection", frame(WINDOW_UPDATE, 0, 0, u32(0)), PROTOCOL_ERROR),
            ("6.9", "WINDOW_UPDATE of three octets", frame(WINDOW_UPDATE, 0, 0, b"\0\0\1"), FRAME_SIZE_ERROR),
            ("6.9.1", "a window of the connection beyond 31 bits", frame(WINDOW_UPDATE, 0, 0, u32((1 << 31) - 1)), FLOW_CONTROL_ERROR),
            ("6.10", "CONTINUATION without HEADERS", frame(CONTINUATION, END_HEADERS, 1, head()), PROTOCOL_ERROR),
            ("6.10", "CONTINUATION after the end of HEADERS", open_one + frame(CONTINUATION, END_HEADERS, 1, b""), PROTOCOL_ERROR),
            ("6.10", "CONTINUATION on stream 0", cut + frame(CONTINUATION, END_HEADERS, 0, b""), PROTOCOL_ERROR),
            ("6.10", "CONTINUATION of another stream", cut + frame(CONTINUATION, END_HEADERS, 3, b""), PROTOCOL_ERROR),
            ("6.2", "PING before CONTINUATION", cut + frame(PING, 0, 0, bytes(8)), PROTOCOL_ERROR),
            ("6.2", "HEADERS before CONTINUATION", cut + get(3, "/hidden.txt"), PROTOCOL_ERROR),
            ("6.2", "DATA before CONTINUATION", cut + frame(DATA, END_STREAM, 1, b"x"), PROTOCOL_ERROR),
            ("6.2", "an unknown frame before CONTINUATION", cut + frame(0xfa, 0, 1, b"x"), PROTOCOL_ERROR),
            ("4.2", "HEADERS larger than agreed", frame(HEADERS, END_STREAM | END_HEADERS, 1, large), FRAME_SIZE_ERROR),
            ("4.2", "DATA larger than agreed", open_one + frame(DATA, END_STREAM, 1, large), FRAME_SIZE_ERROR),
            ("4.2", "SETTINGS larger than agreed", frame(SETTINGS, 0, 0, setting(0x77, 1) * 2731), FRAME_SIZE_ERROR),
            ("4.2", "a frame of all octets", b"\xff\xff\xff\0\0\0\0\0\1" + large, FRAME_SIZE_ERROR),
            ("4.3", "an index of nothing", frame(HEADERS, END_STREAM | END_HEADERS, 1, head() + b"\xff\x7f"), COMPRESSION_ERROR),
            ("RFC 7541 6.1", "index 0", frame(HEADERS, END_STREAM | END_HEADERS, 1, head() + b"\x80"), COMPRESSION_ERROR),
            ("RFC 7541 6.3", "a table larger than allowed", frame(HEADERS, END_STREAM | END_HEADERS, 1, integer(4097, 5, 0x20) + head()), COMPRESSION_ERROR),
            ("RFC 7541 4.2", "a table's size after a field", frame(HEADERS, END_STREAM | END_HEADERS, 1, head() + b"\x20"), COMPRESSION_ERROR),
            ("RFC 7541 5.1", "a number without end", frame(HEADERS, END_STREAM | END_HEADERS, 1, head() + b"\xff" + b"\xff" * 20 + b"\0"), COMPRESSION_ERROR),
            ("RFC 7541 5.2", "a text longer than its block", frame(HEADERS, END_STREAM | END_HEADERS, 1, head() + b"\0\x7f\x20x"), COMPRESSION_ERROR),
            ("RFC 7541 5.2", "padding of a byte in Huffman's code", frame(HEADERS, END_STREAM | END_HEADERS, 1, head() + b"\0\x82\x1f\xff\1x"), COMPRESSION_ERROR),
            ("RFC 7541 5.2", "EOS in Huffman's code", frame(HEADERS, END_STREAM | END_HEADERS, 1, head() + b"\0\x84\xff\xff\xff\xff\1x"), COMPRESSION_ERROR),
        ), self.ends)

    def test_stream_errors_end_the_stream_alone(self):
        self.walk((
            ("6.9", "WINDOW_UPDATE of 0", post(1) + frame(WINDOW_UPDATE, 0, 1, u32(0)), PROTOCOL_ERROR),
            ("6.9.1", "a window beyond 31 bits", post(1) + frame(WINDOW_UPDATE, 0, 1, u32((1 << 31) - 1)), FLOW_CONTROL_ERROR),
            ("8.1.1", "more content than length", post(1, ("content-length", "1")) + frame(DATA, END_STREAM, 1, b"{}"), PROTOCOL_ERROR),
            ("8.1.1", "less content than length", post(1, ("content-length", "3")) + frame(DATA, END_STREAM, 1, b"{}"), PROTOCOL_ERROR),
            ("8.1.1", "a length and no content", get(1, "/hidden.txt", ("content-length", "3")), PROTOCOL_ERROR),
            ("8.1.1", "two lengths", post(1, ("content-length", "2"), ("content-length", "3")) + frame(DATA, END_STREAM, 1, b"{}"), PROTOCOL_ERROR),
            ("8.1.1", "a length with a sign", post(1, ("content-length", "+2")) + frame(DATA, END_STREAM, 1, b"{}"), PROTOCOL_ERROR),
            ("8.1.1", "a list of lengths", post(1, ("content-length", "2, 2")) + frame(DATA, END_STREAM, 1, b"{}"), PROTOCOL_ERROR),
            ("8.1", "trailers that do not end the stream", post(1) + frame(DATA, 0, 1, b"{}") + frame(HEADERS, END_HEADERS, 1, fields(("x", "y"))), PROTOCOL_ERROR),
            ("8.1", "a pseudo-field in trailers", post(1) + frame(DATA, 0, 1, b"{}") + frame(HEADERS, END_HEADERS | END_STREAM, 1, fields((":path", "/hidden.txt"))), PROTOCOL_ERROR),
        ), self.resets)

    def test_requests_that_are_malformed_are_not_answered(self):
        hidden = "/hidden.txt"
        pseudo = [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", hidden)]
        split = "a\r\nGET /hidden.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"

        def asked(*pairs):
            return frame(HEADERS, END_STREAM | END_HEADERS, 1, fields(*pairs))

        table = [("8.2.2", f"the field {name}", asked(*pseudo, (name, value)), PROTOCOL_ERROR)
                 for name, value in (("connection", "close"), ("connection", "x-y"), ("transfer-encoding", "chunked"), ("upgrade", "h2c"),
                                     ("keep-alive", "timeout=5"), ("proxy-connection", "keep-alive"), ("te", "gzip"),
                                     ("te", "trailers, deflate"))]
        table += [("8.3.1", f"no {name}", asked(*[pair for pair in pseudo if pair[0] != name]), PROTOCOL_ERROR)
                  for name in (":method", ":scheme", ":path")]
        table += [("8.3", f"two of {name}", asked(*pseudo[:i + 1], *pseudo[i:]), PROTOCOL_ERROR) for i, (name, _) in enumerate(pseudo)]
        for octet in (0, 10, 13):
            table += [("8.2.1", f"octet {octet} {where} a value", asked(*pseudo, ("x", value)), PROTOCOL_ERROR)
                      for where, value in (("in", f"a{chr(octet)}b"), ("before", f"{chr(octet)}b"), ("after", f"b{chr(octet)}"))]
            table += [("8.2.1", f"octet {octet} in {name}", asked(*[(n, v + chr(octet) + "x" if n == name else v) for n, v in pseudo]),
                       PROTOCOL_ERROR) for name, _ in pseudo]
        for octet in [*range(33), *b'"(),/:;<=>?@[\\]{}', 65, 90, 127, 128, 255]:
            table.append(("8.2.1", f"octet {octet} in a name", asked(*pseudo, (f"x{chr(octet)}y", "z")), PROTOCOL_ERROR))
        table += [
            ("8.2.1", "a blank before a value", asked(*pseudo, ("x", " y")), PROTOCOL_ERROR),
            ("8.2.1", "a blank after a value", asked(*pseudo, ("x", "y\t")), PROTOCOL_ERROR),
            ("8.2.1", "an empty name", asked(*pseudo, ("", "y")), PROTOCOL_ERROR),
            ("8.2.1", "a request in a value", asked(*pseudo, ("x", split)), PROTOCOL_ERROR),
            ("8.2.1", "a coding in a value", asked(*pseudo, ("x", "y\r\ntransfer-encoding: chunked")), PROTOCOL_ERROR),
            ("8.2.1", "a coding in a name", asked(*pseudo, ("x: y\r\ntransfer-encoding", "chunked")), PROTOCOL_ERROR),
            ("8.3", "an unknown pseudo-field", asked(*pseudo, (":hidden", "y")), PROTOCOL_ERROR),
            ("8.3", "an answer's pseudo-field", asked(*pseudo, (":status", "200")), PROTOCOL_ERROR),
            ("8.3", "a pseudo-field after a field", asked(*pseudo[:3], ("x", "y"), pseudo[3]), PROTOCOL_ERROR),
            ("8.3.1", "an empty path", asked(*pseudo[:3], (":path", "")), PROTOCOL_ERROR),
            ("8.3.1", "a path without a slash", asked(*pseudo[:3], (":path", "hidden.txt")), PROTOCOL_ERROR),
            ("8.3.1", "a request as path", asked(*pseudo[:3], (":path", "/hidden.txt HTTP/1.1\r\nX: y")), PROTOCOL_ERROR),
            ("8.3.1", "a request as method", asked((":method", "GET /hidden.txt HTTP/1.1\r\nX:"), *pseudo[1:]), PROTOCOL_ERROR),
            ("8.3.1", "a blank in the path", asked(*pseudo[:3], (":path", "/hidden.txt HTTP/1.1")), PROTOCOL_ERROR),
            ("8.3.1", "an empty method", asked((":method", ""), *pseudo[1:]), PROTOCOL_ERROR),
            ("8.3.1", "a method with a blank", asked((":method", "GET "), *pseudo[1:]), PROTOCOL_ERROR),
            ("8.3.1", "a user in the authority", asked(*pseudo[:2], (":authority", "a@localhost"), pseudo[3]), PROTOCOL_ERROR),
            ("8.3.1", "a path in the authority", asked(*pseudo[:2], (":authority", "localhost/x"), pseudo[3]), PROTOCOL_ERROR),
            ("8.3.1", "a Host that differs", asked(*pseudo, ("host", "other.example")), PROTOCOL_ERROR),
            ("8.3.1", "two Hosts", asked(*pseudo, ("host", "localhost"), ("host", "other.example")), PROTOCOL_ERROR),
            ("8.5", "CONNECT with a path", asked((":method", "CONNECT"), *pseudo[1:]), PROTOCOL_ERROR),
            ("RFC 8441 4", "a protocol without CONNECT", asked(*pseudo, (":protocol", "websocket")), PROTOCOL_ERROR),
        ]
        self.walk(table, lambda octets, *codes: self.resets(octets, *codes, statuses=(400, 405, 501)))

    def test_what_is_allowed_is_taken(self):
        for section, name, octets in (
                ("5.5", "an unknown frame", frame(0xfa, 0xff, 0, b"x") + get(1)),
                ("6.5.2", "an unknown setting", frame(SETTINGS, 0, 0, setting(0x7777, 1)) + get(1)),
                ("8.2.2", "te: trailers", get(1, "/small.txt", ("te", "trailers"))),
                ("6.2", "padding and a priority", frame(HEADERS, END_STREAM | END_HEADERS | PADDED | PRIORITIZED, 1, b"\3" + bytes(5) + head() + bytes(3))),
                ("6.3", "PRIORITY on an idle stream", frame(PRIORITY, 0, 7, bytes(5)) + get(1)),
                ("6.10", "a block in single octets", frame(HEADERS, END_STREAM, 1, head()[:1]) +
                 b"".join(frame(CONTINUATION, 0, 1, head()[i:i + 16]) for i in range(1, len(head()), 16)) + frame(CONTINUATION, END_HEADERS, 1)),
                ("4.1", "a reserved bit", get(1 | 1 << 31)),
                ("RFC 7541 4.2", "a table of no size", frame(HEADERS, END_STREAM | END_HEADERS, 1, b"\x20\x3f\xe1\x1f" + head())),
        ):
            with self.subTest(name, section=section), Peer(self) as peer:
                peer.send(octets)
                self.assertTrue(peer.read_until(lambda: peer.contents.get(1) == b"<small>"))
                self.assertEqual(peer.statuses.get(1), [200], (peer.goaway, peer.resets))
                self.works(peer)

    def test_streams_do_not_go_down(self):
        """RFC 9113 5.1.1 wants PROTOCOL_ERROR. nghttp2 does not remember which streams there were and takes this for one
        that is closed, whose frames it ignores (5.1): in no case is it a request."""
        with Peer(self) as peer:
            peer.send(get(5) + get(3, "/hidden.txt") + frame(PING, 0, 0, b"in order"))
            self.assertTrue(peer.read_until(lambda: b"in order" in peer.pongs and 5 in peer.contents))
            self.assertNotIn(3, peer.statuses)
            if peer.over:
                self.assertEqual(peer.goaway, PROTOCOL_ERROR)
            else:
                self.works(peer)

    def test_streams_that_are_closed_are_left_alone(self):
        """RFC 9113 5.1: may be ignored, or end the stream or the connection; is never a request."""
        for name, late in (("DATA", frame(DATA, END_STREAM, 1, b"late")), ("RST_STREAM", frame(RST_STREAM, 0, 1, u32(CANCEL))),
                           ("WINDOW_UPDATE", frame(WINDOW_UPDATE, 0, 1, u32(1))), ("PRIORITY", frame(PRIORITY, 0, 1, bytes(5))),
                           ("HEADERS", get(1, "/hidden.txt")), ("PRIORITY on itself", frame(PRIORITY, 0, 1, u32(1) + b"\0")),
                           ("PRIORITY of four octets", frame(PRIORITY, 0, 1, bytes(4)))):
            with self.subTest(name), Peer(self) as peer:
                peer.send(get(1))
                self.assertTrue(peer.read_until(lambda: peer.contents.get(1) == b"<small>"))
                peer.send(late + frame(PING, 0, 0, b"in order"))
                self.assertTrue(peer.read_until(lambda: b"in order" in peer.pongs))
                if peer.over:
                    self.assertIn(peer.goaway, (STREAM_CLOSED, PROTOCOL_ERROR, FRAME_SIZE_ERROR))
                    self.assertNotIn(name, ("RST_STREAM", "WINDOW_UPDATE", "PRIORITY"))
                else:
                    self.works(peer)
                self.assertEqual((peer.statuses[1], peer.contents[1]), ([200], b"<small>"))

    def flood(self, octets, *codes, begin=None, times=1):
        """Ends with one of the codes, or without a word (None), or is borne ("borne"); nobody else notices."""
        self.others_are_served()
        before = self.memory()
        with Peer(self) as peer:
            peer.send(begin or b"")
            for _ in range(times):
                if not peer.send(octets):
                    break
            self.others_are_served()
            grown = self.memory() - before
            peer.send(frame(PING, 0, 0, b"the last"))
            self.assertTrue(peer.read_until(lambda: b"the last" in peer.pongs, 20), "neither ended nor served")
            self.assertIn(peer.goaway if peer.over else "borne", codes)
            grown = max(grown, self.memory() - before)
        self.assertLess(grown, self.kMostGrowth)
        self.others_are_served()
        return peer

    def test_a_flood_of_continuation(self):
        for name, piece in (("large", fields(*[(f"x{i}", "y" * 100) for i in range(100)])), ("small", fields(("x", "y"))), ("empty", b"")):
            with self.subTest(name):
                peer = self.flood(frame(CONTINUATION, 0, 1, piece) * 100, ENHANCE_YOUR_CALM, PROTOCOL_ERROR, INTERNAL_ERROR, None,
                                  begin=frame(HEADERS, END_STREAM, 1, head("/hidden.txt")), times=300)
                self.assertEqual(peer.statuses, {})

    def test_a_flood_of_resets(self):
        resets = b"".join(get(stream, "/large.bin") + frame(RST_STREAM, 0, stream, u32(CANCEL)) for stream in range(1, 2001, 2))
        self.flood(resets, ENHANCE_YOUR_CALM)

    def test_a_flood_of_resets_that_the_server_makes(self):
        # CVE-2025-8671
        made = b"".join(get(stream, "/large.bin") + frame(WINDOW_UPDATE, 0, stream, u32((1 << 31) - 1)) for stream in range(1, 2001, 2))
        self.flood(made, ENHANCE_YOUR_CALM)
        bad = b"".join(get(stream, "/hidden.txt", ("connection", "x")) for stream in range(1, 2001, 2))
        self.flood(bad, ENHANCE_YOUR_CALM)

    def test_more_streams_than_allowed(self):
        stop = frame(SETTINGS, 0, 0, setting(SETTINGS_INITIAL_WINDOW_SIZE, 0))
        with Peer(self) as peer:
            peer.send(stop + b"".join(get(stream, "/large.bin") for stream in range(1, 301, 2)))
            self.assertTrue(peer.read_until(lambda: len(peer.statuses) >= 100 and len(peer.resets) >= 50))
            self.assertIsNone(peer.goaway)
            self.assertEqual((len(peer.statuses), set(peer.resets.values())), (100, {REFUSED_STREAM}))  # RFC 9113 5.1.2

    def test_a_flood_of_settings(self):
        self.flood(frame(SETTINGS, 0, 0, setting(SETTINGS_INITIAL_WINDOW_SIZE, 65535)) * 1000, ENHANCE_YOUR_CALM, None, "borne", times=100)
        self.flood(frame(SETTINGS, 0, 0, b"".join(setting(0x1000 + i, i) for i in range(2000))), ENHANCE_YOUR_CALM, None, "borne", times=50)

    def test_a_flood_of_pings(self):
        self.flood(frame(PING, 0, 0, bytes(8)) * 1000, ENHANCE_YOUR_CALM, None, "borne", times=100)

    def test_a_flood_of_empty_data(self):
        self.flood(frame(DATA, 0, 1) * 1000, ENHANCE_YOUR_CALM, None, "borne", begin=post(1), times=200)
        self.flood(frame(DATA, PADDED, 1, b"\0") * 1000, ENHANCE_YOUR_CALM, None, "borne", begin=post(1), times=200)

    def test_a_flood_of_priorities_and_windows(self):
        self.flood(frame(PRIORITY, 0, 7, bytes(5)) * 1000, ENHANCE_YOUR_CALM, None, "borne", times=200)
        self.flood(frame(WINDOW_UPDATE, 0, 0, u32(1)) * 1000, ENHANCE_YOUR_CALM, None, "borne", times=200)
        self.flood(frame(0xfa, 0, 0, b"x") * 1000, ENHANCE_YOUR_CALM, None, "borne", times=200)

    def test_a_small_block_that_becomes_a_large_one(self):
        """One field in the table, named again and again (CVE-2016-1546's kind)."""
        block = head("/hidden.txt") + b"\x40\x01x" + integer(4000, 7) + b"y" * 4000 + b"\xbe" * 12_000
        peer = self.flood(frame(HEADERS, END_STREAM | END_HEADERS, 1, block), ENHANCE_YOUR_CALM, COMPRESSION_ERROR, None, "borne")
        self.assertNotIn([200], peer.statuses.values())

    def test_readers_that_give_no_window(self):
        before = self.memory()
        for name, window in (("none", 0), ("one octet", 1)):
            with self.subTest(name):
                peers = [Peer(self) for _ in range(10)]
                for peer in peers:
                    peer.send(frame(SETTINGS, 0, 0, setting(SETTINGS_INITIAL_WINDOW_SIZE, window)) +
                              b"".join(get(stream, "/large.bin") for stream in range(1, 201, 2)))
                for peer in peers:
                    self.assertTrue(peer.read_until(lambda: len(peer.statuses) == 100))
                    self.assertTrue(all(len(content) <= window for content in peer.contents.values()))
                self.others_are_served()
                self.assertLess(self.memory() - before, self.kMostGrowth)
                for peer in peers:
                    peer.__exit__()

    def test_readers_that_do_not_read(self):
        before = self.memory()
        peers = [Peer(self) for _ in range(10)]
        for peer in peers:
            peer.send(frame(SETTINGS, 0, 0, setting(SETTINGS_INITIAL_WINDOW_SIZE, (1 << 31) - 1)) +
                      frame(WINDOW_UPDATE, 0, 0, u32((1 << 31) - 1 - 65535)) +
                      b"".join(get(stream, "/large.bin") for stream in range(1, 201, 2)))
        self.others_are_served()
        time.sleep(1)
        self.assertLess(self.memory() - before, self.kMostGrowth)
        for peer in peers:
            peer.__exit__()
        self.others_are_served()

    def test_windows_are_kept(self):
        """RFC 9113 6.9.1: what was not allowed is FLOW_CONTROL_ERROR, of the stream or the connection."""
        with Peer(self) as peer:
            peer.send(frame(HEADERS, END_HEADERS, 1, head("/api/session", method="POST")) + frame(DATA, 0, 1, bytes(16 << 10)) * 64)
            self.assertTrue(peer.read_until(lambda: 1 in peer.resets or 1 in peer.statuses))
            if 1 not in peer.statuses:
                self.assertIn(FLOW_CONTROL_ERROR, (peer.goaway, peer.resets.get(1)))
        self.others_are_served()


if __name__ == "__main__":
    unittest.main()
