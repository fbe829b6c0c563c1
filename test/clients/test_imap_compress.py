"""COMPRESS=DEFLATE over TLS, spoken by another implementation of DEFLATE (RFC 4978)."""

import re
import unittest
import zlib

from demo import Demo


class Compress(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()

    def setUp(self):
        self.imap = self.demo.imap()
        self.socket = self.imap.sock
        self.deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        self.inflate = zlib.decompressobj(-15)
        self.text, self.wire = b"", 0

    def tearDown(self):
        self.socket.close()

    def begin(self):
        self.socket.sendall(b"z COMPRESS DEFLATE\r\n")
        answer = b""
        while not answer.endswith(b"\r\n"):
            octet = self.socket.recv(1)
            self.assertTrue(octet)
            answer += octet
        self.assertTrue(answer.startswith(b"z OK"), answer)

    def say(self, octets, flush=zlib.Z_SYNC_FLUSH):
        self.socket.sendall(self.deflate.compress(octets) + self.deflate.flush(flush))

    def answer(self, tag):
        """All up to the tagged line."""
        end = re.compile(rb"(?:^|\r\n)" + tag + rb" (OK|NO|BAD)[^\r]*\r\n$")
        while not end.search(self.text):
            octets = self.socket.recv(65536)
            self.assertTrue(octets, "the server closed")
            self.wire += len(octets)
            self.text += self.inflate.decompress(octets)
        text, self.text = self.text, b""
        return text

    def test_large_mail_goes_both_ways(self):
        self.begin()
        message = b"Subject: large\r\n\r\n" + b"The same line again and again, as mail is.\r\n" * 20000
        self.say(b"a APPEND INBOX {%d+}\r\n" % len(message) + message + b"\r\n")
        self.assertIn(b"a OK [APPENDUID", self.answer(b"a"))
        self.say(b"b SELECT INBOX\r\n", zlib.Z_FULL_FLUSH)
        self.answer(b"b")
        self.wire = 0
        self.say(b"c FETCH * BODY.PEEK[]\r\n")
        self.assertIn(message, self.answer(b"c"))
        self.assertLess(self.wire, len(message) // 10)
        self.say(b"d COMPRESS DEFLATE\r\n")
        self.assertIn(b"d NO [COMPRESSIONACTIVE]", self.answer(b"d"))
        self.say(b"e CAPABILITY\r\n")
        self.assertNotIn(b"COMPRESS", self.answer(b"e").split(b"\r\n")[0])
        self.say(b"f LOGOUT\r\n")
        self.assertIn(b"* BYE", self.answer(b"f"))

    def test_pipelined_commands_are_answered_in_order(self):
        self.begin()
        self.say(b"".join(b"p%d NOOP\r\n" % n for n in range(500)))
        lines = self.answer(b"p499").split(b"\r\n")[:-1]
        self.assertEqual([line.split()[0] for line in lines], [b"p%d" % n for n in range(500)])

    def test_what_is_no_deflate_ends_the_connection(self):
        self.begin()
        self.socket.sendall(b"\xff\xff\xff\xff a NOOP\r\n")
        while True:
            try:
                octets = self.socket.recv(4096)
            except OSError:
                break
            if not octets:
                break
            self.assertNotIn(b"a OK", self.inflate.decompress(octets))


if __name__ == "__main__":
    unittest.main()
