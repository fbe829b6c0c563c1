"""Requests that two programs could read differently: octets no client would send, over TLS, each with another request
hidden in it or behind it. Either the server refuses and closes, or it reads exactly what RFC 9112 says is there."""

import os
import pathlib
import re
import shutil
import socket
import ssl
import tempfile
import time
import unittest

from demo import Demo

HIDDEN = b"GET /hidden.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /last.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
POST = b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
GET = b"GET /carrier.txt HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(HIDDEN)
ALL_CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)

# One refusal, and the connection is closed.
REFUSED = "refused"
# One request with what is hidden as its content, or none; what follows it is the next request.
ONE = "one"
# The RFC leaves the choice.
EITHER = "either"


def coded(line, body=b"0\r\n\r\n" + HIDDEN):
    return POST + line + b"\r\n\r\n" + body


def sized(line, body=HIDDEN):
    return POST + line + b"\r\n\r\n" + body


# Section of RFC 9112 (or of RFC 9110), name, octets, outcome.
LENGTHS = [
    ("6.1", "a length, then chunks", POST + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(HIDDEN)) + HIDDEN, REFUSED),
    ("6.1", "chunks, then a length", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + ALL_CHUNKS, REFUSED),
    ("6.1", "a length of 0 and chunks", POST + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + ALL_CHUNKS, REFUSED),
    ("6.1", "chunks in HTTP/1.0", POST.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN, REFUSED),
    ("6.1", "an unknown coding", coded(b"Transfer-Encoding: xchunked"), REFUSED),
    ("6.1", "an unknown coding after chunked", coded(b"Transfer-Encoding: chunkedx"), REFUSED),
    ("6.1", "chunked, then identity", coded(b"Transfer-Encoding: chunked, identity"), REFUSED),
    ("6.1", "identity, then chunked", coded(b"Transfer-Encoding: identity, chunked"), REFUSED),
    ("6.1", "identity and a length", POST + b"Transfer-Encoding: identity\r\n" + LENGTH + b"\r\n" + HIDDEN, REFUSED),
    ("6.1", "chunked in one line twice", coded(b"Transfer-Encoding: chunked, chunked"), REFUSED),
    ("6.1", "chunked in two lines", coded(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), REFUSED),
    ("6.1", "chunked, and a cow in another line", coded(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow"), REFUSED),
    ("6.1", "a cow, and chunked in another line", coded(b"Transfer-Encoding: cow\r\nTransfer-encoding: chunked"), REFUSED),
    ("6.1", "chunked in quotes", coded(b'Transfer-Encoding: "chunked"'), REFUSED),
    ("6.1", "chunked with a parameter", coded(b"Transfer-Encoding: chunked;q=1"), REFUSED),
    ("6.1", "an empty coding", coded(b"Transfer-Encoding:"), REFUSED),
    ("6.1", "an empty member before chunked", coded(b"Transfer-Encoding: ,chunked", ALL_CHUNKS), EITHER),
    ("6.1", "compressed chunks", coded(b"Transfer-Encoding: gzip, chunked", ALL_CHUNKS), EITHER),
    ("6.1", "chunked in capitals", coded(b"TRANSFER-ENCODING: Chunked", ALL_CHUNKS), ONE),
    ("5", "two blanks before chunked", coded(b"Transfer-Encoding:  chunked", ALL_CHUNKS), ONE),
    ("5", "a tab before chunked", coded(b"Transfer-Encoding:\tchunked", ALL_CHUNKS), ONE),
    ("5", "a blank after chunked", coded(b"Transfer-Encoding: chunked ", ALL_CHUNKS), ONE),
    ("5", "no blank before chunked", coded(b"Transfer-Encoding:chunked", ALL_CHUNKS), ONE),
    ("5.1", "a vertical tab before chunked", coded(b"Transfer-Encoding: \x0bchunked"), REFUSED),
    ("5.1", "a vertical tab after chunked", coded(b"Transfer-Encoding: chunked\x0b"), REFUSED),
    ("5.1", "a form feed before chunked", coded(b"Transfer-Encoding:\x0cchunked"), REFUSED),
    ("5.1", "a no-break space before chunked", coded(b"Transfer-Encoding: \xa0chunked"), REFUSED),
    ("5.1", "a blank before the colon of a coding", coded(b"Transfer-Encoding : chunked"), REFUSED),
    ("5.1", "a tab before the colon of a coding", coded(b"Transfer-Encoding\t: chunked"), REFUSED),
    ("5.1", "a blank before a coding's name", coded(b" Transfer-Encoding: chunked"), REFUSED),
    ("5.1", "a NUL after a coding's name", coded(b"Transfer-Encoding\0: chunked"), REFUSED),
    ("5.2", "a coding in a folded line", coded(b"Transfer-Encoding:\r\n chunked"), REFUSED),
    ("5.2", "a coding behind another field's line", coded(b"X: y\r\n Transfer-Encoding: chunked"), REFUSED),
    ("2.2", "a coding after a bare LF", coded(b"X: y\nTransfer-Encoding: chunked"), REFUSED),
    ("2.2", "a coding after a bare CR", coded(b"X: y\rTransfer-Encoding: chunked"), REFUSED),
    ("6.3", "another name that looks alike", POST + b"Transfer_Encoding: chunked\r\n" + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("6.3", "two lengths, the small one first", sized(b"Content-Length: 0\r\n" + LENGTH.strip()), REFUSED),
    ("6.3", "two lengths, the large one first", sized(LENGTH + b"Content-Length: 0"), REFUSED),
    ("6.3", "the same length in two lines", sized(LENGTH + LENGTH.strip()), EITHER),
    ("6.3", "the same length twice in a line", sized(b"Content-Length: %d, %d" % (len(HIDDEN), len(HIDDEN))), EITHER),
    ("6.3", "two lengths in a line", sized(b"Content-Length: 0, %d" % len(HIDDEN)), REFUSED),
    ("6.3", "a length with a comma", sized(b"Content-Length: 0,"), REFUSED),
    ("6.2", "a length with a plus", sized(b"Content-Length: +%d" % len(HIDDEN)), REFUSED),
    ("6.2", "a length below zero", sized(b"Content-Length: -1"), REFUSED),
    ("6.2", "a length in hexadecimal", sized(b"Content-Length: 0x%x" % len(HIDDEN)), REFUSED),
    ("6.2", "a length in octal digits", sized(b"Content-Length: 000%d" % len(HIDDEN)), EITHER),
    ("6.2", "a length with an exponent", sized(b"Content-Length: 5e1"), REFUSED),
    ("6.2", "a length with a fraction", sized(b"Content-Length: 5.0"), REFUSED),
    ("6.2", "a length that is too large for a number", sized(b"Content-Length: 99999999999999999999"), REFUSED),
    ("6.2", "a length that wraps to a small one", sized(b"Content-Length: 18446744073709551616"), REFUSED),
    ("6.2", "a length beyond 63 bits", sized(b"Content-Length: 9223372036854775808"), REFUSED),
    ("6.2", "an empty length", sized(b"Content-Length: "), REFUSED),
    ("6.2", "a length of words", sized(b"Content-Length: five"), REFUSED),
    ("6.2", "a length in digits that are not ASCII", sized("Content-Length: \u0664\u0665".encode()), REFUSED),
    ("6.2", "a length with a blank within", sized(b"Content-Length: 4 5"), REFUSED),
    ("6.2", "a length with a vertical tab", sized(b"Content-Length: \x0b45"), REFUSED),
    ("6.2", "a length with a NUL", sized(b"Content-Length: 45\0"), REFUSED),
    ("5.1", "a blank before the colon of a length", sized(b"Content-Length : %d" % len(HIDDEN)), REFUSED),
    ("5.2", "a length in a folded line", sized(b"Content-Length: 4\r\n 5"), REFUSED),
    ("5", "blanks around a length", sized(b"Content-Length:  \t %d \t " % len(HIDDEN)), ONE),
    ("6.3", "content of a GET", GET + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("6.3", "chunks of a GET", GET + b"Transfer-Encoding: chunked\r\n\r\n" + ALL_CHUNKS, ONE),
    ("6.3", "content of a HEAD", GET.replace(b"GET", b"HEAD") + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("6.3", "content of a DELETE", GET.replace(b"GET", b"DELETE") + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("6.3", "content of an OPTIONS", b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n" + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("6.3", "content where there is nothing", b"POST /none HTTP/1.1\r\nHost: localhost\r\n" + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("6.3", "content that is not wanted", b"POST / HTTP/1.1\r\nHost: localhost\r\n" + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("6.3", "much content that is not wanted", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (len(HIDDEN) * 20_000) + HIDDEN * 20_000, REFUSED),
    ("6.3", "chunks that are not wanted", b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + ALL_CHUNKS, ONE),
    ("6.3", "many chunks that are not wanted", b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"%x\r\n%s\r\n" % (len(HIDDEN), HIDDEN)) * 20_000 + b"0\r\n\r\n", REFUSED),
    ("6.3", "broken chunks that are not wanted", b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello" + HIDDEN, REFUSED),
    ("6.3", "content", POST + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("6.3", "chunks", CHUNKED + ALL_CHUNKS, ONE),
    ("RFC 9110 10.1.1", "content before 100 (Continue)", POST + LENGTH + b"Expect: 100-continue\r\n\r\n" + HIDDEN, EITHER),
    ("RFC 9110 10.1.1", "an unknown expectation", POST + LENGTH + b"Expect: miracles\r\n\r\n" + HIDDEN, EITHER),
    ("RFC 9110 7.6.1", "a length that is said to be hop-by-hop", POST + b"Connection: content-length, keep-alive\r\n" + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("RFC 9110 7.8", "an upgrade to HTTP/2", POST + b"Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n" + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("RFC 9110 7.8", "a WebSocket without a name, with content", b"GET /jmap/ws HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: jmap\r\n" + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("RFC 9110 7.8", "a WebSocket of another version, with content", b"GET /jmap/ws HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\n" + LENGTH + b"\r\n" + HIDDEN, ONE),
    ("RFC 9110 9.3.6", "CONNECT", b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n" + LENGTH + b"\r\n" + HIDDEN, EITHER),
]

CHUNKS = [
    ("7.1", "a size too large for a number", CHUNKED + b"10000000000000000\r\n" + HIDDEN, REFUSED),
    ("7.1", "a size of all bits", CHUNKED + b"ffffffffffffffff\r\n" + HIDDEN * 20_000, REFUSED),
    ("7.1", "a size of 63 bits", CHUNKED + b"7fffffffffffffff\r\n" + HIDDEN * 20_000, REFUSED),
    ("7.1", "a size that wraps", CHUNKED + b"10000000000000005\r\nhello\r\n0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "a size below zero", CHUNKED + b"-1\r\n" + HIDDEN, REFUSED),
    ("7.1", "a size with a plus", CHUNKED + b"+0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "a size with 0x", CHUNKED + b"0x0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "a size with an underscore", CHUNKED + b"0_0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "an empty size", CHUNKED + b"\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "a size that is only an extension", CHUNKED + b";a=b\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "a blank before a size", CHUNKED + b" 0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "a blank after a size", CHUNKED + b"5 \r\nhello\r\n0\r\n\r\n", EITHER),
    ("7.1", "a size with many zeros", CHUNKED + b"0" * 40 + b"5\r\nhello\r\n0\r\n\r\n", EITHER),
    ("7.1", "a size of no hexadecimal digits", CHUNKED + b"g\r\nhello\r\n0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "a size with a NUL", CHUNKED + b"0\0\r\n\r\n" + HIDDEN, REFUSED),
    ("2.2", "a size ended by LF", CHUNKED + b"5\nhello\r\n0\r\n\r\n" + HIDDEN, REFUSED),
    ("2.2", "a size ended by CR", CHUNKED + b"5\rhello\r\n0\r\n\r\n" + HIDDEN, REFUSED),
    ("2.2", "a last chunk ended by LF", CHUNKED + b"0\n\n" + HIDDEN, REFUSED),
    ("2.2", "a last chunk, then LF", CHUNKED + b"0\r\n\n" + HIDDEN, REFUSED),
    ("7.1", "no line end after a chunk", CHUNKED + b"5\r\nhello0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "two octets instead of a line end", CHUNKED + b"5\r\nhelloXX0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "LF after a chunk", CHUNKED + b"5\r\nhello\n0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "CR after a chunk", CHUNKED + b"5\r\nhello\r0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1", "a chunk longer than its size", CHUNKED + b"5\r\nhello, you\r\n0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1.1", "an extension", CHUNKED + b"5;a=b;c=\"d;e\"\r\nhello\r\n0;f\r\n\r\n", ONE),
    ("7.1.1", "an extension of a megabyte", CHUNKED + b"5;a=" + b"b" * (1 << 20) + b"\r\nhello\r\n0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1.1", "a megabyte of small extensions", CHUNKED + b"1;abcdefghijklmnopq\r\nx\r\n" * 44_000 + b"0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1.1", "LF in an extension", CHUNKED + b"5;a\nb\r\nhello\r\n0\r\n\r\n", REFUSED),
    ("7.1.1", "CR in an extension", CHUNKED + b"5;a\rb\r\nhello\r\n0\r\n\r\n", REFUSED),
    ("7.1.1", "an extension ended by LF that hides chunks", CHUNKED + b"2;\nxx\r\n%x\r\n0\r\n\r\n%s\r\n0\r\n\r\n" % (5 + len(HIDDEN), HIDDEN), REFUSED),
    ("7.1.1", "NUL in an extension", CHUNKED + b"5;a\0b\r\nhello\r\n0\r\n\r\n", REFUSED),
    ("7.1.1", "LF in quotes in an extension", CHUNKED + b'5;a="\n"\r\nhello\r\n0\r\n\r\n', REFUSED),
    ("7.1.1", "a line end in quotes in an extension", CHUNKED + b'5;a="\r\nhello\r\n0\r\n\r\n' + HIDDEN * 2000, REFUSED),
    ("7.1.1", "a NUL in quotes in an extension", CHUNKED + b'5;a="\0"\r\nhello\r\n0\r\n\r\n', REFUSED),
    ("7.1.1", "CR in quotes in an extension", CHUNKED + b'5;a="\r"\r\nhello\r\n0\r\n\r\n', REFUSED),
    ("7.1.2", "trailers with a length", CHUNKED + b"0\r\nContent-Length: %d\r\n\r\n" % len(LAST), EITHER),
    ("7.1.2", "trailers with a coding", CHUNKED + b"0\r\nTransfer-Encoding: chunked\r\n\r\n", EITHER),
    ("7.1.2", "trailers with a host", CHUNKED + b"0\r\nHost: other.example\r\n\r\n", ONE),
    ("7.1.2", "a trailer that is a request", CHUNKED + b"0\r\n" + HIDDEN, REFUSED),
    ("7.1.2", "a trailer without a colon", CHUNKED + b"0\r\nX\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1.2", "a trailer with a blank before the colon", CHUNKED + b"0\r\nX : y\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1.2", "a trailer with a NUL", CHUNKED + b"0\r\nX: y\0\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1.2", "a trailer ended by LF", CHUNKED + b"0\r\nX: y\n\r\n" + HIDDEN, REFUSED),
    ("7.1.2", "trailers ended by LF", CHUNKED + b"0\r\nX: y\r\n\n" + HIDDEN, REFUSED),
    ("7.1.2", "a trailer with a bare CR", CHUNKED + b"0\r\nX: y\rz\r\n\r\n" + HIDDEN, REFUSED),
    ("7.1.2", "a folded trailer", CHUNKED + b"0\r\nX: y\r\n z\r\n\r\n", EITHER),
    ("7.1.2", "a megabyte of trailers", CHUNKED + b"0\r\n" + b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 32_000 + b"\r\n" + HIDDEN, REFUSED),
]

FIELDS = [
    ("5", "a line without a colon", GET + b"Nothing\r\n\r\n" + HIDDEN, REFUSED),
    ("5", "an empty field name", GET + b": y\r\n\r\n" + HIDDEN, REFUSED),
    ("5", "a request as a field", GET + HIDDEN, REFUSED),
    ("5.1", "a blank before a colon", GET + b"X : y\r\n\r\n" + HIDDEN, REFUSED),
    ("5.1", "a blank in a field name", GET + b"X Y: z\r\n\r\n" + HIDDEN, REFUSED),
    ("5.2", "a folded field", GET + b"X: y\r\n z\r\n\r\n" + HIDDEN, REFUSED),
    ("5.2", "a field folded by a tab", GET + b"X: y\r\n\tz\r\n\r\n" + HIDDEN, REFUSED),
    ("2.2", "a blank line with a blank", GET + b" \r\n" + HIDDEN, REFUSED),
    ("2.2", "a blank before the first field", b"GET /carrier.txt HTTP/1.1\r\n Host: localhost\r\n\r\n" + HIDDEN, REFUSED),
    ("2.2", "only LF", GET.replace(b"\r\n", b"\n") + b"\n" + HIDDEN, REFUSED),
    ("2.2", "only CR", GET.replace(b"\r\n", b"\r") + b"\r" + HIDDEN, REFUSED),
    ("2.2", "LF before a line end", GET + b"X: y\n\r\n" + HIDDEN, REFUSED),
    ("2.2", "CR before a line end", GET + b"X: y\r\r\n\r\n" + HIDDEN, REFUSED),
    ("2.2", "LF that ends the fields", GET + b"X: y\r\n\n" + HIDDEN, REFUSED),
    ("2.2", "CR that ends the fields", GET + b"X: y\r\n\r" + HIDDEN, REFUSED),
    ("2.2", "an empty line before a request", b"\r\n" + GET + b"\r\n", ONE),
    ("2.2", "LF before a request", b"\n" + GET + b"\r\n" + HIDDEN, REFUSED),
    ("RFC 9110 5.5", "octets beyond ASCII in a value", GET + b"X: \x80\xff\r\n\r\n", ONE),
]
for octet in [*range(32), 127]:
    if octet in (9, 10, 13):
        continue
    FIELDS.append(("RFC 9110 5.5", f"octet {octet} in a value", GET + b"X: a%cb\r\n\r\n" % octet + HIDDEN, REFUSED))
for octet in [*range(33), *b'"(),/;<=>?@[\\]{}', 127, 128, 255]:
    if octet in (10, 13):
        continue
    FIELDS.append(("5.1", f"octet {octet} in a field name", GET + b"X%cY: z\r\n\r\n" % octet + HIDDEN, REFUSED))

TARGETS = [
    ("3.2.2", "another host in the target", b"GET http://other.example/carrier.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", ONE),
    ("3.2.2", "a target of another scheme", b"GET ftp://localhost/carrier.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", EITHER),
    ("3.2.2", "a user in the target", b"GET https://a@localhost/carrier.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", EITHER),
    ("3.2", "two hosts", b"GET /carrier.txt HTTP/1.1\r\nHost: localhost\r\nHost: other.example\r\n\r\n" + HIDDEN, REFUSED),
    ("3.2", "the same host twice", b"GET /carrier.txt HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n" + HIDDEN, REFUSED),
    ("3.2", "a second host in capitals", b"GET /carrier.txt HTTP/1.1\r\nHost: localhost\r\nHOST: other.example\r\n\r\n" + HIDDEN, REFUSED),
    ("3.2", "no host", b"GET /carrier.txt HTTP/1.1\r\n\r\n" + HIDDEN, REFUSED),
    ("3.2", "no host beside one in the target", b"GET https://localhost/carrier.txt HTTP/1.1\r\n\r\n" + HIDDEN, REFUSED),
    ("3.2", "an empty host", b"GET /carrier.txt HTTP/1.1\r\nHost:\r\n\r\n", EITHER),
    ("RFC 9110 7.2", "a host with a blank", b"GET /carrier.txt HTTP/1.1\r\nHost: local host\r\n\r\n" + HIDDEN, REFUSED),
    ("RFC 9110 7.2", "a host with a tab", b"GET /carrier.txt HTTP/1.1\r\nHost: local\thost\r\n\r\n" + HIDDEN, REFUSED),
    ("RFC 9110 7.2", "a host with a user", b"GET /carrier.txt HTTP/1.1\r\nHost: a:b@localhost\r\n\r\n" + HIDDEN, REFUSED),
    ("RFC 9110 7.2", "a host with a path", b"GET /carrier.txt HTTP/1.1\r\nHost: localhost/x\r\n\r\n" + HIDDEN, REFUSED),
    ("RFC 9110 7.2", "a host with a fragment", b"GET /carrier.txt HTTP/1.1\r\nHost: localhost#x\r\n\r\n" + HIDDEN, REFUSED),
    ("RFC 9110 7.2", "a list of hosts", b"GET /carrier.txt HTTP/1.1\r\nHost: localhost, other.example\r\n\r\n" + HIDDEN, REFUSED),
    ("RFC 9110 7.2", "a host with a port of words", b"GET /carrier.txt HTTP/1.1\r\nHost: localhost:https\r\n\r\n" + HIDDEN, REFUSED),
    ("RFC 9110 7.2", "a host with a port beyond all", b"GET /carrier.txt HTTP/1.1\r\nHost: localhost:65536\r\n\r\n" + HIDDEN, REFUSED),
    ("RFC 9110 7.2", "a host in half a bracket", b"GET /carrier.txt HTTP/1.1\r\nHost: [::1\r\n\r\n" + HIDDEN, REFUSED),
    ("3", "HTTP/0.9", b"GET /hidden.txt\r\n\r\n", REFUSED),
    ("2.3", "a version in small letters", b"GET /hidden.txt http/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("2.3", "version 2.0", b"GET /hidden.txt HTTP/2.0\r\nHost: localhost\r\n\r\n", REFUSED),
    ("2.3", "version 1.10", b"GET /hidden.txt HTTP/1.10\r\nHost: localhost\r\n\r\n", REFUSED),
    ("2.3", "version 01.1", b"GET /hidden.txt HTTP/01.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("2.3", "version 1", b"GET /hidden.txt HTTP/1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("2.3", "version 1.9", b"GET /carrier.txt HTTP/1.9\r\nHost: localhost\r\n\r\n", EITHER),
    ("2.3", "another protocol", b"GET /hidden.txt ICY/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("3", "a blank after the version", b"GET /hidden.txt HTTP/1.1 \r\nHost: localhost\r\n\r\n", REFUSED),
    ("3", "two blanks after the method", b"GET  /hidden.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("3", "two blanks before the version", b"GET /hidden.txt  HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("3", "tabs instead of blanks", b"GET\t/hidden.txt\tHTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("3", "a blank before the method", b" GET /hidden.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("3.2", "a blank in the target", b"GET /carrier.txt HTTP/1.1\x20/hidden.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("3.2", "an encoded line end in the target", b"GET /carrier.txt%0d%0aX:%20y HTTP/1.1\r\nHost: localhost\r\n\r\n", EITHER),
    ("3.2", "a CR in the target", b"GET /hidden.txt\rx HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("3.2", "a NUL in the target", b"GET /hidden.txt\0x HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("3.2", "an octet beyond ASCII in the target", b"GET /hidden.txt?\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", EITHER),
    ("3.2.4", "an asterisk of a GET", b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", EITHER),
    ("3.1", "a method with a NUL", b"GE\0T /hidden.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("3.1", "a method with a vertical tab", b"GET\x0b /hidden.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
    ("3.1", "a method in small letters", b"get /hidden.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", EITHER),
    ("3.1", "no method", b"/hidden.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED),
]


class Smuggling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="gatepost-web-")
        os.chmod(cls.folder, 0o755)
        for name in ("carrier", "hidden", "last"):
            pathlib.Path(cls.folder, f"{name}.txt").write_text(f"<this is {name}>")
        cls.demo = Demo(extra_config=f'[http]\nweb_dir = "{cls.folder}"\nhead_timeout = "20 s"\nbody_timeout = "12 s"\n')
        cls.demo.start()
        cls.context = ssl.create_default_context(cafile=cls.demo.env["GP_CA"])
        cls.context.set_alpn_protocols(["http/1.1"])

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()
        shutil.rmtree(cls.folder)

    def ask(self, octets, piece=None):
        """The answers until the server closes; None: it did not, and waits for more. True in the second: it was cut off."""
        plain = socket.create_connection(("127.0.0.1", self.demo.port("HTTPS")), timeout=10)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        out, cut = b"", False
        with self.context.wrap_socket(plain, server_hostname="localhost") as stream:
            try:
                for at in range(0, len(octets), piece or len(octets)):
                    stream.sendall(octets[at:at + (piece or len(octets))])
            except (ConnectionError, ssl.SSLError):
                cut = True
            try:
                while more := stream.recv(65536):
                    out += more
            except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                cut = True
            except TimeoutError:
                return None, cut
        return out, cut

    def outcome(self, octets, answers, cut):
        """What it was: REFUSED, ONE, or in words what it must not be."""
        if answers is None:
            return "the connection was left open"
        if b"<this is hidden>" in answers:
            return "the hidden request was answered"
        statuses = [int(s) for s in re.findall(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n", answers) if s != b"100"]
        if len(statuses) == 2 and statuses[1] == 200 and answers.endswith(b"<this is last>"):
            return ONE
        if b"<this is last>" in answers or len(statuses) > 1:
            return f"answers {statuses}"
        if not statuses:
            return REFUSED if cut else "closed without an answer"
        if statuses[0] not in (400, 405, 411, 413, 414, 417, 431, 501, 505):
            return f"one answer of {statuses[0]}"
        return REFUSED

    def walk(self, table):
        for section, name, octets, expected in table:
            # Whole, and as slowly as can be: what is read does not depend on how it was cut.
            for piece in (None, 1) if len(octets) < 1000 else (None,):
                with self.subTest(name, section=section, piece=piece):
                    answers, cut = self.ask(octets + LAST, piece)
                    outcome = self.outcome(octets, answers, cut and (piece == 1 or len(octets) > 100_000))
                    self.assertIn(outcome, (REFUSED, ONE) if expected == EITHER else (expected,), (answers or b"")[:600])

    def test_the_length_of_content_is_read_in_one_way(self):
        self.walk(LENGTHS)

    def test_chunks_are_read_in_one_way(self):
        self.walk(CHUNKS)

    def test_fields_are_read_in_one_way(self):
        self.walk(FIELDS)

    def test_request_lines_and_hosts_are_read_in_one_way(self):
        self.walk(TARGETS)

    def test_an_early_answer_does_not_move_the_end_of_content(self):
        """RFC 9112 9.3: what was announced is content, though the answer came before it."""
        starts = ((b"POST / HTTP/1.1\r\nHost: localhost\r\n" + LENGTH + b"\r\n", HIDDEN),
                  (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", ALL_CHUNKS),
                  (GET + LENGTH + b"\r\n", HIDDEN), (GET + b"Transfer-Encoding: chunked\r\n\r\n", ALL_CHUNKS))
        for pause in (0, 14):
            opened = []
            for start, late in starts:
                plain = socket.create_connection(("127.0.0.1", self.demo.port("HTTPS")), timeout=20)
                stream = self.context.wrap_socket(plain, server_hostname="localhost")
                stream.sendall(start)
                opened.append((start, late, stream, stream.recv(65536)))
            time.sleep(pause)  # beyond the time for content: the connection is over, not at its next request
            for start, late, stream, answers in opened:
                with self.subTest(start=start, pause=pause), stream:
                    self.assertRegex(answers, rb"^HTTP/1\.1 (405|200) ")
                    try:
                        stream.sendall(late + LAST)
                        while more := stream.recv(65536):
                            answers += more
                    except (ConnectionError, ssl.SSLError):
                        self.assertNotEqual(pause, 0)
                    self.assertNotIn(b"<this is hidden>", answers)
                    self.assertEqual(answers.count(b"HTTP/1.1 "), 1 if pause else 2, answers)

    def test_the_server_is_well_afterwards(self):
        self.assertTrue(self.ask(LAST)[0].endswith(b"<this is last>"))
        self.assertNotIn("http.handler_failed", self.demo.log())


if __name__ == "__main__":
    unittest.main()
