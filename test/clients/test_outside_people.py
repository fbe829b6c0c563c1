"""People and groups from another directory: accounts appear at mail, at sign-in and by themselves, follow changes, and whoever is disabled or removed there is out of every session."""

import base64
import http.client
import imaplib
import json
import os
import pathlib
import poplib
import shutil
import smtplib
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from browser import Browser
from demo import Demo
from slapd import BASE, GROUPS, PEOPLE, READER, READER_PASSWORD, Slapd, find_slapd, ldif, person

SECRET = "what the directory knows"
PATIENCE = 120


@unittest.skipUnless(find_slapd(), "slapd is not installed, nor unpacked (bench/peers/unpack-slapd)")
class OutsidePeople(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = d = Demo()
        d.start()
        cls.addClassCleanup(d.__exit__)
        cls.config = pathlib.Path(d.env["GP_CONFIG"])
        cls.plain = cls.config.read_text()
        pki = d.data / "outside-pki"
        d.gatepost("certificate", "ca", "init", str(pki))
        d.gatepost("certificate", "ca", "issue", str(pki), "127.0.0.1", "--cert", str(pki / "s.pem"), "--key", str(pki / "s.key"))
        (d.data / "reader.password").write_text(READER_PASSWORD + "\n")
        pki.chmod(0o755)
        for file in (*pki.iterdir(), d.data / "reader.password"):
            file.chmod(0o644)
        cls.ca = pki / "ca.pem"
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-people-"))
        cls.addClassCleanup(shutil.rmtree, cls.work, ignore_errors=True)
        cls.slapd = Slapd(cls.work / "slapd", cls.ca, pki / "s.pem", pki / "s.key")
        names = ["anna", "bert", "carl", "dora", "emil", "fred", "gerd", "hans"]
        cls.slapd.load("".join(person(name, cls.address(name), SECRET) for name in names)
                       + ldif(f"cn=inner,{GROUPS}", objectClass="groupOfNames", cn="inner", member=f"uid=bert,{PEOPLE}")
                       + ldif(f"cn=staff,{GROUPS}", objectClass=["groupOfNames", "extensibleObject"], cn="staff", mail=cls.address("staff"),
                              member=[f"uid=anna,{PEOPLE}", f"cn=inner,{GROUPS}"])
                       + ldif(f"cn=unix,{GROUPS}", objectClass=["posixGroup", "extensibleObject"], cn="unix", gidNumber="100", mail=cls.address("unix"),
                              memberUid=["carl", "nobody"]))
        cls.slapd.start()
        cls.addClassCleanup(cls.slapd.stop)
        cls.configure()

    @classmethod
    def address(cls, name):
        return f"{name}@{cls.demo.domain}"

    @classmethod
    def configure(cls, **keys):
        keys = {"name": "office", "servers": f"ldaps://127.0.0.1:{cls.slapd.tls_port}", "ca_file": str(cls.ca), "bind_dn": READER,
                "password_file": str(cls.demo.data / "reader.password"), "base": PEOPLE, "group_base": GROUPS, "people": True, "groups": True,
                "addresses_attributes": ["proxyAddresses"], "disabled_attribute": "description", "disable_after": 1, "most_gone_percent": 30,
                "refresh": "1 s", "full_refresh": "1 s", **keys}
        table = "\n".join(f"{k} = {json.dumps(v)}" for k, v in keys.items())
        cls.config.write_text(f"{cls.plain}\n[[outside_directory]]\n{table}\n")
        cls.demo.gatepost("reload")

    def add(self, name, **more):
        self.slapd.modify(person(name, self.address(name), SECRET, **more).replace(f"dn: uid={name},{PEOPLE}\n", f"dn: uid={name},{PEOPLE}\nchangetype: add\n"))

    def delete(self, name):
        self.slapd.modify(f"dn: uid={name},{PEOPLE}\nchangetype: delete\n")

    def accounts(self):
        return {row["address"]: row for row in json.loads(self.demo.gatepost("--json", "account", "list").stdout)}

    def members(self, group):
        done = self.demo.gatepost("--json", "group", "members", group, check=False)
        return done.stdout if done.returncode == 0 else ""

    def wait(self, what, condition):
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            self.assertLess(time.monotonic(), end, f"{what}\n{self.demo.log()[-3000:]}")
            time.sleep(0.2)
        return found

    def sync(self):
        return json.loads(self.demo.gatepost("--json", "directory", "sync", check=False).stdout)[0]

    def test_people_are_there_by_themselves(self):
        self.wait("accounts", lambda: {self.address(n) for n in ("anna", "bert", "carl")} <= set(self.accounts()))
        self.demo.deliver(to=self.address("carl"), subject="welcome")
        self.assertIn(b"welcome", b"".join(self.demo.wait_for_count(1, user=self.address("carl"), password=SECRET)))
        status = json.loads(self.demo.gatepost("--json", "directory", "status").stdout)[0]
        self.assertTrue(status["people"])
        self.assertEqual(status["last"]["error"], "")

    def test_people_are_added_at_their_first_mail_and_sign_in(self):
        self.configure(refresh="1 h", full_refresh="1 h", groups=False)
        self.sync()
        try:
            self.add("newmail")
            self.demo.deliver(to=self.address("newmail"), subject="first")
            self.assertEqual(len(self.demo.wait_for_count(1, user=self.address("newmail"), password=SECRET)), 1)
            self.add("newlogin", proxyAddresses=f"smtp:n.login@{self.demo.domain}")
            self.demo.imap("newlogin", SECRET).logout()
            self.demo.deliver(to=self.address("n.login"), subject="alias")
            self.assertEqual(len(self.demo.wait_for_count(1, user=self.address("newlogin"), password=SECRET)), 1)
            with self.demo.smtp() as client:
                client.helo("elsewhere.example")
                client.mail("a@elsewhere.example")
                self.assertEqual(client.rcpt(self.address("nobody-there"))[0], 550)
                self.assertEqual(client.rcpt(f"*@{self.demo.domain}")[0], 550)
            self.slapd.stop()
            try:
                with self.demo.smtp() as client:
                    client.helo("elsewhere.example")
                    client.mail("a@elsewhere.example")
                    self.assertEqual(client.rcpt(self.address("who-knows"))[0] // 100, 4)
                    self.assertEqual(client.rcpt(self.address("newmail"))[0], 250)
            finally:
                self.slapd.start()
        finally:
            self.configure()

    def test_the_password_is_not_changed_here(self):
        self.wait("an account", lambda: self.address("anna") in self.accounts())
        browser = Browser(self.demo)
        entered = browser.sign_in(SECRET, user=self.address("anna"))
        self.assertEqual(200, entered.status)
        self.assertIsNone(entered.json()["password"])
        refused = browser.ask("POST", "/api/password", {"current": SECRET, "new": "another good long password"})
        self.assertEqual((403, "the password is kept in another directory"), (refused.status, refused.json()["detail"]))
        done = subprocess.run(["ldappasswd", "-x", "-H", f"ldaps://localhost:{self.demo.port('LDAPS')}", "-D", self.address("anna"), "-w", SECRET,
                               "-a", SECRET, "-s", "another good long password"], capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, LDAPTLS_CACERT=self.demo.env["GP_CA"]))
        self.assertNotEqual(0, done.returncode)
        self.demo.imap(self.address("anna"), SECRET).logout()
        self.assertEqual(200, Browser(self.demo).sign_in(SECRET, user=self.address("anna")).status)

    def test_names_and_addresses_follow(self):
        self.wait("an account", lambda: self.address("fred") in self.accounts())
        self.slapd.modify(f"dn: uid=fred,{PEOPLE}\nchangetype: modify\nreplace: cn\ncn: Frederick\n-\nadd: proxyAddresses\nproxyAddresses: smtp:freddy@{self.demo.domain}\n")
        self.wait("the name", lambda: "Frederick" in json.dumps(self.accounts()[self.address("fred")], ensure_ascii=False) or "Frederick" in self.demo.gatepost("account", "show", self.address("fred")).stdout)
        self.demo.deliver(to=self.address("freddy"), subject="alias")
        self.assertEqual(len(self.demo.wait_for_count(1, user=self.address("fred"), password=SECRET)), 1)

    def test_groups_follow(self):
        self.wait("members", lambda: all(self.address(n) in self.members(self.address("staff")) for n in ("anna", "bert")))
        self.wait("members", lambda: self.address("carl") in self.members(self.address("unix")))
        self.slapd.modify(f"dn: cn=inner,{GROUPS}\nchangetype: modify\nreplace: member\nmember: uid=gerd,{PEOPLE}\n")
        self.wait("another member", lambda: self.address("gerd") in self.members(self.address("staff")) and self.address("bert") not in self.members(self.address("staff")))
        before = len(self.demo.bodies(user=self.address("gerd"), password=SECRET))
        self.demo.deliver(to=self.address("staff"), subject="to all")
        self.demo.wait_for_count(before + 1, user=self.address("gerd"), password=SECRET)

    def sessions(self, name):
        """One of each protocol, signed in."""
        d, address = self.demo, self.address(name)
        imap = d.imap(address, SECRET)
        imap.select()
        pop = d.pop(address, SECRET)
        submission = d.submission(address, SECRET)
        web = http.client.HTTPSConnection(d.host, d.port("HTTPS"), context=d.tls, timeout=PATIENCE)
        headers = {"Authorization": "Basic " + base64.b64encode(f"{address}:{SECRET}".encode()).decode()}
        web.request("GET", "/.well-known/jmap", headers=headers)
        session = json.loads(web.getresponse().read())
        url = session["eventSourceUrl"]
        for key, value in {"types": "*", "closeafter": "no", "ping": "0"}.items():
            url = url.replace("{%s}" % key, urllib.parse.quote(value, safe=""))
        parts = urllib.parse.urlsplit(url)
        web.request("GET", parts.path + "?" + parts.query, headers=headers)
        return imap, pop, submission, web.getresponse()

    def assert_ended(self, sessions):
        imap, pop, submission, events = sessions
        for one in (imap.sock, pop.sock, submission.sock):
            one.settimeout(PATIENCE)
        def told():
            if submission.docmd("NOOP")[0] == 421:
                raise smtplib.SMTPServerDisconnected("told")
        for one, over in ((imap.noop, (imaplib.IMAP4.abort, imaplib.IMAP4.error, OSError)), (pop.noop, (poplib.error_proto, OSError, EOFError)),
                          (told, (smtplib.SMTPServerDisconnected, OSError))):
            end = time.monotonic() + PATIENCE
            while True:
                try:
                    one()
                except over:
                    break
                self.assertLess(time.monotonic(), end, f"{one} goes on\n{self.demo.log()[-3000:]}")
                time.sleep(0.2)
        try:
            events.read()  # to its end
        except (OSError, http.client.HTTPException):
            pass

    def assert_out(self, name):
        with self.assertRaises(imaplib.IMAP4.error):
            self.demo.imap(self.address(name), SECRET)
        with self.demo.smtp() as client:
            client.helo("elsewhere.example")
            client.mail("a@elsewhere.example")
            self.assertEqual(client.rcpt(self.address(name))[0] // 100, 5)

    def test_who_is_removed_loses_every_session(self):
        self.wait("an account", lambda: self.address("dora") in self.accounts())
        sessions = self.sessions("dora")
        self.delete("dora")
        self.assert_ended(sessions)
        self.assert_out("dora")
        self.assertIn(self.address("dora"), self.accounts())  # nothing is deleted
        self.add("dora")
        self.wait("enabled again", lambda: "outside.enabled" in self.demo.log())
        self.demo.imap(self.address("dora"), SECRET).logout()

    def test_who_is_disabled_loses_every_session(self):
        self.wait("an account", lambda: self.address("emil") in self.accounts())
        sessions = self.sessions("emil")
        self.slapd.modify(f"dn: uid=emil,{PEOPLE}\nchangetype: modify\nadd: description\ndescription: left the company\n")
        self.assert_ended(sessions)
        self.assert_out("emil")

    def test_too_many_at_once_are_not_believed(self):
        self.wait("accounts", lambda: self.address("hans") in self.accounts())
        self.configure(people_filter="(uid=anna)")
        try:
            self.wait("the stop", lambda: "outside.safety_stop" in self.demo.log())
            self.assertTrue(self.sync()["stopped"])
            self.demo.imap(self.address("anna"), SECRET).logout()
        finally:
            self.configure()
        self.assertFalse(self.sync()["stopped"])
        self.demo.imap(self.address("hans"), SECRET).logout()


if __name__ == "__main__":
    unittest.main()
