"""A device that was away comes back: it hears of what changed, and of nothing else. The same after a restart and after a backup was restored."""

import imaplib
import os
import re
import tempfile
import unittest

from demo import Demo

MESSAGES = 12_000


def append_many(imap, count, at_once=400):
    """MULTIAPPEND, which imaplib does not know."""
    text = b"Subject: one of many\r\n\r\nHello\r\n"
    for first in range(0, count, at_once):
        tag = imap._new_tag()
        imap.send(tag + b" APPEND INBOX" + b"".join(b" () {%d+}\r\n%s" % (len(text), text) for _ in range(min(at_once, count - first))) + b"\r\n")
        while not (line := imap.readline()).startswith(tag):
            pass
        assert b" OK " in line, line


def answer(imap, command):
    """The octets that a command brings."""
    tag = imap._new_tag()
    imap.send(tag + b" " + command.encode() + b"\r\n")
    lines = []
    while not lines or not lines[-1].startswith(tag):
        lines.append(imap.readline())
        assert lines[-1], "the server closed the connection"
    assert b" OK " in lines[-1], lines[-1]
    return b"".join(lines[:-1])


def resynchronise(demo, validity, modseq):
    imap = demo.imap()
    answer(imap, "ENABLE QRESYNC IMAP4rev2")  # without RECENT, which every session takes from the next
    told = answer(imap, f"SELECT INBOX (QRESYNC ({validity} {modseq}))")
    imap.logout()
    return told


def unique_ids(demo):
    pop = demo.pop()
    ids = pop.uidl()[1]
    pop.quit()
    return ids


class Away(unittest.TestCase):
    def test_ten_thousand_changes_are_all_that_is_sent(self):
        with Demo() as demo, tempfile.TemporaryDirectory() as place:
            imap = demo.imap()
            append_many(imap, MESSAGES)
            opened = answer(imap, "SELECT INBOX")
            validity = re.search(rb"UIDVALIDITY (\d+)", opened).group(1).decode()
            modseq = re.search(rb"HIGHESTMODSEQ (\d+)", opened).group(1).decode()
            nothing = len(resynchronise(demo, validity, modseq))

            # 6,000 flags, 2,000 gone, 2,000 new.
            answer(imap, "UID STORE 1001:7000 +FLAGS.SILENT (\\Flagged)")
            answer(imap, "UID STORE 8001:10000 +FLAGS.SILENT (\\Deleted)")
            answer(imap, "EXPUNGE")
            append_many(imap, 2_000)
            imap.logout()

            told = resynchronise(demo, validity, modseq)
            self.assertEqual(told.count(b" FETCH ("), 8_000)
            self.assertIn(b"* VANISHED (EARLIER) 8001:10000\r\n", told)
            octets = len(told) - nothing
            print(f"10,000 changes: {octets} octets, {octets / 10_000:.1f} each")
            self.assertLess(octets, 10_000 * 64)
            ids = unique_ids(demo)
            self.assertEqual(len(ids), MESSAGES)

            backup = os.path.join(place, "backup")
            demo.gatepost("store", "backup", backup)
            demo.stop()
            demo.start()
            self.assertEqual(resynchronise(demo, validity, modseq), told)
            self.assertEqual(unique_ids(demo), ids)
            demo.stop()
            demo.gatepost("store", "restore", backup)
            demo.start()
            # After a restore numbers go on far away; nothing else is different.
            beyond = re.compile(rb"(UIDNEXT|HIGHESTMODSEQ) \d+")
            self.assertEqual(beyond.sub(b"", resynchronise(demo, validity, modseq)), beyond.sub(b"", told))
            self.assertEqual(unique_ids(demo), ids)


if __name__ == "__main__":
    unittest.main(verbosity=2)
