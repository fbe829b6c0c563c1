"""Maintenance windows: everybody is refused in the words of his protocol, administrators are not, and it ends."""

import http.client
import json
import socket
import time
import unittest

from demo import Demo
from test_restart import greeting, status, wait


# Loopback, where all of this comes from, would be an administrator's.
NOBODY = '\n[networks]\nadmin = ["192.0.2.5"]\n'


class Window(unittest.TestCase):
    def first_words(self, demo, name):
        with socket.create_connection(("127.0.0.1", demo.port(name)), timeout=60) as plain, \
                demo.tls.wrap_socket(plain, server_hostname=demo.host) as s:
            return s.recv(1000)

    def page(self, demo, path="/"):
        client = http.client.HTTPSConnection(demo.host, demo.port("HTTPS"), context=demo.tls, timeout=60)
        client.request("GET", path)
        answer = client.getresponse()
        answer.read()
        client.close()
        return answer

    def test_every_protocol_refuses_in_its_own_words_and_it_survives_a_restart(self):
        with Demo(extra_config=NOBODY) as demo:
            imap, held = demo.imap(), demo.smtp()
            imap.select()
            held.ehlo("elsewhere.example")
            began = json.loads(demo.gatepost("--json", "maintenance", "begin", "--for", "2h", "--message", "Back at four").stdout)
            self.assertEqual((began["told"], began["cut"]), (2, 0))
            # Who was here is told.
            self.assertIn(b"* BYE [UNAVAILABLE]", imap.readline())
            self.assertEqual(held.getreply()[0], 421)
            # Who comes is refused.
            smtp = greeting(demo.port("SMTP"))
            self.assertTrue(smtp.startswith(b"421 "), smtp)
            self.assertIn(b"maintenance until ", smtp)
            self.assertIn(b"Back at four", smtp)
            self.assertTrue(greeting(demo.port("SUBMISSION")).startswith(b"421 "))
            self.assertTrue(greeting(demo.port("IMAP")).startswith(b"* BYE [UNAVAILABLE] "))
            self.assertTrue(self.first_words(demo, "IMAPS").startswith(b"* BYE [UNAVAILABLE] "))
            self.assertTrue(self.first_words(demo, "POP3S").startswith(b"-ERR [SYS/TEMP] "))
            # RFC 4511 4.4.1: a notice of disconnection, unavailable (52).
            ldap = greeting(demo.port("LDAP"))
            self.assertIn(b"1.3.6.1.4.1.1466.20036", ldap)
            self.assertIn(b"\x0a\x01\x34", ldap)
            answer = self.page(demo)
            self.assertEqual(answer.status, 503)
            self.assertTrue(7000 < int(answer.getheader("Retry-After")) <= 7200)
            # Proofs for certificate authorities are looked up as always.
            client = http.client.HTTPConnection("127.0.0.1", demo.port("HTTP"), timeout=60)
            client.request("GET", "/.well-known/acme-challenge/nothing")
            self.assertEqual(client.getresponse().status, 404)
            client.close()
            state = status(demo)["maintenance"]
            self.assertEqual(state["message"], "Back at four")
            self.assertGreaterEqual(state["turned_away"], 7)
            self.assertIn("MAINTENANCE", demo.gatepost("status").stdout)
            # That nobody said a word is nobody's fault.
            self.assertEqual(json.loads(demo.gatepost("--json", "ban", "list").stdout), [])
            demo.gatepost("restart")
            self.assertTrue(greeting(demo.port("SMTP")).startswith(b"421 "))
            self.assertEqual(status(demo)["maintenance"]["until"], state["until"])
            demo.gatepost("maintenance", "end")
            self.assertTrue(greeting(demo.port("SMTP")).startswith(b"220 "))
            self.assertNotEqual(self.page(demo).status, 503)
            self.assertIsNone(status(demo)["maintenance"])
            self.assertEqual(demo.gatepost("maintenance", "end", check=False).returncode, 1)
            self.assertEqual(demo.imap().noop()[0], "OK")

    def test_one_that_is_forgotten_ends_by_itself(self):
        with Demo(extra_config=NOBODY) as demo:
            demo.gatepost("maintenance", "begin", "--for", "1s")
            wait(lambda: greeting(demo.port("SMTP")).startswith(b"220 "))
            self.assertIsNone(status(demo)["maintenance"])
            self.assertIn("maintenance.ended", demo.log())

    def test_administrators_are_served_meanwhile(self):
        with Demo() as demo:
            demo.gatepost("maintenance", "begin")
            self.assertTrue(greeting(demo.port("SMTP")).startswith(b"220 "))
            self.assertNotEqual(self.page(demo).status, 503)
            demo.gatepost("maintenance", "end")

    def test_what_makes_no_sense_is_refused(self):
        with Demo() as demo:
            for arguments in (["--for", "25h"], ["--for", "soon"], ["--message", "two\nlines"]):
                self.assertEqual(demo.gatepost("maintenance", "begin", *arguments, check=False).returncode, 2, arguments)
            self.assertIsNone(status(demo)["maintenance"])


if __name__ == "__main__":
    unittest.main()
