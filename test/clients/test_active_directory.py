"""An Active Directory (Debian's Samba as a domain controller): people and groups come from it, sign in by every name it knows them by, and are told apart when it refuses them."""

import base64
import http.client
import imaplib
import json
import pathlib
import socket
import time
import types
import unittest

import samba
from browser import Browser
from demo import Demo
from samba import BASE, DISABLED, DOMAIN, GROUPS, NORMAL, READER, READER_PASSWORD, REALM, Samba, file_time
from test_jmap_websocket import Socket

SECRET = "Pass.word.of.1"
PATIENCE = 120
LDAPS, LDAP = f"ldaps://{samba.ADDRESS}", f"ldap://{samba.ADDRESS}"


@unittest.skipIf(samba.why_not(), samba.why_not() or "")
class ActiveDirectory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = d = Demo()
        d.start()
        cls.addClassCleanup(d.__exit__)
        cls.config = pathlib.Path(d.env["GP_CONFIG"])
        cls.plain = cls.config.read_text()
        pki = d.data / "ad-pki"
        d.gatepost("certificate", "ca", "init", str(pki))
        d.gatepost("certificate", "ca", "issue", str(pki), samba.ADDRESS, "--cert", str(pki / "s.pem"), "--key", str(pki / "s.key"))
        (d.data / "reader.password").write_text(READER_PASSWORD + "\n")
        pki.chmod(0o755)
        for file in (*pki.iterdir(), d.data / "reader.password"):
            file.chmod(0o644)
        cls.ca = pki / "ca.pem"
        cls.dc = dc = Samba(cls.ca, pki / "s.pem", pki / "s.key")
        cls.addClassCleanup(dc.close)
        dc.start()
        dc.world()
        a = cls.address
        cls.anna = dc.user("anna", SECRET, cn="Smith\\, Anna", displayName="Anna Smith", mail=a("anna"),
                           proxyAddresses=["smtp:a.smith@" + d.domain, "SMTP:" + a("anna"), "X400:c=DE;s=smith", "sip:" + a("anna.sip")])
        cls.bert = dc.user("bert", SECRET + "b", mail=a("bert"))
        # The name he signs in by is not his address, and of another domain.
        cls.dora = dc.user("dora", SECRET, mail=a("d.doe"), userPrincipalName=f"doro@{REALM.lower()}")
        dc.user("umlaut", "Pässwört.für.1", mail=a("umlaut"), displayName="Jürgen Müller (Büro)")
        dc.user("disabled", SECRET, control=NORMAL | DISABLED, mail=a("disabled"))
        dc.user("expired", SECRET, mail=a("expired"), accountExpires=str(file_time(time.time() - 86400)))
        dc.user("hours", SECRET, mail=a("hours"), logonHours=b"\0" * 21)
        dc.user("workstation", SECRET, mail=a("workstation"), userWorkstations="ELSEWHERE")
        must = dc.user("must", SECRET, control=NORMAL, mail=a("must"))
        dc.replace(must, pwdLastSet="0")
        dc.age_password(dc.user("old", SECRET, control=NORMAL, mail=a("old")), days=50)
        inner = dc.group("inner", [cls.anna])
        middle = dc.group("middle", [inner])
        cls.outer = dc.group("outer", [middle, cls.bert], mail=a("outer"), displayName="All of us")
        cls.configure()

    @classmethod
    def address(cls, name):
        return f"{name}@{cls.demo.domain}"

    @classmethod
    def configure(cls, **keys):
        keys = {"name": "office", "kind": "active-directory", "servers": LDAPS, "ca_file": str(cls.ca), "bind_dn": READER,
                "password_file": str(cls.demo.data / "reader.password"), "base": BASE, "people": True, "groups": True, "page_size": 10, "disable_after": 1,
                "most_gone_percent": 50, "refresh": "1 h", "full_refresh": "1 h", "remember_right": "0 s", "remember_wrong": "0 s", "answer_timeout": "60 s",
                "connect_timeout": "30 s", **keys}
        table = "\n".join(f"{k} = {json.dumps(v)}" for k, v in keys.items())  # TOML's strings, lists and booleans are JSON's
        cls.config.write_text(f"{cls.plain}\n[[outside_directory]]\n{table}\n")
        cls.demo.gatepost("reload")

    def sync(self):
        done = json.loads(self.demo.gatepost("--json", "directory", "sync", check=False).stdout)[0]
        self.assertEqual((done["error"], done["stopped"]), ("", False), done)
        return done

    def refusal(self, user, password):
        """None when it was let in, else what the server said."""
        client = imaplib.IMAP4_SSL(self.demo.host, self.demo.port("IMAPS"), ssl_context=self.demo.tls, timeout=60)
        try:
            status, answer = client.authenticate("PLAIN", lambda _: b"\0" + user.encode() + b"\0" + password.encode())
            return None if status == "OK" else answer[0].decode()
        except imaplib.IMAP4.error as error:
            return str(error)
        finally:
            client.shutdown()

    def let_in(self, user, password=SECRET):
        self.assertIsNone(self.refusal(user, password), self.demo.log()[-3000:])

    def try_out(self, name, password):
        done = self.demo.gatepost("--json", "directory", "test", name, "--password-stdin", stdin=password + "\n", check=False)
        return json.loads(done.stdout)

    def accounts(self):
        return {row["address"]: row for row in json.loads(self.demo.gatepost("--json", "account", "list").stdout)}

    def members(self, group):
        return self.demo.gatepost("--json", "group", "members", group).stdout

    def test_people_and_groups_are_there(self):
        done = self.sync()
        self.assertGreater(done["listed"], 10)  # more than one page, and references to other partitions behind them
        accounts = self.accounts()
        for name in ("anna", "bert", "d.doe", "umlaut", "must"):
            self.assertIn(self.address(name), accounts)
        for name in ("disabled", "expired", "anna.sip", "Administrator", "krbtgt"):
            self.assertNotIn(self.address(name), accounts)
        self.assertIn("Jürgen Müller (Büro)", json.dumps(accounts[self.address("umlaut")], ensure_ascii=False))
        # Those of groups in groups, which have no address and are none here.
        members = self.members(self.address("outer"))
        self.assertIn(self.address("anna"), members)
        self.assertIn(self.address("bert"), members)
        self.assertNotIn(self.address("d.doe"), members)
        self.demo.deliver(to=self.address("a.smith"), subject="to another of her addresses")
        self.demo.deliver(to=self.address("outer"), subject="to all")
        found = b"".join(self.demo.wait_for_count(2, user=self.address("anna"), password=SECRET))
        self.assertIn(b"to another of her addresses", found)
        self.assertIn(b"to all", found)

    def test_everybody_signs_in_by_every_name(self):
        for servers in (LDAPS, LDAP, f"ldaps://{samba.ADDRESS}:3269"):  # from its beginning, by StartTLS, and the global catalog
            self.configure(servers=servers)
            for name in ("anna", "ANNA", f"{DOMAIN}\\anna", f"anna@{REALM.lower()}", self.address("anna"), self.address("a.smith").upper()):
                self.let_in(name)
            for name in ("dora", f"doro@{REALM.lower()}", self.address("d.doe")):
                self.let_in(name)
            self.let_in("umlaut", "Pässwört.für.1")
            for name, password in (("anna", SECRET + "b"), (self.address("anna"), "wrong"), ("doro", SECRET), ("CN=Smith", SECRET), (self.anna, SECRET),
                                   ("nobody", SECRET), (f"nobody@{REALM.lower()}", SECRET), ("an*", SECRET), (GROUPS, SECRET), ("outer", SECRET), ("DC1$", SECRET)):
                self.assertIn("AUTHENTICATIONFAILED", self.refusal(name, password) or "let in", name)
        self.configure()
        self.assertIsNotNone(self.refusal("anna", ""))
        self.assertIn("objectGUID", "".join(self.try_out("anna", SECRET)["lines"]))

    def test_a_controller_takes_no_password_in_clear(self):
        """What it answers (strongerAuthRequired) says nothing about the password, and nobody is told that it is wrong."""
        self.configure(servers=LDAP, tls="yes, send passwords in clear")
        try:
            self.assertIn("UNAVAILABLE", self.refusal("anna", SECRET) or "let in")
            status = json.loads(self.demo.gatepost("--json", "directory", "status").stdout)[0]
            self.assertIn("ncryption required", json.dumps(status))
        finally:
            self.configure()

    def test_why_somebody_is_refused(self):
        for name, why, code in (("must", "has to be changed", "773"), ("old", "has expired there", "532"), ("hours", "may not sign in there now", "530"),
                                ("workstation", "not from this machine", "531"), ("disabled", "disabled", "533"), ("expired", "the account has expired", "701")):
            self.assertEqual(self.try_out(name, "wrong")["password"], "wrong name or password", name)
            tested = self.try_out(name, SECRET)
            self.assertIn(why, tested["password"], name)
            self.assertIn(f"data {code}", "".join(tested["lines"]), name)
            before = len(self.demo.log())
            self.assertIsNotNone(self.refusal(name, SECRET), name)
            self.assertIn("outside.refused", self.demo.log()[before:], name)

    def test_a_locked_account(self):
        dn = self.dc.user("locked", SECRET, mail=self.address("locked"))
        self.let_in("locked")
        self.dc.lock_after(3)
        try:
            for attempt in range(4):
                self.refusal("locked", f"wrong {attempt}")
            self.assertIsNotNone(self.refusal("locked", SECRET))
            self.assertIn("locked", self.try_out("locked", SECRET)["password"])
            self.dc.replace(dn, lockoutTime="0")  # an administrator unlocks it
            self.let_in("locked")
        finally:
            self.dc.lock_after(0)

    def test_another_password(self):
        dn = self.dc.user("changes", SECRET, mail=self.address("changes"))
        self.let_in("changes")
        self.dc.set_password(dn, "Another.one.2")
        self.let_in("changes", "Another.one.2")
        self.assertIn("AUTHENTICATIONFAILED", self.refusal("changes", SECRET) or "let in")

    def test_an_entry_that_is_moved_and_renamed_is_the_same_person(self):
        dn = self.dc.user("moves", SECRET, mail=self.address("moves"), displayName="Before")
        self.let_in("moves")
        self.dc.unit(f"OU=Elsewhere,{BASE}")
        self.dc.admin.modify_dn(dn, "CN=Moved", new_superior=f"OU=Elsewhere,{BASE}")
        self.dc.replace(f"CN=Moved,OU=Elsewhere,{BASE}", mail=self.address("moved"), displayName="After", sAMAccountName="moved")
        self.sync()
        accounts = self.accounts()
        self.assertIn("After", json.dumps(accounts[self.address("moves")]))  # the account keeps its address and has the new one, too
        self.assertNotIn(self.address("moved"), accounts)
        self.let_in("moved")
        self.let_in(self.address("moved"))

    def test_groups_by_the_rule_for_chains(self):
        """Only who is in a group, however deep (LDAP_MATCHING_RULE_IN_CHAIN, MS-ADTS 3.1.1.3.4.4.3)."""
        self.configure(people=False, groups=False, people_filter=f"(&(objectClass=user)(memberOf:1.2.840.113556.1.4.1941:={self.outer}))")
        try:
            self.let_in("anna")
            self.let_in("bert", SECRET + "b")
            self.assertIn("AUTHENTICATIONFAILED", self.refusal("dora", SECRET) or "let in")
        finally:
            self.configure()

    def open_sessions(self, name):
        """One of each kind, signed in and waiting: what it is called, and what reads until it is over."""
        d, address = self.demo, self.address(name)
        who = types.SimpleNamespace(demo=d, host=d.host, port=d.port, tls=d.tls, user1=address, pass1=SECRET)

        def octets(sock):
            sock.settimeout(PATIENCE)
            return lambda: iter(lambda: sock.recv(4096), b"")

        imap, idle, pop, submission = d.imap(address, SECRET), d.imap(address, SECRET), d.pop(address, SECRET), d.submission(address, SECRET)
        imap.select()
        idle.select()
        idle.send(b"i IDLE\r\n")
        self.assertTrue(idle.readline().startswith(b"+"))
        ldap = d.tls.wrap_socket(socket.create_connection((d.host, d.port("LDAPS")), timeout=PATIENCE), server_hostname=d.host)
        bind = b"\x02\x01\x03" + bytes([4, len(address)]) + address.encode() + bytes([0x80, len(SECRET)]) + SECRET.encode()
        request = b"\x02\x01\x01" + bytes([0x60, len(bind)]) + bind
        ldap.sendall(bytes([0x30, len(request)]) + request)
        self.assertEqual(ldap.recv(4096)[7:10], b"\x0a\x01\x00")  # BindResponse, success (RFC 4511 4.2.2)
        websocket = Socket(who)
        self.assertEqual(websocket.status, 101)
        browser = Browser(who)
        self.assertEqual(browser.sign_in().status, 200)
        streams = []
        for fields in ({"Authorization": "Basic " + base64.b64encode(f"{address}:{SECRET}".encode()).decode()}, {"Cookie": browser.cookie}):
            web = http.client.HTTPSConnection("localhost", d.port("HTTPS"), context=d.tls, timeout=PATIENCE)
            web.request("GET", "/jmap/events?types=*&closeafter=no&ping=0", headers=fields)
            streams.append(web.getresponse())
            self.assertEqual(streams[-1].status, 200)
        self.keep = imap, idle, pop, submission, ldap, websocket, streams

        def cookie():
            while browser.ask("GET", "/api/session").status != 401:
                yield
                time.sleep(0.2)

        return {"IMAP": octets(imap.sock), "IMAP IDLE": octets(idle.sock), "POP3": octets(pop.sock), "submission": octets(submission.sock),
                "LDAP": octets(ldap), "JMAP WebSocket": octets(websocket.raw), "JMAP events": lambda: iter(lambda: streams[0].read(1), b""),
                "JMAP events of a browser": lambda: iter(lambda: streams[1].read(1), b""), "cookie": cookie}

    def test_who_is_disabled_or_removed_is_out_of_every_session(self):
        """At the next refresh, though nothing but a complete listing, an hour away, would show who is gone."""
        self.configure(refresh="1 s", full_refresh="1 h", disable_after=2)
        self.sync()
        try:
            for name, leave in (("leaves", lambda dn: self.dc.replace(dn, userAccountControl=str(NORMAL | DISABLED))), ("goes", self.dc.delete)):
                dn = self.dc.user(name, SECRET, mail=self.address(name))
                sessions = self.open_sessions(name)
                leave(dn)
                end = time.monotonic() + PATIENCE
                for protocol, read in sessions.items():
                    with self.subTest(protocol=protocol, name=name):
                        try:
                            for _ in read():
                                self.assertLess(time.monotonic(), end, f"goes on\n{self.demo.log()[-3000:]}")
                        except (TimeoutError, socket.timeout):
                            self.fail(f"goes on\n{self.demo.log()[-3000:]}")
                        except (OSError, http.client.HTTPException):
                            pass
                self.assertIsNotNone(self.refusal(name, SECRET))
                self.assertIn(self.address(name), self.accounts())  # nothing is deleted
        finally:
            self.configure()

    def test_a_group_of_more_than_1500(self):
        """A controller may show only so many values of an attribute (MaxValRange); who is in the group is known from the people, too."""
        unit = f"OU=Contacts,{BASE}"
        self.dc.unit(unit)
        names = [f"many{i}" for i in range(5)]
        people = [self.dc.user(name, SECRET, mail=self.address(name)) for name in names]
        contacts = [f"CN=contact{i:04},{unit}" for i in range(1550)]
        for contact in contacts:
            self.dc.admin.add(contact, "contact")
        self.dc.group("many", contacts + people, mail=self.address("many"))
        self.sync()
        members = self.members(self.address("many"))
        self.assertEqual([n for n in names if self.address(n) not in members], [])
        self.assertNotIn("contact", members)


if __name__ == "__main__":
    unittest.main()
