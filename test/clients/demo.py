"""A demo server for the end-to-end tests: started by script/server, as a stranger would."""

import imaplib
import os
import pathlib
import poplib
import shutil
import signal
import smtplib
import ssl
import subprocess
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
PRESET = os.environ.get("GATEPOST_PRESET", "release")


class Demo:
    """`with Demo() as demo:` runs a server on fresh data; demo.env has what demo.env says."""

    def __init__(self, extra_config="", strict=False, web=False):
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-test-"))
        self.strict = strict
        self.web = web  # with webmail: the start takes longer
        if extra_config:
            (self.data / "extra.toml").write_text(extra_config)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def start(self):
        command = [str(TOP / "script/server"), "--background", "--no-build", "--preset", PRESET, "--data", str(self.data)]
        if self.strict:
            command.append("--strict")
        if not self.web:
            command.append("--no-web")
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + self.log()[-4000:])
        pairs = (line.split("=", 1) for line in (self.data / "demo.env").read_text().splitlines())
        self.env = dict(pairs)
        self.pid = int(self.env["GP_PID"])
        self.domain, self.host = self.env["GP_DOMAIN"], self.env["GP_HOST"]
        self.user1, self.pass1 = self.env["GP_USER1"], self.env["GP_PASS1"]
        self.user2, self.pass2 = self.env["GP_USER2"], self.env["GP_PASS2"]
        self.tls = ssl.create_default_context(cafile=self.env["GP_CA"])

    def stop(self):
        subprocess.run([str(TOP / "script/server"), "--stop", "--data", str(self.data)], stdout=subprocess.DEVNULL)

    def kill(self):
        """kill -9, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        for _ in range(1000):
            try:
                os.kill(self.pid, 0)
                if pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    break
            except (ProcessLookupError, FileNotFoundError):
                break
            time.sleep(0.01)
        (self.data / "gatepost.pid").unlink(missing_ok=True)

    def log(self):
        path = self.data / "gatepost.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def port(self, name):
        return int(self.env["GP_" + name])

    def gatepost(self, *arguments, check=True, stdin=None):
        done = subprocess.run([self.env["GP_BINARY"], "--config", self.env["GP_CONFIG"], *arguments],
                              input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if check and done.returncode != 0:
            raise RuntimeError(f"gatepost {' '.join(arguments)}: {done.returncode} {done.stdout}{done.stderr}")
        return done

    # Real clients.
    def imap(self, user=None, password=None):
        client = imaplib.IMAP4_SSL(self.host, self.port("IMAPS"), ssl_context=self.tls, timeout=30)
        client.login(user or self.user1, password or self.pass1)
        return client

    def pop(self, user=None, password=None):
        client = poplib.POP3_SSL(self.host, self.port("POP3S"), context=self.tls, timeout=30)
        client.user(user or self.user1)
        client.pass_(password or self.pass1)
        return client

    def smtp(self):
        return smtplib.SMTP(self.host, self.port("SMTP"), timeout=30)

    def submission(self, user=None, password=None):
        client = smtplib.SMTP(self.host, self.port("SUBMISSION"), timeout=30)
        client.starttls(context=self.tls)
        client.login(user or self.user1, password or self.pass1)
        return client

    def deliver(self, body=b"hello\r\n", subject="test", to=None, sender="stranger@elsewhere.example"):
        """Sends one message to port 25 and returns its octets."""
        message = (f"From: {sender}\r\nTo: {to or self.user1}\r\nSubject: {subject}\r\n"
                   f"Message-ID: <{time.time_ns()}@elsewhere.example>\r\n\r\n").encode() + body
        with self.smtp() as client:
            client.sendmail(sender, [to or self.user1], message)
        return message

    def bodies(self, folder="INBOX", user=None, password=None):
        """Every message of a folder."""
        client = self.imap(user, password)
        client.select(folder, readonly=True)
        count = int(client.response("EXISTS")[1][0] or 0)
        out = []
        if count:
            for part in client.fetch("1:*", "(BODY.PEEK[])")[1]:
                if isinstance(part, tuple):
                    out.append(part[1])
        client.logout()
        return out

    def wait_for_count(self, count, folder="INBOX", user=None, password=None, seconds=30):
        end = time.time() + seconds
        while time.time() < end:
            found = self.bodies(folder, user, password)
            if len(found) >= count:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{len(found)} messages in {folder}, {count} expected")
