"""Debian's slapd, with a directory of people, groups and a service account, on ports of its own."""

import os
import pathlib
import socket
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BASE = "dc=corp,dc=example"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
READER, READER_PASSWORD = f"cn=reader,{BASE}", "reads everything"
ROOT, ROOT_PASSWORD = f"cn=root,{BASE}", "may do everything"


def find_slapd():
    """The root it is installed or unpacked below; None: nowhere."""
    roots = (pathlib.Path("/"), pathlib.Path("/opt/slapd-peer"), TOP / "build/peers/slapd")
    return next((r for r in roots if (r / "usr/sbin/slapd").exists()), None)


def environment(root):
    """What programs below `root` are started with, so that they find their libraries."""
    if root == pathlib.Path("/"):
        return dict(os.environ)
    libraries = [str(p) for p in (root / "usr/lib", *(root / "usr/lib").glob("*-linux-gnu"), *(root / "lib").glob("*-linux-gnu"))]
    return dict(os.environ, LD_LIBRARY_PATH=":".join(libraries))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ldif(dn, **attributes):
    lines = [f"dn: {dn}"]
    for name, values in attributes.items():
        for value in values if isinstance(values, list) else [values]:
            lines.append(f"{name}: {value}")
    return "\n".join(lines) + "\n\n"


class Slapd:
    def __init__(self, folder, ca, cert, key):
        self.root = find_slapd()
        self.folder, self.ca, self.cert, self.key = pathlib.Path(folder), ca, cert, key
        self.port, self.tls_port = free_port(), free_port()
        self.env = environment(self.root)
        self.process = None
        (self.folder / "db").mkdir(parents=True)
        etc = self.root / "etc/ldap/schema"
        (self.folder / "slapd.conf").write_text(f"""
include {etc}/core.schema
include {etc}/cosine.schema
include {etc}/nis.schema
include {etc}/inetorgperson.schema
modulepath {self.root}/usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.2.840.113556.1.5.9999 NAME 'officeUser' SUP top AUXILIARY MAY ( userAccountControl $ proxyAddresses ) )
TLSCACertificateFile {ca}
TLSCertificateFile {cert}
TLSCertificateKeyFile {key}
pidfile {self.folder}/pid
sizelimit unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{READER}" read by anonymous auth by * none
database mdb
suffix "{BASE}"
rootdn "{ROOT}"
rootpw "{ROOT_PASSWORD}"
directory {self.folder}/db
maxsize 104857600
index objectClass,uid,mail,member,entryUUID eq
overlay memberof
memberof-dangling ignore
memberof-refint true
overlay ppolicy
ppolicy_default "cn=policy,{BASE}"
ppolicy_use_lockout
""")

    def load(self, text):
        head = (ldif(BASE, objectClass=["organization", "dcObject"], o="Corp", dc="corp")
                + ldif(PEOPLE, objectClass="organizationalUnit", ou="people") + ldif(GROUPS, objectClass="organizationalUnit", ou="groups")
                + ldif(READER, objectClass=["organizationalRole", "simpleSecurityObject"], cn="reader", userPassword=READER_PASSWORD)
                + ldif(f"cn=policy,{BASE}", objectClass=["organizationalRole", "pwdPolicy"], cn="policy", pwdAttribute="userPassword", pwdLockout="TRUE",
                       pwdMaxFailure="0"))
        (self.folder / "data.ldif").write_text(head + text)
        slapadd = [self.root / "usr/sbin/slapd", "-Tadd", "-q", "-f", self.folder / "slapd.conf", "-l", self.folder / "data.ldif"]
        done = subprocess.run(slapadd, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout

    def start(self):
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen([self.root / "usr/sbin/slapd", "-d", "stats", "-f", self.folder / "slapd.conf",
                                             "-h", " ".join(f"ldap://{a}:{self.port} ldaps://{a}:{self.tls_port}" for a in ("127.0.0.1", "127.0.0.2"))],
                                            stdout=log, stderr=log, env=self.env)
        end = time.monotonic() + 120
        for port in (self.port, self.tls_port):
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=5).close()
                    break
                except OSError:
                    assert self.process.poll() is None and time.monotonic() < end, (self.folder / "log").read_text()[-3000:]
                    time.sleep(0.05)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def modify(self, text):
        """LDIF with changes, by the root of the directory."""
        done = subprocess.run(["ldapmodify", "-x", "-H", f"ldap://127.0.0.1:{self.port}", "-D", ROOT, "-w", ROOT_PASSWORD], input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ, LDAPNOINIT="1"))
        assert done.returncode == 0, done.stdout

    def log(self):
        return (self.folder / "log").read_text(errors="replace")


def person(uid, mail, password, **more):
    attributes = dict(objectClass=["inetOrgPerson", "officeUser"], uid=uid, cn=uid.capitalize(), sn=uid.capitalize(), userPassword=password, **more)
    if mail:
        attributes["mail"] = mail
    return ldif(f"uid={uid},{PEOPLE}", **attributes)
