"""The organisation as one file: shown, made so, written again, over the command line and by an administrator's interface."""

import json
import pathlib
import tempfile
import unittest

from demo import Demo

FILE = """
[[account]]
address = "clara@demo.example"
name = "Clara Grün"
role = "helpdesk"
contact = { department = "Sales", phone = ["+49 30 1", "+49 30 2"] }

[[account]]
address = "sales@demo.example"
kind = "shared"
rights = [{ who = "clara@demo.example", rights = "lrswipkxtea" }]

[[group]]
address = "all@demo.example"
members = ["clara@demo.example", "boss@demo.example"]

[[alias]]
address = "boss@demo.example"
targets = ["user1@demo.example"]
"""


class Apply(unittest.TestCase):
    def test_a_file_becomes_the_organisation_and_the_organisation_a_file(self):
        with Demo() as demo, tempfile.TemporaryDirectory() as top:
            file = pathlib.Path(top) / "people.toml"
            file.write_text(FILE)
            before = demo.gatepost("export").stdout
            dry = demo.gatepost("apply", str(file), "--dry-run").stdout
            self.assertIn("+ account clara@demo.example", dry)
            self.assertIn("nothing was changed", dry)
            self.assertEqual(demo.gatepost("export").stdout, before)

            done = json.loads(demo.gatepost("--json", "apply", str(file)).stdout)
            self.assertTrue(done["applied"])
            password = next(step["password"] for step in done["steps"] if step["what"] == "account clara@demo.example")
            client = demo.imap("clara@demo.example", password)
            self.assertIn(b"Shared/sales@demo.example", b"".join(client.list()[1]))
            client.logout()
            demo.deliver(to="all@demo.example", subject="to all")
            demo.wait_for_count(1)
            demo.wait_for_count(1, user="clara@demo.example", password=password)
            self.assertIn("Everything is as the file says", demo.gatepost("apply", str(file)).stdout)

            # What is written says all there is; a server that lost an alias gets it back from it.
            whole = demo.gatepost("export").stdout
            demo.gatepost("alias", "delete", "boss@demo.example")
            again = demo.gatepost("apply", "-", "--prune", stdin=whole).stdout
            self.assertIn("+ alias boss@demo.example", again)
            self.assertEqual(demo.gatepost("export").stdout, whole)

            # Who is no longer named cannot sign in, and keeps the mail.
            client = demo.imap("clara@demo.example", password)
            demo.gatepost("apply", "-", "--prune", stdin=whole.replace("clara@demo.example", "carla@demo.example"))
            with self.assertRaises((client.abort, client.error)):
                client.noop()
            with self.assertRaises(client.error):
                demo.imap("clara@demo.example", password)
            self.assertIn("clara@demo.example", demo.gatepost("account", "list").stdout)

    def test_it_says_what_is_wrong_and_changes_nothing(self):
        with Demo() as demo:
            before = demo.gatepost("export").stdout
            wrong = demo.gatepost("apply", "-", stdin=FILE.replace("targets", "target"), check=False)
            self.assertEqual(wrong.returncode, 1)
            self.assertIn("[[alias]] target: unknown key", wrong.stderr)
            missing = demo.gatepost("apply", "/nowhere/people.toml", check=False)
            self.assertEqual(missing.returncode, 2)
            self.assertEqual(demo.gatepost("export").stdout, before)
            # The same when no server runs.
            demo.stop()
            demo.gatepost("apply", "-", stdin=FILE)
            self.assertIn("clara@demo.example", demo.gatepost("export").stdout)
            demo.start()


if __name__ == "__main__":
    unittest.main()
