"""The directory, read and changed by OpenLDAP's tools (libldap) and by python3-ldap3, as devices and programs do."""

import base64
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import ldap3
from ldap3.core.exceptions import LDAPException

from demo import Demo
from slapd import environment, find_slapd


class Directory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()
        d = cls.demo
        cls.base = ",".join(f"dc={label}" for label in d.domain.split("."))
        cls.local1 = d.user1.split("@")[0]
        cls.dn1 = f"uid={cls.local1},ou=people,{cls.base}"
        cls.admin = f"chief@{d.domain}"
        cls.admin_password = "the password of the chief"
        d.gatepost("account", "add", cls.admin, "--name", "Charlotte Chief", "--password-stdin", stdin=cls.admin_password + "\n")
        d.gatepost("account", "set", cls.admin, "role=admin")
        d.gatepost("account", "set", d.user1, "name=Anna Müller-Lüdenscheidt", "given-name=Anna", "surname=Müller-Lüdenscheidt",
                   "phone=+49 30 123-45", "title=Director", "department=Sales", "company=Example AG", "country=DE")
        d.gatepost("group", "add", f"staff@{d.domain}", d.user1, "--name", "All staff")
        d.gatepost("alias", "add", f"boss@{d.domain}", d.user1)
        d.gatepost("account", "add", f"aquarium@{d.domain}", "--name", "The Aquarium", "--kind", "room")
        d.gatepost("account", "add", f"van@{d.domain}", "--name", "The van", "--kind", "equipment")

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()
        cls.demo.__exit__()

    def tool(self, name, *arguments, who=None, password=None, tls="ldaps", check=0, stdin=None):
        """One of ldap-utils; `who` None: anonymous. The text of its answer, unfolded."""
        d = self.demo
        url = f"ldaps://127.0.0.1:{d.port('LDAPS')}" if tls == "ldaps" else f"ldap://127.0.0.1:{d.port('LDAP')}"
        command = [name, "-H", url]
        if tls == "starttls":
            command.append("-ZZ")
        if not any(a in ("-Y", "-O") for a in arguments):
            command.append("-x")
            if who:
                command += ["-D", who, "-w", password]
        if name == "ldapsearch":
            command += ["-LLL", "-o", "ldif-wrap=no"]
        env = dict(os.environ, LDAPTLS_CACERT=d.env["GP_CA"], LDAPTLS_REQCERT="demand")
        done = subprocess.run([*command, *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, timeout=60)
        if check is not None:
            self.assertEqual(done.returncode, check, done.stdout)
        return done.stdout

    def search(self, *arguments, **named):
        named.setdefault("who", self.demo.user1)
        named.setdefault("password", self.demo.pass1)
        return self.tool("ldapsearch", *arguments, **named)

    def names(self, text):
        return re.findall(r"^dn: (.*)$", text, re.M)

    def connect(self, who=None, password=None, **more):
        d = self.demo
        tls = ldap3.Tls(ca_certs_file=d.env["GP_CA"], validate=ssl.CERT_REQUIRED)
        server = ldap3.Server("localhost", port=d.port("LDAPS"), use_ssl=True, tls=tls, get_info=ldap3.ALL)
        return ldap3.Connection(server, who or d.user1, password or d.pass1, auto_bind=True, raise_exceptions=True, **more)

    # ---- what strangers see

    def test_strangers_read_the_root_dse_and_the_subschema_alone(self):
        dse = self.tool("ldapsearch", "-b", "", "-s", "base", "(objectClass=*)", "*", "+")
        self.assertIn(f"namingContexts: {self.base}", dse)
        self.assertIn("supportedControl: 1.2.840.113556.1.4.319", dse)
        self.assertIn("supportedSASLMechanisms: SCRAM-SHA-256", dse)
        self.assertNotIn("1.3.6.1.4.1.1466.20037", dse)
        self.assertIn("1.3.6.1.4.1.1466.20037", self.tool("ldapsearch", "-b", "", "-s", "base", "+", tls="none"))
        self.assertIn("attributeTypes: ( 2.5.4.3 NAME", self.tool("ldapsearch", "-b", "cn=Subschema", "-s", "base", "+"))
        self.tool("ldapsearch", "-b", self.base, "(mail=*)", check=50)

    def test_no_password_goes_without_tls(self):
        self.tool("ldapwhoami", who=self.demo.user1, password=self.demo.pass1, tls="none", check=13)
        self.assertIn(self.dn1, self.tool("ldapwhoami", who=self.demo.user1, password=self.demo.pass1, tls="starttls"))

    # ---- who somebody is

    def test_binds_by_every_name_and_mechanism(self):
        d = self.demo
        for name in (d.user1, d.user1.upper(), f"boss@{d.domain}", self.dn1, f"{d.domain}\\{self.local1}"):
            self.assertIn(f"dn:{self.dn1}", self.tool("ldapwhoami", who=name, password=d.pass1))
        self.tool("ldapwhoami", who=self.dn1, password="wrong", check=49)
        for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-1"):
            out = self.tool("ldapwhoami", "-Y", mechanism, "-U", d.user1, "-w", d.pass1, "-O", "none", check=None)
            if "No worthy mechs" in out or "Unknown authentication method" in out:
                continue  # libsasl of this system has it not
            self.assertIn(f"dn:{self.dn1}", out, mechanism)

    # ---- searches

    def test_entries_are_what_both_kinds_of_reader_expect(self):
        d = self.demo
        text = self.search("-b", self.base, f"(mail={d.user1})", "*", "+")
        self.assertEqual(self.names(text), [self.dn1])
        for line in (f"mail: {d.user1}", f"proxyAddresses: SMTP:{d.user1}", f"proxyAddresses: smtp:boss@{d.domain}", f"sAMAccountName: {self.local1}",
                     f"userPrincipalName: {d.user1}", "objectClass: inetOrgPerson", "objectClass: user", f"memberOf: cn=staff,ou=groups,{self.base}",
                     "telephoneNumber: +49 30 123-45", "department: Sales", "givenName: Anna", "c: DE", f"entryDN: {self.dn1}"):
            self.assertIn(line + "\n", text)
        self.assertIn("sn:: " + base64.b64encode("Müller-Lüdenscheidt".encode()).decode(), text)
        group = self.search("-b", f"ou=groups,{self.base}", "-s", "one", "(objectClass=groupOfNames)")
        self.assertIn(f"member: {self.dn1}\n", group)
        self.assertEqual(self.names(self.search("-b", self.base, "(objectClass=room)")), [f"cn=aquarium,ou=rooms,{self.base}"])
        self.assertIn("userAccountControl: 514\n", self.search("-b", f"uid=van,ou=equipment,{self.base}", "-s", "base", "(objectClass=user)"))

    def test_every_filter_and_scope(self):
        d = self.demo
        for text in ("(cn=anna*)", "(cn=*LÜDENSCHEIDT)", "(cn=*ller-l*)", "(telephoneNumber=+493012345)", "(telephoneNumber=*2345)", "(sn~=müller-lüdenscheidt)",
                     f"(&(objectClass=person)(|(uid={self.local1})(uid=nobody))(!(uid=x)))", "(&(title=dir*)(department=SALES))", "(cn:caseIgnoreMatch:=anna müller-lüdenscheidt)",
                     f"(memberOf:1.2.840.113556.1.4.1941:=cn=staff,ou=groups,{self.base})", f"(&(userAccountControl:1.2.840.113556.1.4.803:=512)(uid={self.local1}))"):
            self.assertEqual(self.names(self.search("-b", self.base, text, "1.1")), [self.dn1], text)
        self.assertEqual(self.names(self.search("-b", self.base, "(&(uid=*)(nonsense=x))", "1.1")), [])
        self.assertEqual(len(self.names(self.search("-b", self.base, "-s", "one", "1.1"))), 6)
        self.assertEqual(self.names(self.search("-b", self.dn1, "-s", "base", "1.1")), [self.dn1])
        self.search("-b", "uid=nobody," + self.base, "-s", "base", check=32)
        self.assertIn("Size limit exceeded", self.search("-b", self.base, "-z", "1", "1.1", check=4))
        self.assertEqual(self.search("-b", self.dn1, "-s", "base", "-A", "cn").strip(), f"dn: {self.dn1}\ncn:")

    def test_pages_order_windows_and_matched_values(self):
        everybody = self.names(self.search("-b", self.base, "(uid=*)", "1.1"))
        self.assertGreaterEqual(len(everybody), 3)
        paged = self.names(self.search("-b", self.base, "-E", "!pr=1/noprompt", "(uid=*)", "1.1"))
        self.assertEqual(paged, everybody)
        ordered = re.findall("^uid: (.*)$", self.search("-b", self.base, "-E", "!sss=uid", "(uid=*)", "uid"), re.M)
        self.assertEqual(ordered, sorted(ordered))
        back = re.findall("^uid: (.*)$", self.search("-b", self.base, "-E", "!sss=-uid", "-E", "!pr=2/noprompt", "(uid=*)", "uid"), re.M)
        self.assertEqual(back, ordered[::-1])
        matched = self.search("-b", self.dn1, "-E", "!mv=((proxyAddresses=smtp:boss*))", "-s", "base", "proxyAddresses")
        self.assertIn("smtp:boss@", matched)
        self.assertNotIn("SMTP:" + self.demo.user1 + "\n", matched)

    def test_compares(self):
        who = {"who": self.demo.user1, "password": self.demo.pass1}
        self.assertIn("TRUE", self.tool("ldapcompare", self.dn1, "title:DIRECTOR", check=6, **who))
        self.assertIn("FALSE", self.tool("ldapcompare", self.dn1, "title:clerk", check=5, **who))

    # ---- changes

    def modify(self, ldif, *arguments, who=None, password=None, check=0):
        return self.tool("ldapmodify", *arguments, who=who or self.demo.user1, password=password or self.demo.pass1, stdin=ldif, check=check)

    def test_people_change_their_own_numbers_and_nothing_else(self):
        self.modify(f"dn: {self.dn1}\nchangetype: modify\nreplace: mobile\nmobile: +49 170 1\n")
        self.assertIn("mobile: +49 170 1\n", self.search("-b", self.dn1, "-s", "base", "mobile"))
        self.modify(f"dn: {self.dn1}\nchangetype: modify\nreplace: title\ntitle: King\n", check=50)
        self.assertIn("+49 170 1", self.demo.gatepost("account", "show", self.demo.user1).stdout)

    def test_administrators_add_change_and_delete(self):
        d = self.demo
        chief = {"who": self.admin, "password": self.admin_password}
        dn, group = f"uid=newbie,ou=people,{self.base}", f"cn=newbies,ou=groups,{self.base}"
        self.modify(f"dn: {dn}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: newbie\ncn: New Bie\nsn: Bie\nmail: newbie@{d.domain}\nuserPassword: a first password\n\n"
                    f"dn: {group}\nchangetype: add\nobjectClass: groupOfNames\ncn: newbies\nmember: {dn}\n", **chief)
        self.assertIn(f"dn:{dn}", self.tool("ldapwhoami", who=dn, password="a first password"))
        self.assertIn(f"memberOf: {group}\n", self.search("-b", dn, "-s", "base"))
        self.assertIn(f"newbie@{d.domain}", d.gatepost("group", "members", f"newbies@{d.domain}").stdout)
        out = self.modify(f"dn: {dn}\nchangetype: modify\nreplace: title\ntitle: Clerk\n", "-e", "!postread=title", "-e", "preread=title", **chief)
        self.assertIn("title: Clerk", out)
        self.modify(f"dn: {dn}\nchangetype: modify\nreplace: title\ntitle: Boss\n", "-e", "!assert=(title=Cook)", check=122, **chief)
        self.modify(f"dn: {group}\nchangetype: modify\ndelete: member\nmember: {dn}\n", **chief)
        self.tool("ldapmodrdn", dn, "uid=oldie", check=53, **chief)
        self.tool("ldapdelete", group, dn, **chief)
        self.search("-b", dn, "-s", "base", check=32)
        self.assertNotIn("newbie@", d.gatepost("account", "list").stdout)
        self.tool("ldapdelete", self.dn1, who=d.user2, password=d.pass2, check=50)

    def test_passwords_change(self):
        d = self.demo
        name, dn = f"forgetful@{d.domain}", f"uid=forgetful,ou=people,{self.base}"
        d.gatepost("account", "add", name, "--password-stdin", stdin="the first password\n")
        self.tool("ldappasswd", "-a", "the first password", "-s", "the second password", who=name, password="the first password")
        self.tool("ldapwhoami", who=name, password="the first password", check=49)
        self.tool("ldapwhoami", who=name, password="the second password")
        made = re.search(r"New password: (\S+)", self.tool("ldappasswd", dn, who=self.admin, password=self.admin_password)).group(1)
        self.tool("ldapwhoami", who=name, password=made)
        self.assertIn("(50)", self.tool("ldappasswd", "-s", "not his to change", dn, who=d.user2, password=d.pass2, check=1))

    def test_acts_for_others(self):
        out = self.tool("ldapwhoami", "-e", f"!authzid=u:{self.demo.user1}", who=self.admin, password=self.admin_password)
        self.assertIn(self.dn1, out)
        self.assertIn("(123)", self.tool("ldapwhoami", "-e", f"!authzid=u:{self.admin}", who=self.demo.user1, password=self.demo.pass1, check=1))

    # ---- a program with a schema of its own to fill

    def test_python_ldap3_reads_schema_pages_and_writes(self):
        d = self.demo
        with self.connect() as c:
            self.assertIn(self.base, c.server.info.naming_contexts)
            self.assertIn("inetOrgPerson", c.server.schema.object_classes)
            self.assertEqual(c.server.schema.attribute_types["mail"].equality, ["caseIgnoreIA5Match"])
            self.assertEqual(c.extend.standard.who_am_i(), f"dn:{self.dn1}")
            found = list(c.extend.standard.paged_search(self.base, "(objectClass=person)", attributes=["cn", "objectGUID", "whenCreated"], paged_size=2))
            self.assertGreaterEqual(len(found), 3)
            guid = next(e for e in found if e["dn"] == self.dn1)["raw_attributes"]["objectGUID"][0]
            self.assertEqual(len(guid), 16)
            escaped = "".join(f"\\{octet:02x}" for octet in guid)
            c.search(self.base, f"(objectGUID={escaped})", attributes=ldap3.ALL_ATTRIBUTES)
            self.assertEqual(c.entries[0].entry_dn, self.dn1)
            c.modify(self.dn1, {"pager": [(ldap3.MODIFY_REPLACE, ["4711"])]})
            c.search(self.dn1, "(objectClass=*)", ldap3.BASE, attributes=["pager"])
            self.assertEqual(c.entries[0].pager.value, "4711")
            c.modify(self.dn1, {"pager": [(ldap3.MODIFY_DELETE, [])]})
        with self.assertRaises(LDAPException):
            self.connect(password="wrong")

    # ---- copies

    def test_slapd_keeps_a_copy_in_step(self):
        """Debian's slapd as a syncrepl consumer: adds, changes, removals, and our restart."""
        root = find_slapd()
        if root is None:
            self.skipTest("slapd is not installed, nor unpacked (bench/peers/unpack-slapd)")
        d = self.demo
        work = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-slapd-"))
        self.addCleanup(shutil.rmtree, work, ignore_errors=True)
        (work / "db").mkdir()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        (work / "slapd.conf").write_text(f"""
include {root}/etc/ldap/schema/core.schema
include {root}/etc/ldap/schema/cosine.schema
include {root}/etc/ldap/schema/inetorgperson.schema
modulepath {root}/usr/lib/ldap
moduleload back_mdb
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP top AUXILIARY )
objectclass ( 1.2.840.113556.1.3.46 NAME 'mailRecipient' SUP top AUXILIARY )
pidfile {work}/pid
database mdb
suffix "{self.base}"
rootdn "cn=copy,{self.base}"
directory {work}/db
access to * by * read
syncrepl rid=001 provider=ldaps://127.0.0.1:{d.port("LDAPS")} type=refreshAndPersist retry="1 +" searchbase="ou=people,{self.base}" scope=sub
  filter="(objectClass=inetOrgPerson)" attrs="objectClass,cn,sn,uid,mail,title" schemachecking=off bindmethod=simple binddn="uid=chief,ou=people,{self.base}"
  credentials="{self.admin_password}" tls_cacert={d.env["GP_CA"]} tls_reqcert=demand
""")
        with open(work / "log", "w") as log:
            process = subprocess.Popen([root / "usr/sbin/slapd", "-d", "sync", "-f", work / "slapd.conf", "-h", f"ldap://127.0.0.1:{port}"], stdout=log, stderr=log, env=environment(root))

        def stop():
            process.terminate()
            process.wait(timeout=30)
        self.addCleanup(stop)

        def copy():
            done = subprocess.run(["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", f"ldap://127.0.0.1:{port}", "-b", self.base, "(uid=*)", "uid", "title"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60)
            return {tuple(sorted(line for line in entry.splitlines() if line)) for entry in done.stdout.split("\n\n") if entry.strip()}

        def original():
            text = self.search("-b", f"ou=people,{self.base}", "(objectClass=inetOrgPerson)", "uid", "title", who=self.admin, password=self.admin_password)
            return {tuple(sorted(line for line in entry.splitlines() if line)) for entry in text.split("\n\n") if entry.strip()}

        def in_step(what):
            end = time.time() + 120
            while copy() != original():
                if time.time() > end or process.poll() is not None:
                    self.fail(f"{what}: {copy() ^ original()}\n" + (work / "log").read_text()[-3000:])
                time.sleep(0.2)

        in_step("first content")
        d.gatepost("account", "add", f"copied@{d.domain}", "--name", "Copied", "--password-stdin", stdin="a long password\n")
        in_step("an add")
        d.gatepost("account", "set", f"copied@{d.domain}", "title=Original")
        in_step("a change")
        d.stop()
        d.start()
        d.gatepost("account", "set", d.user2, "title=After the restart")
        in_step("our restart")
        d.gatepost("account", "delete", f"copied@{d.domain}")
        in_step("a removal")

    # ---- over restarts, and what must not be sent

    def test_identities_stay_over_a_restart(self):
        before = self.search("-b", self.dn1, "-s", "base", "entryUUID", "objectGUID", "createTimestamp", "modifyTimestamp", "uSNChanged")
        self.demo.stop()
        self.demo.start()
        self.assertEqual(self.search("-b", self.dn1, "-s", "base", "entryUUID", "objectGUID", "createTimestamp", "modifyTimestamp", "uSNChanged"), before)

    def test_nonsense_is_answered_and_the_server_goes_on(self):
        port = self.demo.port("LDAP")
        for octets in (b"GET / HTTP/1.0\r\n\r\n", b"\x30\x80\x02\x01\x01", b"\x30\x84\xff\xff\xff\xff", b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00" * 50,
                       os.urandom(2000), b"\x30\x84\x00\x0f\xff\xff" + b"\xa0" * 70000):
            with socket.create_connection(("localhost", port), timeout=30) as s:
                try:
                    s.sendall(octets)
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(65536):
                        pass
                except ConnectionError:
                    pass
        self.assertIn(self.dn1, self.tool("ldapwhoami", who=self.demo.user1, password=self.demo.pass1))


if __name__ == "__main__":
    unittest.main()
