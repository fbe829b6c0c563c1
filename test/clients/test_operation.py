"""What an administrator does to a running server, and what that means to those who use it."""

import imaplib
import json
import os
import pathlib
import re
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from demo import Demo


def wait(condition, seconds=15):
    end = time.time() + seconds
    while time.time() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come true")


def edit(path, old, new):
    """Changes a file in place: its owner stays."""
    text = pathlib.Path(path).read_text()
    assert old in text, old
    with open(path, "r+") as file:
        file.write(text.replace(old, new))
        file.truncate()


def greeting(port, host="127.0.0.1", timeout=20):
    with socket.create_connection((host, port), timeout=timeout) as s:
        return s.recv(1000)


class Running(unittest.TestCase):
    """One server for tests that leave it as it was."""

    strict = False
    extra = ""

    @classmethod
    def setUpClass(cls):
        cls.demo = Demo(extra_config=cls.extra, strict=cls.strict)
        cls.demo.start()

    @classmethod
    def tearDownClass(cls):
        cls.demo.__exit__()


class Reload(Running):
    def test_sessions_go_on_and_new_ones_see_the_new_configuration(self):
        imap, smtp = self.demo.imap(), self.demo.smtp()
        edit(self.demo.env["GP_CONFIG"], "[[tls.certificate]]", '[smtp]\nbanner = "ESMTP changed"\n\n[[tls.certificate]]')
        self.demo.gatepost("reload")
        self.assertEqual(imap.noop()[0], "OK")
        self.assertEqual(smtp.noop()[0], 250)
        self.assertIn(b"ESMTP changed", greeting(self.demo.port("SMTP")))
        # By signal, too.
        edit(self.demo.env["GP_CONFIG"], "ESMTP changed", "ESMTP changed again")
        os.kill(self.demo.pid, signal.SIGHUP)
        wait(lambda: b"ESMTP changed again" in greeting(self.demo.port("SMTP")))
        self.assertEqual(imap.logout()[0], "BYE")
        smtp.quit()

    def test_a_broken_file_changes_nothing(self):
        config = self.demo.env["GP_CONFIG"]
        before = pathlib.Path(config).read_text()
        try:
            edit(config, "[server]", "[server]\nhostnmae = 3")
            done = self.demo.gatepost("reload", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"gatepost.toml:\d+: \[server\] hostnmae: unknown key")
            self.assertTrue(greeting(self.demo.port("SMTP")).startswith(b"220 "))
            self.assertIn("server.reload_failed", self.demo.log())
            os.kill(self.demo.pid, signal.SIGHUP)
            wait(lambda: self.demo.log().count("server.reload_failed") == 2)
        finally:
            with open(config, "r+") as file:
                file.write(before)
                file.truncate()
        self.demo.gatepost("reload")

    def test_listeners_come_and_go(self):
        config = self.demo.env["GP_CONFIG"]
        extra = '\n[listener.extra]\nservice = "smtp"\nport = 2525\ntls = "starttls"\nreason = "a test"\n'
        with open(config, "a") as file:
            file.write(extra)
        self.demo.gatepost("reload")
        with socket.create_connection(("127.0.0.1", 12525), timeout=10) as kept:
            self.assertTrue(kept.recv(1000).startswith(b"220 "))
            edit(config, extra, "")
            self.demo.gatepost("reload")
            with self.assertRaises(ConnectionRefusedError):
                greeting(12525)
            kept.sendall(b"NOOP\r\n")
            self.assertTrue(kept.recv(1000).startswith(b"250 "))

    def test_what_needs_a_restart_is_said(self):
        config = self.demo.env["GP_CONFIG"]
        edit(config, "port_offset", "io_threads = 3\nport_offset")
        done = self.demo.gatepost("reload")
        self.assertIn("[server] io_threads takes effect at the next start", done.stdout)
        self.assertIn("server.needs_restart", self.demo.log())
        edit(config, "io_threads = 3\n", "")
        self.demo.gatepost("reload")
        self.assertEqual(json.loads(self.demo.gatepost("status", "--json").stdout)["needs_restart"], [])

    def test_certificates_are_exchanged_without_ending_sessions(self):
        def serial():
            context = ssl.create_default_context(cafile=self.demo.env["GP_CA"])
            with socket.create_connection(("127.0.0.1", self.demo.port("IMAPS")), timeout=10) as s:
                with context.wrap_socket(s, server_hostname="localhost") as tls:
                    return tls.getpeercert()["serialNumber"]

        imap = self.demo.imap()
        before = serial()
        pki = self.demo.data / "pki"
        with tempfile.TemporaryDirectory() as work:
            key, csr, ext, leaf = (os.path.join(work, n) for n in ("key", "csr", "ext", "leaf"))
            pathlib.Path(ext).write_text("subjectAltName=DNS:localhost\n")
            for command in (["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key],
                            ["req", "-new", "-key", key, "-subj", "/CN=localhost", "-out", csr],
                            ["x509", "-req", "-in", csr, "-CA", str(pki / "ca.pem"), "-CAkey", str(pki / "ca.key"),
                             "-set_serial", "4711", "-days", "5", "-extfile", ext, "-out", leaf]):
                subprocess.run(["openssl", *command], check=True, stderr=subprocess.DEVNULL)
            for source, target in ((leaf, pki / "server.pem"), (key, pki / "server.key")):
                with open(target, "w") as file:
                    file.write(pathlib.Path(source).read_text())
        self.demo.gatepost("reload")
        after = serial()
        self.assertNotEqual(before, after)
        self.assertEqual(int(after, 16), 4711)
        self.assertEqual(imap.noop()[0], "OK")
        self.assertIn("server.certificate_ends", self.demo.log())  # five days are not many


class LogFile(Running):
    def test_a_log_file_is_opened_anew(self):
        config = self.demo.env["GP_CONFIG"]
        log = self.demo.data / "store.log"
        with open(config, "a") as file:
            file.write(f'\n[log]\ntarget = "{log}"\nlevel = "debug"\n')
        self.demo.gatepost("reload")
        greeting(self.demo.port("SMTP"))
        self.demo.gatepost("reload")
        wait(lambda: log.exists() and "server.reloaded" in log.read_text())
        log.rename(self.demo.data / "store.log.1")
        os.kill(self.demo.pid, signal.SIGUSR1)
        wait(log.exists)
        self.demo.gatepost("reload")
        wait(lambda: "server.reloaded" in log.read_text())


class Watching(Running):
    def get(self, path, **kwargs):
        request = urllib.request.Request(f"http://localhost:{self.demo.port('METRICS')}{path}", **kwargs)
        return urllib.request.urlopen(request, timeout=10)

    def test_metrics(self):
        self.demo.deliver()
        with self.get("/metrics") as answer:
            self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            text = answer.read().decode()
        self.assertRegex(text, r"(?m)^gatepost_build_info\{version=\"[0-9.]+\"\} 1$")
        self.assertRegex(text, r"(?m)^gatepost_mail_accepted_total [1-9]")
        for line in text.splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) [a-z0-9_]+ .*|[a-z0-9_]+(\{[^}]*\})? \S+)$")
        for path, method, code in (("/", "GET", 404), ("/metrics", "DELETE", 405)):
            with self.assertRaises(urllib.error.HTTPError) as error:
                self.get(path, method=method)
            self.assertEqual(error.exception.code, code)
        with socket.create_connection(("127.0.0.1", self.demo.port("METRICS")), timeout=10) as s:
            s.sendall(b"\x16\x03\x01\x02\x00garbage\r\n\r\n")
            self.assertTrue(s.recv(1000).startswith(b"HTTP/1.1 400 "))

    def test_status(self):
        imap = self.demo.imap()
        status = json.loads(self.demo.gatepost("status", "--json").stdout)
        self.assertEqual(status["pid"], self.demo.pid)
        self.assertEqual(status["hostname"], "mail." + self.demo.domain)
        self.assertEqual(status["accounts"], 2)
        self.assertEqual(status["signed_in"]["imap"], 1)
        self.assertEqual({l["service"] for l in status["listeners"]}, {"smtp", "submission", "imap", "pop3", "ldap", "http", "https", "metrics"})
        self.assertIn("localhost", status["certificates"][0]["names"])
        self.assertIn("imaps", self.demo.gatepost("status").stdout)
        imap.logout()

    def test_every_event_is_explained(self):
        names = set(re.findall(r"^\S+Z \w+ ([\w.]+)", self.demo.log(), re.M))
        self.assertTrue(names)
        for name in names:
            self.assertIn("What to do: ", self.demo.gatepost("explain", name).stdout)

    def test_commands_refuse_and_list(self):
        with self.assertRaises(RuntimeError):
            self.demo.gatepost("account", "add", "not-an-address")
        done = self.demo.gatepost("account", "list", "--json")
        self.assertEqual([a["address"] for a in json.loads(done.stdout)], [self.demo.user1, self.demo.user2])

    def test_nobody_signs_in_without_tls(self):
        smtp = smtplib.SMTP("127.0.0.1", self.demo.port("SUBMISSION"), timeout=20)
        smtp.ehlo("me")
        self.assertNotIn("auth", smtp.esmtp_features)
        code, _ = smtp.docmd("AUTH", "PLAIN AGEAYg==")
        self.assertEqual(code // 100, 5)
        smtp.quit()
        imap = imaplib.IMAP4("127.0.0.1", self.demo.port("IMAP"), timeout=20)
        self.assertIn("LOGINDISABLED", imap.capabilities)
        self.assertFalse([c for c in imap.capabilities if c.startswith("AUTH=")])
        with self.assertRaises(imaplib.IMAP4.error):
            imap.login(self.demo.user1, self.demo.pass1)
        imap.logout()
        with socket.create_connection(("127.0.0.1", self.demo.port("POP3")), timeout=20) as pop:
            file = pop.makefile("rwb")
            file.readline()

            def say(line):
                file.write(line.encode() + b"\r\n")
                file.flush()
                return file.readline()

            self.assertTrue(say("CAPA").startswith(b"+OK"))
            capabilities = []
            while (line := file.readline().strip()) != b".":
                capabilities.append(line)
            self.assertNotIn(b"USER", capabilities)
            self.assertFalse([c for c in capabilities if c.startswith(b"SASL")])
            self.assertIn(b"STLS", capabilities)
            self.assertTrue(say("USER " + self.demo.user1).startswith(b"-ERR"))
            self.assertTrue(say("PASS " + self.demo.pass1).startswith(b"-ERR"))

    def test_garbage_before_tls_harms_nobody(self):
        imap = self.demo.imap()
        for name in ("IMAPS", "POP3S", "SUBMISSIONS"):
            with socket.create_connection(("127.0.0.1", self.demo.port(name)), timeout=20) as s:
                s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + bytes(range(256)))
                try:
                    while s.recv(1000):
                        pass
                except ConnectionError:
                    pass
        self.assertEqual(imap.noop()[0], "OK")
        imap.logout()


class Audience(Running):
    extra = '[networks]\nvpn = ["10.99.0.0/16"]\n\n[listener.inner]\nservice = "imap"\nport = 1143\ntls = "starttls"\n' \
            'audience = "vpn"\nreason = "a test"\n'

    def test_a_refused_address_gets_no_banner(self):
        self.assertEqual(greeting(11143), b"")
        wait(lambda: re.search(r"gate.refused listener=inner audience=vpn remote=127.0.0.1", self.demo.log()))
        self.assertTrue(greeting(self.demo.port("IMAP")).startswith(b"* OK"))


class Bans(Running):
    strict = True
    extra = "[auth]\nfailures = 3\nban = \"1 h\"\n"

    def test_different_wrong_passwords_lock_out_until_lifted(self):
        def attempt(password):
            client = imaplib.IMAP4_SSL(self.demo.host, self.demo.port("IMAPS"), ssl_context=self.demo.tls, timeout=30)
            try:
                client.login(self.demo.user1, password)
                return True
            except imaplib.IMAP4.error:
                return False
            finally:
                client.shutdown()

        for _ in range(5):
            self.assertFalse(attempt("the old one"))  # a phone that repeats itself is no attack
        self.assertTrue(attempt(self.demo.pass1))
        for i in range(4):
            self.assertFalse(attempt(f"guess {i}"))
        self.assertFalse(attempt(self.demo.pass1))
        bans = json.loads(self.demo.gatepost("ban", "list", "--json").stdout)
        self.assertEqual([b["account"] for b in bans], [self.demo.user1])
        self.assertTrue(self.demo.imap(self.demo.user2, self.demo.pass2))
        address = bans[0]["address"]
        self.demo.gatepost("ban", "lift", address)
        self.assertEqual(json.loads(self.demo.gatepost("ban", "list", "--json").stdout), [])
        self.assertTrue(attempt(self.demo.pass1))


class Ending(unittest.TestCase):
    def test_sigterm_says_farewell_keeps_the_data_and_leaves_nothing_behind(self):
        with Demo() as demo:
            demo.deliver(subject="before")
            imap = demo.imap()
            smtp = demo.smtp()
            status = subprocess.run(["sh", "-c", f"cat /proc/{demo.pid}/status"], stdout=subprocess.PIPE, text=True).stdout
            self.assertRegex(status, r"NoNewPrivs:\s+1")
            self.assertRegex(status, r"Seccomp:\s+2")
            if os.geteuid() == 0:
                self.assertNotRegex(status, r"(?m)^Uid:\s+0\b")
            begin = time.time()
            os.kill(demo.pid, signal.SIGTERM)
            self.assertIn(b"BYE", imap.readline())
            self.assertTrue(smtp.getreply()[0] == 421)
            wait(lambda: "server.stopped" in demo.log())
            self.assertLess(time.time() - begin, 5)
            wait(lambda: not (demo.data / "control.sock").exists())
            self.assertEqual(demo.gatepost("status", check=False).returncode, 3)
            # The command line works on the data itself now.
            listed = json.loads(demo.gatepost("account", "list", "--json").stdout)
            self.assertEqual(listed[0]["messages"], 1)
            demo.start()
            self.assertIn(b"Subject: before", demo.bodies()[0])

    def test_a_disabled_account_loses_its_sessions(self):
        with Demo() as demo:
            imap, pop, submission = demo.imap(), demo.pop(), demo.submission()
            other = demo.imap(demo.user2, demo.pass2)
            demo.gatepost("account", "disable", demo.user1)
            self.assertIn(b"BYE", imap.readline())
            with self.assertRaises((OSError, EOFError, Exception)):
                pop.stat()
                pop.stat()
            self.assertIn(submission.getreply()[0], (421, -1))
            self.assertEqual(other.noop()[0], "OK")
            with self.assertRaises(imaplib.IMAP4.error):
                demo.imap()
            with demo.smtp() as client:
                client.ehlo("elsewhere.example")
                client.mail("stranger@elsewhere.example")
                self.assertEqual(client.rcpt(demo.user1)[0] // 100, 5)
            demo.gatepost("account", "enable", demo.user1)
            demo.imap().logout()


class Restart(unittest.TestCase):
    def test_no_connection_is_refused(self):
        with Demo() as demo:
            demo.deliver(subject="kept")
            stop, bad, good = threading.Event(), [], [0]
            port, imaps = demo.port("SMTP"), demo.port("IMAPS")
            context = ssl.create_default_context(cafile=demo.env["GP_CA"])

            def knock(tls):
                while not stop.is_set():
                    try:
                        s = socket.create_connection(("127.0.0.1", imaps if tls else port), timeout=30)
                        if tls:
                            s = context.wrap_socket(s, server_hostname="localhost")
                        with s:
                            line = s.recv(200)
                            if not line.startswith(b"* OK" if tls else b"220 "):
                                bad.append(line)
                            good[0] += 1
                    except OSError as error:
                        bad.append(repr(error))

            threads = [threading.Thread(target=knock, args=(i % 2 == 1,)) for i in range(4)]
            for thread in threads:
                thread.start()
            before = demo.pid
            for _ in range(3):
                time.sleep(0.3)
                done = demo.gatepost("restart")
                self.assertIn("serves in the place of", done.stdout)
            time.sleep(0.3)
            stop.set()
            for thread in threads:
                thread.join()
            self.assertEqual(bad, [])
            self.assertGreater(good[0], 100)
            now = json.loads(demo.gatepost("status", "--json").stdout)["pid"]
            self.assertNotEqual(now, before)
            self.assertEqual(int((demo.data / "gatepost.pid").read_text()), now)
            self.assertIn(b"Subject: kept", demo.bodies()[0])
            # The new process writes where the old one wrote.
            self.assertEqual(demo.log().count("server.ready"), 4)

    def test_a_message_on_its_way_in_is_still_taken(self):
        with Demo() as demo:
            client = demo.smtp()
            client.ehlo("elsewhere.example")
            client.mail("stranger@elsewhere.example")
            client.rcpt(demo.user1)
            client.docmd("DATA")
            client.send(b"Subject: half\r\n\r\nfirst half\r\n")
            restart = threading.Thread(target=demo.gatepost, args=("restart",))
            restart.start()
            wait(lambda: "server.stopping" in demo.log())
            time.sleep(0.3)
            client.send(b"second half\r\n.\r\n")
            self.assertEqual(client.getreply()[0], 250)
            self.assertEqual(client.getreply()[0], 421)
            restart.join()
            self.assertIn(b"\r\nfirst half\r\nsecond half\r\n", demo.bodies()[0])

    def test_a_broken_configuration_leaves_the_old_server_alone(self):
        with Demo() as demo:
            edit(demo.env["GP_CONFIG"], "[server]", "[server]\nnonsense = 1")
            self.assertEqual(demo.gatepost("restart", check=False).returncode, 2)
            self.assertTrue(greeting(demo.port("SMTP")).startswith(b"220 "))


class ServiceManager(unittest.TestCase):
    """What systemd does, done by hand: sockets by LISTEN_FDS, and sd_notify."""

    def test_socket_activation_and_notifications(self):
        with Demo() as demo:
            demo.stop()
            ports = [demo.port(name) for name in ("SMTP", "IMAPS")]
            sockets = []
            for port in ports:
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", port))
                s.listen(100)
                sockets.append(s)
            notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            place = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-notify-"))
            place.chmod(0o755)
            notify.bind(str(place / "notify"))
            (place / "notify").chmod(0o777)
            notify.settimeout(20)

            # Who comes before the server is there waits.
            early = socket.create_connection(("127.0.0.1", ports[0]), timeout=20)
            environment = dict(os.environ, LISTEN_FDS="2", LISTEN_FDNAMES="smtp:imaps", NOTIFY_SOCKET=str(place / "notify"),
                               WATCHDOG_USEC="400000")
            numbers = [s.fileno() for s in sockets]

            def start():
                log = open(demo.data / "gatepost.log", "ab")
                arguments = [demo.env["GP_BINARY"], "--config", demo.env["GP_CONFIG"], "serve"]
                # The shell gives the descriptors the numbers systemd would, and its own process number away.
                moves = " ".join(f"{3 + i}<&{n}" for i, n in enumerate(numbers))
                script = f'exec {moves}; export LISTEN_PID=$$ WATCHDOG_PID=$$; exec "$@"'
                return subprocess.Popen(["bash", "-c", script, "bash", *arguments], env=environment, pass_fds=numbers,
                                        stdout=log, stderr=log)

            kept = {}  # what the server leaves with systemd: name and port

            def told():
                text, descriptors, _, _ = socket.recv_fds(notify, 4096, 8)
                for fd in descriptors:
                    with socket.socket(fileno=fd) as s:
                        kept[text.decode().split("FDNAME=")[1].strip()] = s.getsockname()[1]
                return text.decode()

            def told_until(word):
                end = time.time() + 20
                while time.time() < end:
                    if word in (text := told()):
                        return text
                raise AssertionError(word)

            process = start()
            try:
                self.assertIn("STATUS=Serving", told_until("READY=1"))
                self.assertTrue(early.recv(1000).startswith(b"220 "))
                self.assertTrue(demo.imap().noop()[0] == "OK")
                self.assertNotIn("bind_failed", demo.log())
                told_until("WATCHDOG=1")
                told_until("WATCHDOG=1")
                # What was handed over stays with whoever did; what the server bound itself is left with systemd.
                self.assertEqual(kept["own-pop3-127.0.0.1.%d" % demo.port("POP3")], demo.port("POP3"))
                self.assertNotIn("own-smtp-127.0.0.1.%d" % ports[0], kept)
                process.send_signal(signal.SIGHUP)
                told_until("RELOADING=1")
                told_until("READY=1")
                self.assertEqual(demo.gatepost("restart", check=False).returncode, 1)  # systemd does that itself
                # Stopped and started again on the same sockets: whoever connects meanwhile is served afterwards.
                process.send_signal(signal.SIGTERM)
                told_until("STOPPING=1")
                self.assertEqual(process.wait(20), 0)
                between = socket.create_connection(("127.0.0.1", ports[0]), timeout=20)
                process = start()
                self.assertTrue(between.recv(1000).startswith(b"220 "))
                told_until("READY=1")
            finally:
                process.terminate()
                # The service manager goes on listening: what nobody takes would block whoever says it.
                notify.settimeout(0.1)
                end = time.time() + 60
                while process.poll() is None and time.time() < end:
                    try:
                        told()
                    except TimeoutError:
                        pass
                process.wait(20)
                shutil.rmtree(place, ignore_errors=True)


class Store(unittest.TestCase):
    def test_check_backup_and_restore(self):
        with Demo() as demo, tempfile.TemporaryDirectory() as place:
            for i in range(20):
                demo.deliver(b"x" * 5000 + b"\r\n", f"message {i}")
            imap = demo.imap()
            imap.select()
            imap.store("1:5", "+FLAGS", "\\Flagged")
            uidvalidity = imap.response("UIDVALIDITY")[1]
            done = demo.gatepost("store", "check")
            self.assertIn("0 problem(s)", done.stdout)

            backup = os.path.join(place, "backup")
            demo.gatepost("store", "backup", backup)
            self.assertTrue(os.listdir(backup))
            self.assertNotEqual(demo.gatepost("store", "backup", backup, check=False).returncode, 0)
            self.assertFalse([p for p in demo.data.iterdir() if p.name.startswith("backup.")])

            # What happens afterwards is gone after a restore.
            demo.deliver(subject="too late")
            imap.store("1:20", "+FLAGS", "\\Deleted")
            imap.expunge()
            imap.logout()
            self.assertEqual(len(demo.bodies()), 1)
            self.assertNotEqual(demo.gatepost("store", "restore", backup, check=False).returncode, 0)  # it is running
            demo.stop()
            demo.gatepost("store", "restore", backup)
            demo.start()
            bodies = demo.bodies()
            self.assertEqual(len(bodies), 20)
            self.assertIn(b"Subject: message 19", bodies[-1])
            imap = demo.imap()
            imap.select()
            self.assertEqual(imap.response("UIDVALIDITY")[1], uidvalidity)
            self.assertEqual(imap.search(None, "FLAGGED")[1], [b"1 2 3 4 5"])
            imap.logout()
            self.assertIn("0 problem(s)", demo.gatepost("store", "check").stdout)
            # The backup is still whole: a second restore gives the same.
            demo.stop()
            demo.gatepost("store", "restore", backup)
            self.assertIn("0 problem(s)", demo.gatepost("store", "check").stdout)
            demo.start()
            self.assertEqual(len(demo.bodies()), 20)

    def test_after_a_restore_no_number_is_given_twice(self):
        def uidls():
            pop = demo.pop()
            try:
                return [line.split()[1] for line in pop.uidl()[1]]
            finally:
                pop.quit()

        def resync(uidvalidity, modseq):
            """EXISTS, what vanished, and the UIDs whose flags are told."""
            imap = demo.imap()
            imap._simple_command("ENABLE", "QRESYNC")
            code, _ = imap._simple_command("SELECT", "INBOX", f"(QRESYNC ({uidvalidity} {modseq}))")
            self.assertEqual(code, "OK")
            told = [int(re.search(rb"UID (\d+)", line).group(1)) for line in imap.response("FETCH")[1] if line]
            exists, vanished = imap.response("EXISTS")[1], imap.response("VANISHED")[1]
            self.assertEqual(imap.response("UIDVALIDITY")[1], [uidvalidity.encode()])
            highest = imap.response("HIGHESTMODSEQ")[1][0].decode()
            imap.logout()
            return int(exists[-1]), vanished[0], told, highest

        with Demo() as demo, tempfile.TemporaryDirectory() as place:
            for i in range(4):
                demo.deliver(subject=f"before {i}")
            imap = demo.imap()
            imap.select()
            uidvalidity = imap.response("UIDVALIDITY")[1][0].decode()
            imap.logout()
            early = resync(uidvalidity, 1)[3]
            backup = os.path.join(place, "backup")
            demo.gatepost("store", "backup", backup)

            # Two devices: one is not here between backup and restore.
            for i in range(3):
                demo.deliver(subject=f"lost {i}")
            imap = demo.imap()
            imap.select()
            imap.store("1", "+FLAGS", "\\Flagged")
            imap.store("2", "+FLAGS", "\\Deleted")
            imap.expunge()
            imap.logout()
            exists, _, told, lost = resync(uidvalidity, early)
            self.assertEqual((exists, told), (6, [1, 5, 6, 7]))
            lost_uidls = uidls()
            self.assertGreater(int(lost), int(early))

            for _ in range(2):  # the same backup twice
                demo.stop()
                demo.gatepost("store", "restore", backup)
                demo.start()
                self.assertIn("store.restored", demo.log())
                demo.deliver(subject="after")
                now = uidls()
                self.assertEqual(len(now), 5)
                self.assertNotIn(now[4], lost_uidls)
                fresh = int(now[4].split(b".")[1])
                # Who was away hears of the new message alone, who was here of everything.
                exists, vanished, told, highest = resync(uidvalidity, early)
                self.assertEqual((exists, vanished, told), (5, None, [fresh]))
                self.assertGreater(int(highest), int(lost))
                exists, vanished, told, _ = resync(uidvalidity, lost)
                self.assertEqual((exists, told), (5, [1, 2, 3, 4, fresh]))
                self.assertEqual(vanished, f"(EARLIER) 5:{fresh - 1}".encode())
                self.assertEqual(resync(uidvalidity, highest)[1:3], (None, []))
                self.assertIn("0 problem(s)", demo.gatepost("store", "check").stdout)
                lost_uidls, lost = lost_uidls + now[4:], highest
            # The former store, put back by hand, is one that went back in time as well.
            demo.stop()
            store = demo.data / "store"
            former = sorted(demo.data.glob("store.before-restore.*"))[0]
            store.rename(demo.data / "store.aside")
            former.rename(store)
            time.sleep(1.1)  # `store restore` would have waited: two restores do not share a second
            demo.start()
            demo.deliver(subject="once more")
            now = uidls()
            self.assertEqual(len(now), 7)
            self.assertNotIn(now[6], lost_uidls)
            self.assertEqual(resync(uidvalidity, lost)[2][:6], [1, 3, 4, 5, 6, 7])


    def test_what_was_removed_comes_back(self):
        with Demo() as demo:
            for i in range(4):
                demo.deliver(subject=f"message {i}")
            imap = demo.imap()
            imap.create("Projects")
            imap.select()
            imap.store("2", "+FLAGS", "\\Flagged Work")
            imap.copy("1:2", "Projects")
            date = imap.fetch("2", "(INTERNALDATE)")[1]
            time.sleep(1.1)
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            time.sleep(1.1)
            imap.store("1:2", "+FLAGS", "\\Deleted")
            imap.expunge()
            imap.delete("Projects")
            pop = demo.pop()
            pop.dele(1)
            pop.quit()
            imap.logout()
            self.assertEqual(len(demo.bodies()), 1)
            listed = json.loads(demo.gatepost("account", "removed", "list", demo.user1, "--json").stdout)
            self.assertEqual(sorted(r["subject"] for r in listed),
                             ["message 0", "message 0", "message 1", "message 1", "message 2"])
            self.assertEqual({r["folder"] for r in listed}, {"INBOX", "Projects"})
            # Also without a server, and over a restart.
            demo.stop()
            done = demo.gatepost("account", "restore", demo.user1, "--at", moment, "INBOX")
            self.assertIn("3 message(s) are back in INBOX.", done.stdout)
            demo.start()
            done = demo.gatepost("account", "restore", demo.user1, "--at", moment, "Projects")
            self.assertIn("2 message(s) are back in Projects.", done.stdout)
            self.assertEqual(len(demo.bodies("Projects")), 2)
            imap = demo.imap()
            imap.select()
            number = imap.search(None, "SUBJECT", '"message 1"')[1][0].decode()
            self.assertIn(b"\\Flagged", imap.fetch(number, "(FLAGS)")[1][0])
            self.assertIn(b"Work", imap.fetch(number, "(FLAGS)")[1][0])
            self.assertEqual(imap.search(None, "DELETED")[1], [b""])
            self.assertEqual(imap.fetch(number, "(INTERNALDATE)")[1][0].split(b"(")[1], date[0].split(b"(")[1])
            imap.logout()
            self.assertEqual(json.loads(demo.gatepost("account", "removed", "list", demo.user1, "--json").stdout), [])
            self.assertIn("0 problem(s)", demo.gatepost("store", "check").stdout)


    def test_a_deletion_that_is_killed_is_completed_at_the_next_start(self):
        with Demo() as demo:
            for delay in (0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08):
                name = f"short{int(delay * 1000)}@{demo.domain}"
                demo.gatepost("account", "add", name, "--password-stdin", stdin="a long password\n")
                for i in range(30):
                    demo.deliver(subject=f"message {i}", to=name)
                deleting = threading.Thread(target=demo.gatepost, args=("account", "delete", name), kwargs={"check": False})
                deleting.start()
                time.sleep(delay)
                demo.kill()
                deleting.join()
                demo.start()
                accounts = [a["address"] for a in json.loads(demo.gatepost("account", "list", "--json").stdout)]
                report = wait(lambda: re.search(r"(\d+) account\(s\) checked, 0 problem",
                                                demo.gatepost("store", "check", check=False).stdout))
                # The account is there with all its mail, or nothing of it is.
                wait(lambda: int(re.search(r"(\d+) account", demo.gatepost("store", "check").stdout).group(1))
                     == len(accounts), 5)
                self.assertTrue(report)
                if name in accounts:
                    listed = {a["address"]: a["messages"] for a in json.loads(demo.gatepost("account", "list", "--json").stdout)}
                    self.assertEqual(listed[name], 30)
                    demo.gatepost("account", "delete", name)

    def test_damage_is_told_by_message_and_everything_else_goes_on(self):
        with Demo() as demo:
            for i in range(8):
                demo.deliver(os.urandom(3000).hex().encode() + b"\r\n", f"message {i}")
            demo.stop()
            segment = next((demo.data / "store" / "bodies" / "segments").iterdir())
            octets = bytearray(segment.read_bytes())
            heads = [m.start() for m in re.finditer(rb"GPB1", octets)]
            self.assertEqual(len(heads), 8)
            octets[heads[3] + 400] ^= 4
            with open(segment, "r+b") as file:
                file.write(octets)
            demo.start()
            imap = demo.imap()
            done = demo.gatepost("store", "check", "--repair", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn('subject "message 3"', done.stderr)
            self.assertIn(demo.user1, done.stderr)
            self.assertEqual(done.stderr.count("content is lost"), 1)
            # The session that was open goes on, with all the others.
            imap.select(readonly=True)
            for i in (1, 2, 3, 5, 6, 7, 8):
                part = imap.fetch(str(i), "(BODY.PEEK[])")[1][0]
                self.assertIn(b"Subject: message %d\r\n" % (i - 1), part[1])
            imap.logout()
            demo.deliver(subject="afterwards")


class Transfer(unittest.TestCase):
    """Mail in and out of the files of other programs, with and without a running server."""

    def test_an_export_is_imported_again_with_flags_dates_and_folders(self):
        def content(user, password):
            imap = demo.imap(user, password)
            found = {}
            for folder in ("INBOX", "Projects/2026", "Empty"):
                if imap.select(f'"{folder}"', readonly=True)[0] != "OK":
                    continue
                count = int(imap.response("EXISTS")[1][-1])
                parts = imap.fetch("1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1] if count else []
                for part in parts:
                    if isinstance(part, tuple):
                        head = part[0].decode()
                        flags = sorted(f for f in re.search(r"FLAGS \(([^)]*)\)", head).group(1).split() if f != "\\Recent")
                        found.setdefault(folder, []).append((flags, re.search(r'INTERNALDATE "([^"]*)"', head).group(1), part[1]))
            imap.logout()
            return {folder: sorted(messages) for folder, messages in found.items()}

        with Demo() as demo, tempfile.TemporaryDirectory() as place:
            for i in range(5):
                demo.deliver(b"From the middle\r\n.\r\n" + (b"x" * 70 + b"\r\n") * 1_400 * i, f"message {i}")
            imap = demo.imap()
            imap.create("Projects/2026")
            imap.select()
            imap.store("1", "+FLAGS", "\\Seen \\Flagged")
            imap.store("2", "+FLAGS", "\\Answered Work")
            imap.copy("2:3", "Projects/2026")
            imap.logout()
            wanted = content(demo.user1, demo.pass1)
            self.assertEqual({f: len(m) for f, m in wanted.items()}, {"INBOX": 5, "Projects/2026": 2})
            for n, form in enumerate(("maildir", "mbox", "eml")):
                out = os.path.join(place, form)
                name = f"copy{n}@{demo.domain}"
                demo.gatepost("account", "add", name, "--password-stdin", stdin="a long password\n")
                done = demo.gatepost("account", "export", demo.user1, out, "--format", form)
                self.assertIn("7 message(s) exported.", done.stdout)
                files = sum(len(f) for _, _, f in os.walk(out))
                demo.gatepost("account", "export", demo.user1, out, "--format", form)
                self.assertEqual(sum(len(f) for _, _, f in os.walk(out)), files)
                if form == "eml":
                    demo.stop()  # without a server, too
                done = demo.gatepost("account", "import", name, out, "--format", form)
                self.assertIn("7 message(s) added, 0 were there already.", done.stdout)
                done = demo.gatepost("account", "import", name, out, "--format", form)
                self.assertIn("0 message(s) added, 7 were there already.", done.stdout)
                if form == "eml":
                    demo.start()
                self.assertEqual(content(name, "a long password"), wanted, form)
            # Python's own reader understands the mbox, and ours reads what Python writes.
            import mailbox
            box = mailbox.mbox(os.path.join(place, "mbox", "INBOX.mbox"))
            self.assertEqual([m["Subject"] for m in box], [f"message {i}" for i in range(5)])
            self.assertIn("F", box[0].get_flags())
            maildir = mailbox.Maildir(os.path.join(place, "maildir"))
            self.assertEqual(sorted(m["Subject"] for m in maildir), [f"message {i}" for i in range(5)])
            self.assertEqual(maildir.list_folders(), ["Projects.2026"])
            written = mailbox.mbox(os.path.join(place, "python"))
            message = mailbox.mboxMessage("Subject: from python\n\nFrom here\n")
            message.set_flags("RA")
            message.set_from("x", time.gmtime(1_700_000_000))
            written.add(message)
            written.flush()
            demo.gatepost("account", "import", demo.user2, os.path.join(place, "python"), "--format", "mboxo", "--folder", "Old")
            body = demo.bodies("Old", demo.user2, demo.pass2)
            self.assertEqual(body, [b"Subject: from python\r\n\r\nFrom here\r\n"])
            self.assertIn("0 problem(s)", demo.gatepost("store", "check").stdout)
            # Failures are told.
            self.assertEqual(demo.gatepost("account", "import", demo.user2, place + "/none", check=False).returncode, 1)
            done = demo.gatepost("account", "import", "nobody@" + demo.domain, out, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("not_found", done.stderr)

    def test_an_import_that_is_killed_goes_on_where_it_was(self):
        with Demo() as demo, tempfile.TemporaryDirectory() as place:
            for n in range(400):
                path = pathlib.Path(place, "cur", f"{1_700_000_000 + n}.M{n}.host:2,S")
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(b"Subject: %d\n\n" % n + b"line\n" * 20_000)
            running = subprocess.Popen([demo.env["GP_BINARY"], "--config", demo.env["GP_CONFIG"], "account", "import",
                                        demo.user1, place], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(0.4)
            demo.kill()
            running.wait(30)
            running.communicate()
            demo.start()
            done = demo.gatepost("account", "import", demo.user1, place)
            added, known = map(int, re.search(r"(\d+) message\(s\) added, (\d+) were", done.stdout).groups())
            self.assertEqual(added + known, 400)
            imap = demo.imap()
            self.assertEqual(imap.select()[1], [b"400"])
            self.assertEqual(imap.search(None, "UNSEEN")[1], [b""])
            imap.logout()


if __name__ == "__main__":
    unittest.main(verbosity=2)
