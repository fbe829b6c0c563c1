"""gatepost probe against a running server and against others' faults; gatepost gate log on files that rotate."""

import json
import resource
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from demo import TOP, Demo

SAMPLES = TOP / "test/data/firewall-logs"


class Probe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()

    def probe(self, *arguments):
        done = self.demo.gatepost("--json", "probe", "--ca", self.demo.env["GP_CA"], *arguments, check=False)
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        return done.returncode, json.loads(done.stdout)

    def test_own_listeners_are_as_they_should_be(self):
        spent = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        before = spent()
        code, report = self.probe()
        took = spent() - before
        wrong = [(port["port"], finding) for port in report["ports"] for finding in port["findings"] if finding["result"] in ("fail", "warn")]
        self.assertEqual([], wrong)
        self.assertEqual(0, code)
        self.assertGreaterEqual(len(report["ports"]), 7)
        for port in report["ports"]:
            self.assertEqual("open", port["state"], port)
        imaps = next(port for port in report["ports"] if port["port"] == self.demo.port("IMAPS"))
        texts = [finding["text"] for finding in imaps["findings"]]
        self.assertTrue(any("as on disk" in text for text in texts), texts)
        self.assertTrue(any("TLSv1.3" in text for text in texts), texts)
        self.assertLess(took, 2.0)  # of a processor; a tenth of that, whatever else the machine does

    def test_another_name_is_noticed(self):
        code, report = self.probe("127.0.0.1", "--name", "other.example.net", "--ports", str(self.demo.port("IMAPS")))
        self.assertEqual(0, code)  # a port nobody knows is only connected to
        self.assertEqual("open", report["ports"][0]["state"])

    def test_nothing_there_is_no_verdict(self):
        code, _ = self.probe("no-such-name.invalid")
        self.assertEqual(2, code)
        self.assertEqual(2, self.demo.gatepost("probe", "127.0.0.1", "--profile", "nobody", check=False).returncode)


class GateLog(unittest.TestCase):
    binary = TOP / "build" / os.environ.get("GATEPOST_PRESET", "release") / "src/gatepost"

    def run_log(self, *arguments, stdin=None):
        return subprocess.run([str(self.binary), "gate", "log", *arguments], input=stdin, capture_output=True, text=True)

    def test_a_file_is_filtered(self):
        done = self.run_log(str(SAMPLES / "ufw.log"), "--port", "993", "--denied", "--json")
        self.assertEqual(0, done.returncode, done.stderr)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([("203.0.113.77", "rate-limit")], [(event["src"], event.get("reason")) for event in events])

    def test_the_standard_input_is_read_and_escaped(self):
        line = (SAMPLES / "netfilter-kernel.log").read_text().splitlines()[0]
        done = self.run_log("-", stdin=line.replace("iptables-drop", "\x1b[2Jdrop"))
        self.assertIn("\\x1b[2Jdrop", done.stdout)
        self.assertNotIn("\x1b", done.stdout + done.stderr)

    def test_what_is_no_firewall_log_is_said(self):
        self.assertEqual(1, self.run_log("-", stdin="hello\nworld\n").returncode)
        self.assertEqual(1, self.run_log("/nonexistent").returncode)
        self.assertEqual(2, self.run_log().returncode)
        self.assertEqual(2, self.run_log("-", "--format", "nothing", stdin="").returncode)
        self.assertEqual(2, self.run_log("-", "--from", "nobody", stdin="").returncode)

    def test_a_rotated_file_is_followed(self):
        line = (SAMPLES / "netfilter-kernel.log").read_text().splitlines()[0]
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "kern.log"
            log.write_text(line.replace("DPT=143", "DPT=1") + "\n")
            process = subprocess.Popen([str(self.binary), "--json", "gate", "log", "-f", str(log)], stdout=subprocess.PIPE, text=True)
            try:
                def next_port():
                    return json.loads(process.stdout.readline())["dport"]
                self.assertEqual(1, next_port())
                log.rename(log.with_suffix(".1"))
                with log.with_suffix(".1").open("a") as old:
                    old.write(line.replace("DPT=143", "DPT=2") + "\n")
                log.write_text(line.replace("DPT=143", "DPT=3") + "\n")
                self.assertEqual([2, 3], [next_port(), next_port()])
                os.truncate(log, 0)
                with log.open("a") as fresh:
                    fresh.write(line.replace("DPT=143", "DPT=4") + "\n")
                self.assertEqual(4, next_port())
            finally:
                process.send_signal(signal.SIGINT)
                process.wait()
                process.stdout.close()


if __name__ == "__main__":
    unittest.main()
