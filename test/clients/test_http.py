"""The web ports with real clients: curl, nghttp, h2load, and raw sockets for what no client would send."""

import base64
import gzip
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from demo import Demo


def wait(condition, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come true")


class Web(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="gatepost-web-")
        os.chmod(cls.folder, 0o755)
        cls.page = "<!doctype html><title>t</title>" + "<p>words and words</p>\n" * 200
        cls.blob = bytes(range(256)) * 1200
        pathlib.Path(cls.folder, "index.html").write_text(cls.page)
        pathlib.Path(cls.folder, "blob.bin").write_bytes(cls.blob)
        cls.demo = Demo(extra_config=f'[http]\nweb_dir = "{cls.folder}"\nhead_timeout = "3 s"\nbody_timeout = "3 s"\n')
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()
        shutil.rmtree(cls.folder)

    def url(self, path="/"):
        return f"https://localhost:{self.demo.port('HTTPS')}{path}"

    def curl(self, *arguments, text=True):
        done = subprocess.run(["curl", "-sS", "--max-time", "60", "--path-as-is", "--cacert", self.demo.env["GP_CA"], *arguments],
                              capture_output=True, timeout=90)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode("latin-1") if text else done.stdout

    def raw(self, data, tls=True, alpn=("http/1.1",), timeout=30):
        """What comes back until the server closes, or has been silent."""
        plain = socket.create_connection(("127.0.0.1", self.demo.port("HTTPS" if tls else "HTTP")), timeout=timeout)
        if tls:
            context = ssl.create_default_context(cafile=self.demo.env["GP_CA"])
            context.set_alpn_protocols(list(alpn))
            stream = context.wrap_socket(plain, server_hostname="localhost")
        else:
            stream = plain
        with stream:
            stream.sendall(data)
            out = b""
            try:
                while True:
                    more = stream.recv(65536)
                    if not more:
                        return out
                    out += more
            except (ConnectionResetError, ssl.SSLError):
                return out

    def test_a_tls_record_may_come_in_pieces(self):
        context = ssl.create_default_context(cafile=self.demo.env["GP_CA"])
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(back, there, server_hostname="localhost")
        with socket.create_connection(("127.0.0.1", self.demo.port("HTTPS")), timeout=30) as plain:

            def until_done(step):
                while True:
                    try:
                        return step()
                    except ssl.SSLWantReadError:
                        plain.sendall(there.read())
                        back.write(plain.recv(65536))

            until_done(tls.do_handshake)
            for path, length in (("/blob.bin", len(self.blob)), ("/", len(self.page))):
                tls.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                record = there.read()
                for at in range(0, len(record), 9):
                    plain.sendall(record[at:at + 9])
                    time.sleep(0.01)
                got = b""
                while b"\r\n\r\n" not in got or len(got.partition(b"\r\n\r\n")[2]) < length:
                    got += until_done(lambda: tls.read(65536))
                self.assertTrue(got.startswith(b"HTTP/1.1 200 OK\r\n"), got[:200])
                self.assertEqual(got.partition(b"\r\n\r\n")[2], self.blob if path != "/" else self.page.encode())

    def both(self, *arguments):
        """The same by either version."""
        one = self.curl("--http1.1", *arguments)
        two = self.curl("--http2", *arguments)
        return one, two

    def test_versions_are_agreed_on_by_alpn(self):
        for flag, said in (("--http1.1", "1.1"), ("--http2", "2"), ("--http1.0", "1.1"), ("--no-alpn", "1.1")):
            self.assertEqual(self.curl(flag, "-o", "/dev/null", "-w", "%{http_version} %{http_code}", self.url()), f"{said} 200")

    def test_port_80_only_redirects(self):
        http = self.demo.port("HTTP")
        head = self.curl("-i", f"http://localhost:{http}/a/b?c=d")
        self.assertTrue(head.startswith("HTTP/1.1 308 "))
        self.assertIn(f"location: {self.url('/a/b?c=d')}\r\n", head)
        self.assertNotIn("strict-transport-security", head)
        self.assertEqual(self.curl("-L", f"http://localhost:{http}/"), self.page)
        self.assertIn(" 404 ", self.curl("-i", f"http://localhost:{http}/.well-known/acme-challenge/none"))
        # HTTP/2 without TLS is not spoken.
        self.assertTrue(self.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", tls=False).startswith(b"HTTP/1.1 505 "))

    def test_headers_of_every_answer(self):
        for head in self.both("-I", self.url()):
            self.assertRegex(head.lower(), r"strict-transport-security: max-age=31536000\r\n")
            self.assertRegex(head.lower(), r"x-content-type-options: nosniff\r\n")
            self.assertRegex(head.lower(), r"content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; ")
            self.assertRegex(head.lower(), r"referrer-policy: no-referrer\r\n")
            self.assertRegex(head.lower(), r"date: \w\w\w, \d\d \w\w\w \d{4} \d\d:\d\d:\d\d gmt\r\n")

    def test_conditions_ranges_and_codings(self):
        for version in ("--http1.1", "--http2"):
            etag = re.search(r'(?i)etag: ("[^"]+")', self.curl(version, "-I", self.url("/blob.bin"))).group(1)
            code = ["-o", "/dev/null", "-w", "%{http_code} %{size_download}"]
            self.assertEqual(self.curl(version, *code, "-H", f"If-None-Match: {etag}", self.url("/blob.bin")), "304 0")
            self.assertEqual(self.curl(version, "-r", "100-299", self.url("/blob.bin"), text=False), self.blob[100:300])
            self.assertEqual(self.curl(version, "-r", "-7", self.url("/blob.bin"), text=False), self.blob[-7:])
            self.assertEqual(self.curl(version, *code[:2], "-w", "%{http_code}", "-r", "9999999-", self.url("/blob.bin")), "416")
            self.assertEqual(self.curl(version, self.url("/blob.bin"), text=False), self.blob)
            packed = self.curl(version, "-H", "Accept-Encoding: gzip", self.url("/"), text=False)
            self.assertEqual(gzip.decompress(packed).decode(), self.page)
            self.assertEqual(self.curl(version, "--compressed", self.url("/")), self.page)
            self.assertEqual(self.curl(version, "-I", "-H", "Accept-Encoding: gzip", "-o", "/dev/null", "-w", "%{size_download}",
                                       self.url("/")), "0")

    def test_methods_and_paths(self):
        code = ["-o", "/dev/null", "-w", "%{http_code}"]
        for version in ("--http1.1", "--http2"):
            for method, path, expected in (("POST", "/", "405"), ("OPTIONS", "/", "204"), ("GET", "/none", "404"),
                                           ("GET", "/../etc/passwd", "400"), ("GET", "/%2e%2e/etc/passwd", "400"),
                                           ("GET", "/a%00b", "400"), ("TRACE", "/", "405")):
                self.assertEqual(self.curl(version, *code, "-X", method, self.url(path)), expected, (version, method, path))
            self.assertEqual(self.curl(version, *code, "-H", "X-Large: " + "a" * 40_000, self.url()), "431")

    def test_keep_alive_and_pipelining(self):
        request = b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        answer = self.raw(request * 50 + last)
        self.assertEqual(answer.count(b"HTTP/1.1 200 "), 51)
        # Who asks and asks for what is not there is not listened to for ever.
        self.assertEqual(self.raw(b"GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20).count(b"HTTP/1.1 404 "), 20)
        reused = self.curl("--http1.1", "-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects} ", self.url(), self.url())
        self.assertEqual(reused.split(), ["1", "0"])

    def test_nothing_is_slipped_past(self):
        """Each of these could be read as two requests by somebody; here it is one refusal and a closed connection."""
        inner = b"GET /index.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        start = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
        cases = {
            "length and chunks": start + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "chunks and length": start + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            "two lengths": start + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
            "the same length twice": start + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
            "a list of lengths": start + b"Content-Length: 0, 44\r\n\r\n",
            "a signed length": start + b"Content-Length: +0\r\n\r\n",
            "a blank before the colon": start + b"Content-Length : 44\r\n\r\n",
            "a tab before the colon": start + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
            "a folded field": start + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
            "a bare LF": start + b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "a bare CR": start + b"X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "a NUL": start + b"X: y\0\r\n\r\n",
            "an unknown coding": start + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "chunked twice": start + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "chunked not last": start + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
            "quoted chunked": start + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
            "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "a chunk ended by LF": start + b"Transfer-Encoding: chunked\r\n\r\n0\n\n",
            "a chunk with a sign": start + b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n",
            "two hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n",
            "no host": b"GET / HTTP/1.1\r\n\r\n",
            "a host with a user": b"GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n",
            "a blank in the target": b"GET / /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        }
        for name, request in cases.items():
            with self.subTest(name):
                answer = self.raw(request + inner)
                self.assertNotIn(b"words and words", answer)
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1, answer[:400])
                self.assertRegex(answer, rb"^HTTP/1\.1 (400|405|501|505) ")
                if not answer.startswith(b"HTTP/1.1 405"):  # answered before the content had come, and closed when it did
                    self.assertIn(b"connection: close\r\n", answer)

    def test_slow_requests_are_not_waited_for(self):
        began = time.time()
        self.assertEqual(self.raw(b"GET / HTTP/1.1\r\nHost: loc"), b"")
        self.assertLess(time.time() - began, 25)

    def test_http2_by_nghttp(self):
        done = subprocess.run(["nghttp", "-nv", "--no-verify-peer", self.url("/blob.bin"), self.url("/"), self.url("/none")],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
        self.assertIn(":status: 404", plain)
        self.assertEqual(plain.count(":status: 200"), 2)
        self.assertIn("SETTINGS_MAX_CONCURRENT_STREAMS(0x03):100", plain)
        self.assertNotIn("RST_STREAM", plain)

    def test_many_requests_by_h2load(self):
        for flags in (["--h1"], []):
            done = subprocess.run(["h2load", *flags, "-n", "2000", "-c", "20", "-m", "10", self.url("/")], capture_output=True,
                                  text=True, timeout=120)
            self.assertRegex(done.stdout, r"2000 succeeded, 0 failed, 0 errored, 0 timeout", done.stdout)

    @staticmethod
    def frame(kind, flags, stream, payload=b""):
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    def test_rapid_reset_is_ended(self):
        headers = bytes([0x82, 0x87, 0x84]) + b"\x41\x09localhost"  # GET, https, /, :authority
        data = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self.frame(4, 0, 0)
        for stream in range(1, 4001, 2):
            data += self.frame(1, 5, stream, headers) + self.frame(3, 0, stream, b"\0\0\0\x08")
        answer = self.raw(data, alpn=("h2",))
        # GOAWAY with ENHANCE_YOUR_CALM, and the connection is over.
        self.assertRegex(answer, rb"(?s)\x00\x00\x08\x07\x00\x00\x00\x00\x00....\x00\x00\x00\x0b")
        self.assertEqual(self.curl("--http2", self.url("/")), self.page)

    def test_log_has_a_line_for_each_request(self):
        self.curl("--http2", "-A", "log test", self.url("/?secret=1"))
        line = wait(lambda: next((l for l in self.demo.log().splitlines() if "http.request" in l and "log test" in l), None))
        self.assertIn("listener=https", line)
        self.assertRegex(line, r"method=GET path=/ version=2 status=200 octets=\d+ ms=\d+")
        self.assertNotIn("secret", line)


if __name__ == "__main__":
    unittest.main()
