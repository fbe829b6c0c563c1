"""Searches with an index: found is what is there, whatever happens to the index."""

import json
import os
import pathlib
import random
import time
import unittest

from demo import Demo

WORDS = ["invoice", "meeting", "harpsichord", "straße", "Grüße", "会議", "議事録", "quarter", "budget", "rotkäppchen", "a1b2c3d4e5f6g7"]


def messages(count):
    chance = random.Random(5)
    out = []
    for i in range(count):
        words = " ".join(chance.choice(WORDS) for _ in range(60))
        out.append((f"From: p{i % 7}@elsewhere.example\r\nSubject: number {i}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
                    f"{words} only{i}\r\n").encode())
    return out


def wait_indexed(demo, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        table = json.loads(demo.gatepost("--json", "search", "status", demo.user1).stdout)
        if table and table[0]["behind"] == 0 and not table[0]["working"] and table[0]["indexed"] >= table[0]["messages"]:
            return table[0]
        time.sleep(0.1)
    raise AssertionError(f"not indexed: {table}")


def search(imap, *keys, charset=None):
    if charset:
        imap.literal = keys[-1].encode(charset)
        kind, data = imap.uid("SEARCH", "CHARSET", charset, *keys[:-1])
    else:
        kind, data = imap.uid("SEARCH", *keys)
    assert kind == "OK", data
    return [int(n) for n in (data[0] or b"").split()]


class Search(unittest.TestCase):
    def check(self, imap, texts):
        """Every word, parts of them, and phrases, against the texts themselves."""
        lower = [text.decode().lower() for text in texts]
        for word in ["voice", "arpsi", "GRÜßE", "rotkäpp", "会", "会議", "議事録", "only1", "d4e5f6g", "nowhere", "grüsse", "invoice meeting", "quarter budget harpsichord"]:
            expected = [i + 1 for i, text in enumerate(lower) if word.lower() in text.split("\r\n\r\n", 1)[1]]
            self.assertEqual(search(imap, "BODY", word, charset="utf-8"), expected, word)
        self.assertEqual(search(imap, "FROM", "p3@else"), [i + 1 for i in range(len(texts)) if i % 7 == 3])
        self.assertEqual(search(imap, "SUBJECT", '"number 17"'), [i + 1 for i in range(len(texts)) if str(i).startswith("17")])
        self.assertEqual(search(imap, "NOT", "TEXT", "number"), [])

    def test_the_same_is_found_whatever_happens_to_the_index(self):
        with Demo() as demo:
            texts = messages(200)
            imap = demo.imap()
            for text in texts:
                imap.append("INBOX", None, None, text)
            imap.select("INBOX")
            self.check(imap, texts)  # partly indexed, or not at all
            status = wait_indexed(demo)
            self.assertGreater(status["octets"], 0)
            self.check(imap, texts)

            index = next(pathlib.Path(demo.data).rglob("*.index"))
            for damage in ("delete", "truncate", "flip", "rebuild"):
                if damage == "delete":
                    for path in index.parent.glob(index.name + "*"):
                        path.unlink()
                elif damage == "truncate":
                    os.truncate(index, 9_000)
                elif damage == "flip":
                    octets = bytearray(index.read_bytes())
                    for at in range(4_200, len(octets), 97):
                        octets[at] ^= 1
                    with open(index, "r+b") as file:
                        file.write(octets)
                else:
                    demo.gatepost("search", "rebuild", demo.user1)
                self.check(imap, texts)
                wait_indexed(demo)
                self.check(imap, texts)

            # kill -9 while it indexes.
            more = messages(300)
            for text in more[200:]:
                imap.append("INBOX", None, None, text)
            demo.gatepost("search", "rebuild")
            demo.kill()
            demo.start()
            imap = demo.imap()
            imap.select("INBOX")
            self.check(imap, texts + more[200:])
            wait_indexed(demo)
            self.check(imap, texts + more[200:])
            imap.uid("STORE", "1:150", "+FLAGS", "\\Deleted")
            imap.expunge()
            self.assertEqual(search(imap, "BODY", "only20", charset="utf-8"), [201 + n for n in range(0, 10)])
            self.assertIn("search ", demo.gatepost("status").stdout)

    def test_it_can_be_switched_off(self):
        with Demo(extra_config="[search]\nindex = false\n") as demo:
            imap = demo.imap()
            for text in messages(30):
                imap.append("INBOX", None, None, text)
            imap.select("INBOX")
            self.check(imap, messages(30))
            self.assertEqual(list(pathlib.Path(demo.data).rglob("*.index")), [])
            self.assertIn("switched off", demo.gatepost("search", "status", check=False).stderr + demo.gatepost("search", "status", check=False).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
