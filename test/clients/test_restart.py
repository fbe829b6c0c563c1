"""Restarts, upgrades and the quiet hour: what an administrator does, and what comes of it when something fails."""

import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from demo import Demo


def wait(condition, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come true")


def greeting(port, timeout=60):
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
        return s.recv(1000)


def status(demo):
    return json.loads(demo.gatepost("status", "--json").stdout)


class Drain(unittest.TestCase):
    def test_a_transaction_is_ended_before_the_farewell_and_the_drain_can_be_watched(self):
        with Demo() as demo:
            client = demo.smtp()
            client.ehlo("elsewhere.example")
            client.mail("stranger@elsewhere.example")
            imap = demo.imap()
            restart = threading.Thread(target=demo.gatepost, args=("restart",))
            restart.start()
            wait(lambda: "server.stopping" in demo.log())
            state = json.loads(demo.gatepost("drain", "--json").stdout)
            self.assertTrue(state["draining"])
            self.assertIn("of 2 connection(s) left", demo.gatepost("drain").stdout)
            # Nothing is under way here.
            self.assertIn(b"[UNAVAILABLE]", imap.readline())
            # Here is: it goes on to its end.
            self.assertEqual(client.rcpt(demo.user1)[0], 250)
            self.assertEqual(client.data(b"Subject: late\r\n\r\nlate\r\n")[0], 250)
            self.assertEqual(client.getreply()[0], 421)
            restart.join()
            self.assertIn(b"Subject: late\r\n", demo.bodies()[0])
            state = json.loads(demo.gatepost("drain", "--json").stdout)
            self.assertFalse(state["draining"])
            self.assertEqual(state["before"]["told"], 2)
            self.assertEqual(state["before"]["cut"], 0)
            self.assertIn("server.drained", demo.log())

    def test_who_does_not_come_to_an_end_is_told_when_the_time_is_over(self):
        with Demo(extra_config="\n[maintenance]\ndrain_timeout = \"1s\"\n") as demo:
            client = demo.smtp()
            client.ehlo("elsewhere.example")
            client.mail("stranger@elsewhere.example")
            client.rcpt(demo.user1)
            client.docmd("DATA")
            client.send(b"Subject: half\r\n\r\nand no more")
            done = demo.gatepost("restart")
            self.assertIn("1 connection(s) told", done.stdout)
            self.assertIn("1 cut off", done.stdout)
            self.assertEqual(client.getreply()[0], 421)
            self.assertEqual(demo.bodies(), [])


class Rollback(unittest.TestCase):
    """A new process that fails leaves the old one serving, whenever it fails."""

    def script(self, demo, serve):
        """A program that is Gatepost in everything but `serve`."""
        path = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-new-")) / "gatepost"
        binary = demo.env["GP_BINARY"]
        path.write_text(f'#!/bin/bash\ncase " $* " in\n*" serve "*) {serve} ;;\nesac\nexec {binary} "$@"\n'.replace("BINARY", binary))
        path.chmod(0o755)
        return str(path)

    def check_old_one_serves(self, demo, before):
        self.assertEqual(status(demo)["pid"], before)
        self.assertTrue(greeting(demo.port("SMTP")).startswith(b"220 "))
        self.assertEqual(demo.imap().noop()[0], "OK")
        demo.deliver(subject="afterwards")
        self.assertIn(b"Subject: afterwards\r\n", demo.bodies()[-1])

    def test_one_that_ends_at_once(self):
        with Demo() as demo:
            done = demo.gatepost("upgrade", self.script(demo, "exit 1"), check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the old one goes on", done.stderr)
            self.check_old_one_serves(demo, demo.pid)
            self.assertNotIn("server.stopping", demo.log())

    def test_one_that_is_killed_while_the_old_one_drains(self):
        with Demo() as demo:
            log = demo.data / "gatepost.log"
            killer = f'BINARY "$@" & until grep -q server.stopping {log}; do sleep 0.01; done; kill -9 $!; wait; exit 1'
            held = demo.smtp()
            held.ehlo("elsewhere.example")
            held.mail("stranger@elsewhere.example")
            held.rcpt(demo.user1)
            held.docmd("DATA")
            refused, longest, stop = [], [0.0], threading.Event()

            def knock():
                while not stop.is_set():
                    begin = time.monotonic()
                    try:
                        greeting(demo.port("SMTP"))
                    except OSError as error:
                        refused.append(repr(error))
                    longest[0] = max(longest[0], time.monotonic() - begin)

            knocking = threading.Thread(target=knock)
            knocking.start()
            upgrade = subprocess.Popen([demo.env["GP_BINARY"], "--config", demo.env["GP_CONFIG"], "upgrade",
                                        self.script(demo, killer)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            wait(lambda: "server.stopping" in demo.log())
            held.send(b"Subject: held\r\n\r\nheld\r\n.\r\n")
            self.assertEqual(held.getreply()[0], 250)
            _, errors = upgrade.communicate(timeout=120)
            self.assertEqual(upgrade.returncode, 1)
            self.assertIn("the old one goes on", errors)
            self.assertIn("server.take_over_failed", demo.log())
            time.sleep(0.2)
            stop.set()
            knocking.join()
            self.assertEqual(refused, [])
            self.check_old_one_serves(demo, demo.pid)
            self.assertIn(b"Subject: held\r\n", b"".join(demo.bodies()))
            # And it can be restarted once more, for good.
            self.assertIn("serves in the place of", demo.gatepost("restart").stdout)
            self.assertNotEqual(status(demo)["pid"], demo.pid)

    def test_one_that_runs_out_of_descriptors(self):
        with Demo() as demo:
            done = demo.gatepost("upgrade", self.script(demo, 'ulimit -n 34; exec BINARY "$@"'), check=False)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.check_old_one_serves(demo, demo.pid)

    def test_two_at_once(self):
        with Demo() as demo:
            command = [demo.env["GP_BINARY"], "--config", demo.env["GP_CONFIG"], "restart"]
            both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
            for one in both:
                one.communicate(timeout=180)
            self.assertIn(0, [one.returncode for one in both])
            self.assertTrue(wait(lambda: greeting(demo.port("SMTP")).startswith(b"220 ")))
            pid = wait(lambda: json.loads(demo.gatepost("status", "--json", check=False).stdout or "{}").get("pid"))
            wait(lambda: int((demo.data / "gatepost.pid").read_text() or 0) == pid)


class Upgrade(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()
        cls.facts = json.loads(cls.demo.gatepost("formats", "--json").stdout)

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()

    def program(self, version=None, formats=None, config_check="exit 0"):
        """One that says something else of itself than we do."""
        facts = dict(self.facts)
        facts["version"] = version or facts["version"]
        facts["formats"] = formats if formats is not None else facts["formats"]
        path = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-new-")) / "gatepost"
        path.write_text(f"""#!/bin/bash
case " $* " in
*" --version "*) echo "gatepost {facts['version']}" ;;
*" formats "*) echo '{json.dumps(facts)}' ;;
*" config check "*) {config_check} ;;
*) exit 1 ;;
esac
""")
        path.chmod(0o755)
        return str(path)

    def refused(self, program, *options):
        done = self.demo.gatepost("upgrade", "--check", *options, program, check=False)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("Refused: ", done.stderr)
        self.assertEqual(status(self.demo)["pid"], self.demo.pid)
        return done.stderr

    def changed(self, name, **numbers):
        return [dict(f, **numbers) if f["name"] == name else f for f in self.facts["formats"]]

    def test_a_later_release_may_take_over(self):
        done = self.demo.gatepost("upgrade", "--check", self.program("99.0.0"))
        self.assertIn("version 99.0.0", done.stdout)
        self.assertIn("the way back is open", done.stdout)

    def test_an_earlier_one_is_refused_unless_it_is_meant(self):
        self.assertIn("--allow-downgrade", self.refused(self.program("0.0.1")))
        self.demo.gatepost("upgrade", "--check", "--allow-downgrade", self.program("0.0.1"))

    def test_one_that_cannot_read_the_data_is_always_refused(self):
        program = self.program("99.0.0", self.changed("queue", reads_from=8, reads_to=9, writes=9))
        self.assertIn("cannot read what is on disk", self.refused(program, "--one-way", "--allow-downgrade"))

    def test_no_way_back_has_to_be_said(self):
        program = self.program("99.0.0", self.changed("queue", reads_from=1, reads_to=9, writes=9))
        self.assertIn("no way back", self.refused(program))
        self.assertIn("NO WAY BACK", self.demo.gatepost("upgrade", "--check", "--one-way", program).stdout)

    def test_one_that_does_not_take_the_configuration(self):
        self.assertIn("line 3: unknown key", self.refused(self.program("99.0.0", config_check="echo line 3: unknown key; exit 2")))

    def test_what_is_not_gatepost_or_anybody_may_write(self):
        self.assertIn("is not Gatepost", self.refused("/bin/true"))
        self.assertIn("No such file", self.refused("/nowhere/gatepost"))
        self.assertIn("is not a file", self.refused("/tmp"))
        program = self.program("99.0.0")
        os.chmod(program, 0o777)
        self.assertIn("may be written by others", self.refused(program))


class SameProgram(unittest.TestCase):
    def test_the_same_program_again(self):
        with Demo() as demo:
            demo.deliver(subject="kept")
            done = demo.gatepost("upgrade", demo.env["GP_BINARY"])
            self.assertIn("serves in the place of", done.stdout)
            self.assertNotEqual(status(demo)["pid"], demo.pid)
            self.assertIn(b"Subject: kept\r\n", demo.bodies()[0])


class Later(unittest.TestCase):
    def test_a_restart_waits_for_its_time(self):
        with Demo() as demo:
            imap = demo.imap()
            at = int(time.time()) + 3
            done = demo.gatepost("restart", "--at", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)))
            self.assertIn("Waiting until ", done.stdout)
            self.assertIn("serves in the place of", done.stdout)
            self.assertGreaterEqual(time.time(), at)
            self.assertIn(b"[UNAVAILABLE]", imap.readline())
            self.assertNotEqual(status(demo)["pid"], demo.pid)

    def test_a_time_that_makes_no_sense_is_refused(self):
        with Demo() as demo:
            for wrong in ("25:00", "03:1", "soon", "2020-01-01T00:00:00Z"):
                self.assertEqual(demo.gatepost("restart", "--at", wrong, check=False).returncode, 2, wrong)
            done = demo.gatepost("restart", "--in-quiet-hour", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("Too little is known", done.stderr)
            self.assertEqual(status(demo)["pid"], demo.pid)


class QuietHour(unittest.TestCase):
    def test_nothing_is_claimed_without_data(self):
        with Demo() as demo:
            done = demo.gatepost("maintenance", "plan", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("Too little is known", done.stderr)
            plan = json.loads(demo.gatepost("maintenance", "plan", "--json", "--zone", "Europe/Berlin", check=False).stdout)
            self.assertEqual((plan["confidence"], plan["best"], plan["time_zone"]), ("none", [], "Europe/Berlin"))
            for wrong in (["--minutes", "0"], ["--minutes", "ten"], ["--within", "90d"], ["--zone", "Europe/Atlantis"]):
                self.assertEqual(demo.gatepost("maintenance", "plan", *wrong, check=False).returncode, 2, wrong)

    def test_what_was_counted_survives_a_stop_and_a_restart(self):
        with Demo() as demo:
            for i in range(3):
                demo.deliver(subject=f"message {i}")
            imap = demo.imap()
            imap.logout()
            demo.gatepost("restart")
            demo.deliver()
            demo.stop()
            hours = json.loads(demo.gatepost("maintenance", "traffic", "--json").stdout)
            self.assertIn(len(hours), (1, 2))
            count = lambda service, what: sum(h["services"].get(service, {}).get(what, 0) for h in hours)
            self.assertEqual(count("smtp", "messages_in"), 4)
            self.assertGreaterEqual(count("smtp", "sessions"), 4)
            self.assertGreaterEqual(count("imap", "users"), 1)
            self.assertIn("people", demo.gatepost("maintenance", "traffic").stdout)

    def test_an_announcement_is_shown_to_who_is_signed_in(self):
        with Demo() as demo:
            imap = demo.imap()
            imap.select()
            self.assertIn("connection(s)", demo.gatepost("maintenance", "announce", "--message", "Back at four").stdout)
            self.assertEqual(imap.readline(), b"* OK [ALERT] Back at four\r\n")
            self.assertEqual(imap.noop()[0], "OK")
            self.assertEqual(demo.gatepost("maintenance", "announce", "--message", "two\nlines", check=False).returncode, 2)
            imap.logout()


if __name__ == "__main__":
    unittest.main(verbosity=2)
