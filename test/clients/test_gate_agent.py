"""The firewall from a browser: what administrators ask for by the web is done by root's agent, and by nobody else."""

import json
import os
import pathlib
import socket
import subprocess
import time
import unittest

from browser import Browser
from demo import Demo
from gate_world import possible, run

CONFIG = """
[gate]
state_dir = "{folder}/gate"
agent = "{folder}/agent.socket"
[networks]
trusted = ["127.0.0.0/8", "::1", "10.20.0.0/16"]
[listener.pop3s]
audience = "trusted"
"""


@unittest.skipUnless(possible() and os.environ.get("own_network") == "1", "needs root, nft and a network of its own")
class GateAgent(unittest.TestCase):
    def setUp(self):
        self.demo = Demo()
        # The data directory's own name is not known before.
        (self.demo.data / "extra.toml").write_text(CONFIG.format(folder=self.demo.data))
        self.demo.start()
        self.addCleanup(self.demo.__exit__)
        self.agent = None
        self.addCleanup(self.end_agent)
        self.addCleanup(run, "nft", "flush", "ruleset", check=False)
        self.browser = self.as_role("admin")

    def as_role(self, role):
        self.demo.gatepost("account", "set", self.demo.user1, f"role={role}")
        browser = Browser(self.demo)
        self.assertEqual(200, browser.sign_in().status)
        return browser

    def start_agent(self):
        self.agent = subprocess.Popen([self.demo.env["GP_BINARY"], "--config", self.demo.env["GP_CONFIG"], "gate", "agent"])
        path = self.demo.data / "agent.socket"
        for _ in range(200):
            if path.exists():
                return
            time.sleep(0.05)
        self.fail("the agent does not listen")

    def end_agent(self):
        if self.agent:
            self.agent.terminate()
            self.agent.wait(20)
            self.agent = None

    def ask(self, verb, browser=None, **options):
        return (browser or self.browser).ask("POST", "/api/admin/gate/" + verb, options)

    def done(self, verb, **options):
        answer = self.ask(verb, **options)
        self.assertEqual(200, answer.status, (verb, answer.content))
        return answer.json()

    def table(self):
        return run("nft", "list", "table", "inet", "gatepost", check=False).stdout

    def test_without_an_agent_the_page_hears_so(self):
        answer = self.ask("plan")
        self.assertEqual(503, answer.status)
        self.assertIn(b"gatepost-gate-agent", answer.content)

    def test_a_change_waits_for_a_new_connection_and_undoes_itself(self):
        self.start_agent()
        plan = self.done("plan")
        self.assertFalse(plan["cuts_off"])
        self.assertEqual("open", plan["own_connection"])
        self.assertIn("pop3s", {change["service"] for change in plan["changes"] if not change["gains"]})
        self.assertEqual("", self.table())

        applied = self.ask("apply", confirm=60)
        self.assertEqual(200, applied.status, applied.content)
        self.assertEqual("close", applied.fields["Connection"])
        self.assertTrue(applied.json()["pending"])
        self.assertIn("gp:pop3s:trusted", self.table())
        history = self.done("history")
        self.assertEqual(applied.json()["revision"], history["pending"]["revision"])
        self.assertIn(self.demo.user1, history["revisions"][-1]["by"] + history["revisions"][0]["by"])
        self.assertEqual(422, self.ask("apply", confirm=60).status)  # one waits
        self.assertEqual(applied.json()["revision"], self.done("confirm")["revision"])
        self.assertNotIn("pending", self.done("history"))
        self.assertEqual(0, self.done("show")["problems"])
        self.assertIn("count", self.done("audit"))
        self.assertEqual(10995, self.done("who", port=10995)["port"])
        # The journal has who changed the firewall.
        changes = json.dumps(self.browser.ask("POST", "/api/admin/changes/list", {}).json())
        self.assertIn("gate apply", changes)
        self.assertIn("gate confirm", changes)
        self.assertNotIn("gate plan", changes)

        # Other rules, which nobody confirms.
        config = pathlib.Path(self.demo.env["GP_CONFIG"])
        config.write_text(config.read_text().replace('"10.20.0.0/16"', '"10.30.0.0/16"'))
        self.demo.gatepost("reload")
        self.assertTrue(self.done("apply", confirm=2)["pending"])
        self.assertIn("10.30.0.0/16", self.table())
        until = time.time() + 15
        while "10.30.0.0/16" in self.table() and time.time() < until:
            time.sleep(0.1)
        self.assertIn("10.20.0.0/16", self.table())
        self.assertEqual(422, self.ask("confirm").status)
        # And one that is called back.
        self.done("apply", confirm=60)
        self.done("rollback")
        self.assertIn("10.20.0.0/16", self.table())

    def test_roles_and_words_that_are_no_numbers(self):
        self.start_agent()
        for options in ({"confirm": "1s --now"}, {"confirm": "-1"}, {"confirm": 10 ** 9}):
            self.assertEqual(400, self.ask("apply", **options).status, options)
        self.assertEqual(400, self.ask("rollback", revision="--now").status)
        self.assertEqual(400, self.ask("who", port="993; true").status)
        self.assertEqual(400, self.ask("apply", now=True).status)
        self.assertEqual("", self.table())
        auditor = self.as_role("auditor")
        self.assertEqual(200, self.ask("plan", auditor).status)
        for verb in ("apply", "confirm", "rollback"):
            self.assertEqual(403, self.ask(verb, auditor).status, verb)

    def test_the_socket_is_the_servers_alone(self):
        self.start_agent()
        path = str(self.demo.data / "agent.socket")
        program = ("import socket, sys\n"
                   "s = socket.socket(socket.AF_UNIX)\n"
                   "try:\n s.connect(sys.argv[1])\n s.sendall(b'{\"verb\":\"gate plan\",\"options\":{}}')\n s.shutdown(1)\n print(len(s.recv(10)))\n"
                   "except PermissionError:\n print(0)\n")
        os.chmod(path, 0o666)  # it is the kernel's word on who asks that counts
        stranger = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "python3", "-c", program, path],
                                  stdout=subprocess.PIPE, text=True)
        self.assertEqual("0", stranger.stdout.strip())
        with socket.socket(socket.AF_UNIX) as ours:
            ours.connect(path)
            ours.sendall(b'{"verb":"gate export","options":{}}')
            ours.shutdown(socket.SHUT_WR)
            self.assertIn(b"does not do that", ours.recv(1000))
