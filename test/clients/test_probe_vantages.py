"""gatepost probe from several places: what a firewall lets one address do and not another, seen from each of them."""

import json
import signal
import subprocess
import unittest

from gate_world import BINARY, SERVER4, World, possible, run

ONE_MAY, OTHERS_MAY_NOT = "10.20.0.9", "203.0.113.9"


@unittest.skipUnless(possible(), "needs root, network namespaces and nft")
class Vantages(World):
    def setUp(self):
        super().setUp()
        self.nft(f"table inet t {{\n chain in {{\n type filter hook input priority 0; policy accept;\n"
                 f" tcp dport 993 ip saddr != {ONE_MAY} drop\n }}\n}}\n")

    def state(self, namespace, *arguments):
        done = run("ip", "netns", "exec", namespace, str(BINARY), "--json", "probe", SERVER4, "--ports", "993", *arguments, check=False)
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        return json.loads(done.stdout)["ports"][0]["state"]

    def test_another_address_of_this_host(self):
        self.assertEqual("open", self.state(self.client, "--bind", ONE_MAY))
        self.assertEqual("open", self.state(self.client, "--from", ONE_MAY))
        self.assertEqual("silent", self.state(self.client, "--from", OTHERS_MAY_NOT))

    def test_a_namespace(self):
        self.assertEqual("open", self.state(self.server, "--from", f"netns:{self.client}", "--bind", ONE_MAY))
        self.assertEqual("silent", self.state(self.server, "--netns", self.client, "--bind", OTHERS_MAY_NOT))
        done = run("ip", "netns", "exec", self.server, str(BINARY), "probe", SERVER4, "--netns", "no-such", check=False)
        self.assertEqual(2, done.returncode)
        self.assertIn("there is no namespace no-such", done.stderr)

    def test_another_machine_with_a_key(self):
        key, other = str(self.folder / "vantage.key"), str(self.folder / "other.key")
        for file in (key, other):
            (self.folder / file).unlink(missing_ok=True)
            run(str(BINARY), "probe", "--make-key", file)
        server = subprocess.Popen(["ip", "netns", "exec", self.client, str(BINARY), "probe", "--serve", f"{ONE_MAY}:4993", "--key", key,
                                   "--allow", SERVER4], stdout=subprocess.PIPE, text=True)
        try:
            self.assertIn(f"{ONE_MAY}:4993", server.stdout.readline())
            # The route of that namespace leaves from its first address, which may.
            self.assertEqual("open", self.state(self.server, "--from", f"{ONE_MAY}:4993", "--key", key))
            for arguments, said in (((SERVER4, "--key", other), "another key"), (("198.51.100.77", "--key", key), "does not look at that host"),
                                    ((SERVER4, "--key", key, "--ports", "8080"), "port 8080 is none of a mail server's"),
                                    ((SERVER4,), "say --key FILE, too")):
                done = run("ip", "netns", "exec", self.server, str(BINARY), "probe", "--from", f"{ONE_MAY}:4993", *arguments, check=False)
                self.assertEqual(2, done.returncode, done.stdout)
                self.assertIn(said, done.stderr)
        finally:
            server.send_signal(signal.SIGTERM)
            self.assertEqual(0, server.wait(timeout=60))
            server.stdout.close()
        without = run(str(BINARY), "probe", "--serve", "4993", "--key", key, check=False)
        self.assertEqual(2, without.returncode)
        self.assertIn("needs --allow", without.stderr)


if __name__ == "__main__":
    unittest.main()
