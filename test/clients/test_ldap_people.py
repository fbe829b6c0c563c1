"""Contacts, pictures, groups by a rule and address books, by OpenLDAP's tools, python3-ldap3, the web's interface and the command line."""

import base64
import http.client
import json
import os
import smtplib
import ssl
import subprocess
import tempfile
import time
import unittest

import ldap3
from ldap3.core.exceptions import LDAPException

from demo import Demo

# The smallest picture of its kind: one grey pixel.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/"
    "yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k=")


class People(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.demo.start()
        d = cls.demo
        cls.base = ",".join(f"dc={label}" for label in d.domain.split("."))
        cls.dn1 = f"uid={d.user1.split('@')[0]},ou=people,{cls.base}"
        cls.admin = f"chief@{d.domain}"
        cls.password = "the password of the chief"
        d.gatepost("account", "add", cls.admin, "--name", "Charlotte Chief", "--password-stdin", stdin=cls.password + "\n")
        d.gatepost("account", "set", cls.admin, "role=admin")

    @classmethod
    def tearDownClass(cls):
        cls.demo.stop()
        cls.demo.__exit__()

    def gatepost(self, *arguments):
        return self.demo.gatepost(*arguments).stdout

    def tool(self, name, *arguments, who=None, password=None, stdin=None, check=0):
        d = self.demo
        command = [name, "-x", "-H", f"ldaps://127.0.0.1:{d.port('LDAPS')}", "-D", who or d.user1, "-w", password or d.pass1]
        if name == "ldapsearch":
            command += ["-LLL", "-o", "ldif-wrap=no", "-b", self.base]
        env = dict(os.environ, LDAPTLS_CACERT=d.env["GP_CA"], LDAPTLS_REQCERT="demand")
        done = subprocess.run([*command, *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, timeout=60)
        self.assertEqual(done.returncode, check, done.stdout)
        return done.stdout

    def connect(self, who=None, password=None):
        d = self.demo
        tls = ldap3.Tls(ca_certs_file=d.env["GP_CA"], validate=ssl.CERT_REQUIRED)
        server = ldap3.Server("localhost", port=d.port("LDAPS"), use_ssl=True, tls=tls, get_info=ldap3.ALL)
        return ldap3.Connection(server, who or d.user1, password or d.pass1, auto_bind=True, raise_exceptions=True)

    def web(self):
        """A browser that user1 is signed in by; ask(method, path, value or octets) gives status, fields and content."""
        d = self.demo
        connection = http.client.HTTPSConnection("localhost", d.port("HTTPS"), timeout=30, context=ssl.create_default_context(cafile=d.env["GP_CA"]))
        self.addCleanup(connection.close)
        state = {"x-csrf-token": ""}

        def ask(method, path, content=None, **fields):
            given = {**state, **fields}
            if isinstance(content, (dict, list)):
                content = json.dumps(content)
                given["content-type"] = "application/json"
            connection.request(method, path, content, given)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

        status, fields, content = ask("POST", "/api/session", {"user": d.user1, "password": d.pass1})
        self.assertEqual(status, 200, content)
        state["cookie"] = fields["set-cookie"].split(";")[0]
        state["x-csrf-token"] = json.loads(content)["csrf"]
        return ask

    # ---- contacts

    def test_contacts_are_in_address_books_and_mail_to_their_aliases_is_taken(self):
        d = self.demo
        self.gatepost("contact", "add", "paul@partner.example", "--name", "Paul Partner", "--domain", d.domain)
        self.gatepost("contact", "set", "paul@partner.example", "phone=+49 40 1", "company=Partner Ltd")
        self.gatepost("alias", "add", f"paul@{d.domain}", "paul@partner.example")
        dn = f"cn=paul@partner.example,ou=contacts,{self.base}"
        text = self.tool("ldapsearch", "(&(objectClass=contact)(mail=paul@*))")
        for line in (f"dn: {dn}", "objectClass: organizationalPerson", "targetAddress: SMTP:paul@partner.example", f"proxyAddresses: smtp:paul@{d.domain}",
                     "telephoneNumber: +49 40 1", "company: Partner Ltd", "displayName: Paul Partner"):
            self.assertIn(line + "\n", text)
        self.tool("ldapwhoami", who="paul@partner.example", password="x", check=49)
        with smtplib.SMTP("127.0.0.1", d.port("SMTP"), timeout=30) as smtp:
            smtp.ehlo("client.example")
            smtp.mail("x@client.example")
            self.assertEqual(smtp.rcpt(f"paul@{d.domain}")[0], 250)
            self.assertEqual(smtp.rcpt("paul@partner.example")[0] // 100, 5, "no relay for strangers")
        listed = json.loads(self.gatepost("contact", "list", "--json"))
        self.assertIn("paul@partner.example", [one["address"] for one in listed])
        self.assertNotIn("paul@partner.example", self.gatepost("account", "list"))

    def test_administrators_make_contacts_by_ldap(self):
        dn = f"cn=eva@partner.example,ou=contacts,{self.base}"
        ldif = f"dn: {dn}\nobjectClass: contact\ncn: eva@partner.example\ncn: Eva\nsn: Elsewhere\nmail: eva@partner.example\n"
        self.tool("ldapadd", stdin=ldif, check=50)
        self.tool("ldapadd", stdin=ldif, who=self.admin, password=self.password)
        self.assertIn("displayName: Eva\n", self.tool("ldapsearch", "(cn=eva)"))
        self.tool("ldapdelete", dn, who=self.admin, password=self.password)
        self.assertEqual(self.tool("ldapsearch", "(cn=eva)"), "")

    # ---- pictures

    def test_pictures_by_ldap_web_and_command_line(self):
        d = self.demo
        with self.connect() as ldap:
            ldap.modify(self.dn1, {"jpegPhoto": [(ldap3.MODIFY_REPLACE, [JPEG])]})
            ldap.search(self.dn1, "(jpegPhoto=*)", ldap3.BASE, attributes=["jpegPhoto", "thumbnailPhoto"])
            self.assertEqual(ldap.response[0]["raw_attributes"], {"jpegPhoto": [JPEG], "thumbnailPhoto": [JPEG]})
            ldap.search(self.dn1, "(objectClass=*)", ldap3.BASE, attributes=["cn"])
            self.assertNotIn("jpegPhoto", ldap.response[0]["raw_attributes"])
            with self.assertRaises(LDAPException):
                ldap.modify(self.dn1, {"jpegPhoto": [(ldap3.MODIFY_REPLACE, [b"GIF89a"])]})
        ask = self.web()
        status, _, content = ask("POST", "/api/photos", {"addresses": [d.user1, "nobody@elsewhere.example", self.admin]})
        self.assertEqual(status, 200, content)
        photos = json.loads(content)["photos"]
        self.assertEqual(list(photos), [d.user1])
        status, fields, content = ask("GET", photos[d.user1])
        self.assertEqual((status, content), (200, JPEG))
        self.assertEqual(fields["content-type"], "image/jpeg")
        self.assertIn("immutable", fields["cache-control"])
        self.assertEqual(ask("GET", photos[d.user1], **{"if-none-match": fields["etag"]})[0], 304)
        self.assertEqual(ask("GET", photos[d.user1], cookie="")[0], 401)
        self.assertEqual(ask("GET", "/api/photos/1")[0], 404)
        self.assertEqual(ask("PUT", "/api/photo", b"<svg/>", **{"content-type": "image/svg+xml"})[0], 400)
        self.assertEqual(ask("PUT", "/api/photo", JPEG, **{"x-csrf-token": "wrong"})[0], 403)
        self.assertEqual(ask("DELETE", "/api/photo")[0], 204)
        self.assertEqual(ask("GET", photos[d.user1])[0], 404)
        self.assertEqual(ask("PUT", "/api/photo", JPEG, **{"content-type": "image/jpeg"})[0], 204)
        with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
            file.write(JPEG)
            file.flush()
            self.gatepost("account", "photo", self.admin, file.name)
        self.assertIn("image/jpeg", self.gatepost("account", "show", self.admin))
        self.assertIn("jpegPhoto:: ", self.tool("ldapsearch", f"(mail={self.admin})", "jpegPhoto"))
        self.gatepost("account", "photo", self.admin, "--remove")
        self.assertNotIn("jpegPhoto", self.tool("ldapsearch", f"(mail={self.admin})", "jpegPhoto"))

    # ---- groups by a rule

    def test_groups_by_a_rule_have_whom_it_fits(self):
        d = self.demo
        rule = "(&(department=Deck)(l=Kiel))"
        self.gatepost("group", "add", f"deck@{d.domain}", "--rule", rule)
        self.gatepost("account", "set", d.user2, "department=Deck", "city=Kiel")
        self.assertIn(d.user2, self.gatepost("group", "preview", rule))
        self.assertIn(d.user2, self.gatepost("group", "members", f"deck@{d.domain}"))
        text = self.tool("ldapsearch", "(objectClass=groupOfURLs)", "member", "memberURL")
        self.assertIn(f"member: uid={d.user2.split('@')[0]},ou=people,{self.base}\n", text)
        self.assertIn(f"memberURL: ldap:///??sub?{rule}\n", text)
        subject = f"to the deck {time.time()}"
        with smtplib.SMTP("127.0.0.1", d.port("SMTP"), timeout=30) as smtp:
            smtp.sendmail("x@client.example", [f"deck@{d.domain}"], f"From: x@client.example\r\nSubject: {subject}\r\n\r\n.\r\n")
        self.assertTrue(any(subject.encode() in body for body in d.bodies(user=d.user2, password=d.pass2)))
        self.gatepost("account", "set", d.user2, "city=")
        self.assertNotIn("member: ", self.tool("ldapsearch", "(objectClass=groupOfURLs)", "member"))

    # ---- what has changed

    def test_programs_follow_changes_as_of_active_directory(self):
        d = self.demo
        with self.connect(self.admin, self.password) as ldap:
            sync = ldap.extend.microsoft.dir_sync(self.base, "(objectClass=user)", ["cn", "title", "mail"])
            first = sync.loop()
            self.assertIn(self.dn1, [one["dn"] for one in first])
            self.assertFalse(sync.more_results)
            self.gatepost("account", "add", f"brief@{d.domain}")
            self.gatepost("account", "set", d.user1, "title=Mate")
            changed = {one["dn"]: one["raw_attributes"] for one in sync.loop()}
            self.assertEqual(changed[self.dn1]["title"], [b"Mate"])
            self.assertEqual(len(changed), 2)
            self.gatepost("account", "delete", f"brief@{d.domain}")
            gone = sync.loop()
            self.assertEqual([one["raw_attributes"]["isDeleted"] for one in gone], [[b"TRUE"]])
            self.assertEqual(sync.loop(), [])
        with self.connect() as ldap:
            with self.assertRaises(LDAPException):
                ldap.extend.microsoft.dir_sync(self.base, "(objectClass=user)", ["cn"]).loop()

    # ---- who sees whom

    def test_address_books_hold_from_the_next_request_on(self):
        d = self.demo
        seen = lambda: self.tool("ldapsearch", "(objectClass=mailRecipient)", "mail")
        ask = self.web()
        with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
            file.write(JPEG)
            file.flush()
            self.gatepost("account", "photo", self.admin, file.name)
        self.addCleanup(self.gatepost, "account", "photo", self.admin, "--remove")
        picture = json.loads(ask("POST", "/api/photos", {"addresses": [self.admin]})[2])["photos"][self.admin]
        self.assertIn(f"mail: {self.admin}\n", seen())
        self.gatepost("address-book", "add", "shore", "--viewers", d.user1, "--shown", d.user2)
        try:
            text = seen()
            self.assertNotIn(f"mail: {self.admin}\n", text)
            self.assertIn(f"mail: {d.user1}\n", text)
            self.assertIn(f"mail: {d.user2}\n", text)
            self.assertEqual(ask("GET", picture)[0], 404)
            self.assertEqual(json.loads(ask("POST", "/api/photos", {"addresses": [self.admin]})[2])["photos"], {})
            self.assertNotIn(self.admin, self.gatepost("address-book", "show", d.user1))
            exported = self.gatepost("export")
            self.assertIn('[[address_book]]\nname = "shore"', exported)
        finally:
            self.gatepost("address-book", "delete", "shore")
        self.assertIn(f"mail: {self.admin}\n", seen())


if __name__ == "__main__":
    unittest.main()
