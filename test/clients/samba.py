"""An Active Directory: Debian's Samba as a domain controller, made anew in some seconds, on an address of its own.

It has what a controller has by itself (LDAP with StartTLS and LDAPS, the global catalog, a KDC, password policies); no DNS server and no file
server, which nobody here asks. The ports are the well-known ones, so it needs root and, beside other tests, a network of its own.
"""

import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

try:
    import ldap3
except ImportError:
    ldap3 = None

ADDRESS = "127.0.0.20"
REALM, DOMAIN = "CORP.EXAMPLE", "CORP"
BASE = "DC=corp,DC=example"
PEOPLE, GROUPS = f"OU=People,{BASE}", f"OU=Groups,{BASE}"
ADMINISTRATOR, ADMINISTRATOR_PASSWORD = f"Administrator@{REALM.lower()}", "Rules.all.0f.it"
READER, READER_PASSWORD = f"gatepost@{REALM.lower()}", "Reads.every.thing.1"

# userAccountControl (MS-ADTS 2.2.16).
NORMAL, DISABLED, NEVER_EXPIRES = 0x200, 0x2, 0x10000


def why_not():
    """Why there can be no domain controller here; None: there can be one."""
    if os.geteuid() != 0:
        return "a domain controller needs root, for its ports"
    if not shutil.which("samba-tool") or not shutil.which("samba") or not pathlib.Path("/usr/share/samba/setup/ad-schema").is_dir():
        return "Samba's domain controller is not installed (samba-ad-dc, samba-ad-provision)"
    if ldap3 is None:
        return "python3-ldap3 is not installed"
    return None


def file_time(seconds):
    """100 ns since 1601, of seconds since 1970 (MS-DTYP 2.3.3)."""
    return int((seconds + 11_644_473_600) * 10_000_000)


class Samba:
    def __init__(self, ca, cert, key):
        # In memory, because a database that is synced for each of 10,000 entries takes most of the time otherwise.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-ad-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
        self.ca, self.process, self.admin = ca, None, None
        run = self.folder / "run"
        run.mkdir()
        options = {"interfaces": f"{ADDRESS}/8", "bind interfaces only": "yes", "server services": "ldap, kdc, cldap, rpc", "pid directory": run,
                   "ncalrpc dir": run / "ncalrpc", "winbindd socket directory": run / "winbindd", "ntp signd socket directory": run / "ntp",
                   "tls cafile": ca, "tls certfile": cert, "tls keyfile": key, "log file": self.folder / "log.%m", "rpc server dynamic port range": "49152-49200"}
        self.run("samba-tool", "domain", "provision", f"--realm={REALM}", f"--domain={DOMAIN}", "--server-role=dc", "--dns-backend=NONE",
                 f"--adminpass={ADMINISTRATOR_PASSWORD}", "--host-name=dc1", f"--host-ip={ADDRESS}", f"--targetdir={self.folder}",
                 *(f"--option={name}={value}" for name, value in options.items()))
        self.config = self.folder / "etc/smb.conf"
        # What a key file may be, is checked by whom it may be read.
        pathlib.Path(key).chmod(0o600)

    def run(self, *command, **more):
        done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
        assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}"
        return done.stdout

    def start(self):
        with open(self.folder / "log", "a") as log:
            # Without the option the password before the present one is good for an hour, too, as Windows has it.
            self.process = subprocess.Popen(["samba", "--option=old password allowed period=0", "-F", "-s", str(self.config), "--no-process-group", "-M", "single", "-d", "1", "--debug-stdout"],
                                            stdin=subprocess.PIPE, stdout=log, stderr=log)
        end = time.monotonic() + 120
        for port in (389, 636, 88):
            while True:
                try:
                    socket.create_connection((ADDRESS, port), timeout=5).close()
                    break
                except OSError:
                    assert self.process.poll() is None and time.monotonic() < end, self.log()[-3000:]
                    time.sleep(0.05)
        tls = ldap3.Tls(ca_certs_file=str(self.ca), validate=ssl.CERT_REQUIRED)
        server = ldap3.Server(ADDRESS, port=636, use_ssl=True, tls=tls, get_info=ldap3.NONE)
        self.admin = ldap3.Connection(server, ADMINISTRATOR, ADMINISTRATOR_PASSWORD, auto_bind=True, raise_exceptions=True, auto_range=False)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    # Changes, by the administrator.
    def unit(self, dn):
        self.admin.add(dn, "organizationalUnit")

    def user(self, name, password=None, parent=PEOPLE, control=NORMAL | NEVER_EXPIRES, **attributes):
        """`name` is the sAMAccountName; the entry is called by it, too. Returns the name of the entry."""
        dn = f"CN={attributes.pop('cn', name)},{parent}"
        values = {"sAMAccountName": name, "userPrincipalName": f"{name}@{REALM.lower()}", **attributes}
        if password is not None:
            values["unicodePwd"] = self.quoted(password)
        values["userAccountControl"] = str(control if password is not None else control | DISABLED)
        self.admin.add(dn, "user", values)
        return dn

    @staticmethod
    def quoted(password):
        return f'"{password}"'.encode("utf-16-le")  # MS-ADTS 3.1.1.3.1.5

    def set_password(self, dn, password):
        self.replace(dn, unicodePwd=self.quoted(password))

    def group(self, name, members=(), **attributes):
        dn = f"CN={name},{GROUPS}"
        values = {"sAMAccountName": name, **attributes}
        if members:
            values["member"] = list(members)
        self.admin.add(dn, "group", values)
        return dn

    def replace(self, dn, **attributes):
        self.admin.modify(dn, {k: [(ldap3.MODIFY_REPLACE, v if isinstance(v, list) else [v])] for k, v in attributes.items()})

    def delete(self, dn):
        self.admin.delete(dn)

    def read(self, dn, attribute):
        self.admin.search(dn, "(objectClass=*)", ldap3.BASE, attributes=[attribute])
        return self.admin.response[0]["raw_attributes"][attribute]

    def age_password(self, dn, days):
        """As if the password had been set so long ago; of more than 42 days it has expired. LDAP has no way to say that: it goes to the database."""
        program = ("import sys, ldb; from samba import dsdb, samdb; from samba.auth import system_session; from samba.param import LoadParm\n"
                   "parameters = LoadParm(); parameters.load(sys.argv[1])\n"
                   "db = samdb.SamDB(session_info=system_session(), lp=parameters)\n"
                   "change = ldb.Message(ldb.Dn(db, sys.argv[2])); change['x'] = ldb.MessageElement(sys.argv[3], ldb.FLAG_MOD_REPLACE, 'pwdLastSet')\n"
                   "db.modify(change, controls=[f'local_oid:{dsdb.DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID}:0'])\n")
        self.run("/usr/bin/python3", "-I", "-c", program, self.config, dn, file_time(time.time() - days * 86400))

    def lock_after(self, failures):
        """Wrong passwords in half an hour after which an account is locked for half an hour; 0: never."""
        half_an_hour = str(-1800 * 10_000_000)
        self.replace(BASE, lockoutThreshold=str(failures), lockoutDuration=half_an_hour, lockOutObservationWindow=half_an_hour)

    def world(self):
        """Where people and groups are, and the service account."""
        self.replace(f"CN=Administrator,CN=Users,{BASE}", userAccountControl=str(NORMAL | NEVER_EXPIRES))
        self.unit(PEOPLE)
        self.unit(GROUPS)
        self.user("gatepost", READER_PASSWORD, parent=f"CN=Users,{BASE}")
