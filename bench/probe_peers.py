#!/usr/bin/env python3
"""`gatepost probe` beside nmap, testssl.sh and openssl s_client on Debian's Postfix, Dovecot, slapd and nginx with faults put in.

    bench/peers/unpack-probe-peers                 # once
    bench/probe_peers.py                           # prints a table; needs root

All of it runs in a network and mount namespace of its own, on addresses of its loopback. Each program is asked what it finds on its own: a
fault counts as found where its output names it, as shown where the output holds the fact and a person has to draw the conclusion."""

import argparse
import datetime
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
PEERS = TOP / "build" / "peers" / "probe"
SERVER, PROBER, NAME = "198.51.100.25", "198.51.100.9", "mail.peer.example"
ALL_PORTS = "25,465,587,143,993,110,995,80,443,389,636"


def sh(command, check=True, timeout=300, **more):
    done = subprocess.run(command, shell=isinstance(command, str), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, timeout=timeout, **more)
    if check and done.returncode != 0:
        raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def start(command):
    """A daemon: it keeps what it is given to write to."""
    code = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode
    if code != 0:
        raise RuntimeError(f"{command}: {code}")


def enter():
    """Again, within namespaces, with the unpacked programs in /usr and an /etc that is forgotten."""
    if os.environ.get("GP_PROBE_PEERS") == "inside":
        return
    work = tempfile.mkdtemp(prefix="gatepost-probe-peers-")
    script = f"""set -eu
mount --make-rprivate /
mount -t tmpfs t {work}; mkdir {work}/up {work}/work {work}/vup {work}/vwork {work}/uup {work}/uwork {work}/run
mount -t overlay o -olowerdir={PEERS}/usr:/usr,upperdir={work}/uup,workdir={work}/uwork /usr
mount -t overlay o -olowerdir={PEERS}/etc:/etc,upperdir={work}/up,workdir={work}/work /etc
mount -t overlay o -olowerdir={PEERS}/var:/var,upperdir={work}/vup,workdir={work}/vwork /var
ip link set lo up; ip addr add {SERVER}/32 dev lo; ip addr add {PROBER}/32 dev lo
export GP_PROBE_PEERS=inside GP_PROBE_WORK={work}/run
exec "$@"
"""
    code = subprocess.call(["unshare", "-m", "-n", "-p", "-f", "--kill-child", "--mount-proc", "bash", "-c", script, "_", sys.executable, *sys.argv])
    shutil.rmtree(work, ignore_errors=True)
    sys.exit(code)


class Certificates:
    def __init__(self, folder):
        self.folder = folder
        (folder / "ca.cnf").write_text(f"""[ca]
default_ca = d
[d]
dir = {folder}
new_certs_dir = {folder}
database = {folder}/index
serial = {folder}/serial
default_md = sha256
policy = p
unique_subject = no
copy_extensions = copy
[p]
commonName = supplied
[v3_ca]
basicConstraints = critical,CA:TRUE
""")
        (folder / "index").write_text("")
        (folder / "serial").write_text("1000\n")
        sh(f"cd {folder} && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=Peer Root' -keyout root.key -out root.pem")
        self.issue("inter", "Peer Intermediate", "root", extra="-extensions v3_ca")
        self.issue("good", NAME, "inter")
        self.issue("expired", NAME, "inter", begin="20240101000000Z", end="20250101000000Z")
        self.issue("wrong", "other.example", "inter")
        for leaf in ("good", "expired", "wrong"):
            (folder / f"{leaf}-chain.pem").write_text((folder / f"{leaf}.pem").read_text() + (folder / "inter.pem").read_text())

    def issue(self, name, common, issuer, begin=None, end=None, extra=""):
        f, now = self.folder, datetime.datetime.now(datetime.timezone.utc)
        begin = begin or (now - datetime.timedelta(days=1)).strftime("%Y%m%d%H%M%SZ")
        end = end or (now + datetime.timedelta(days=60)).strftime("%Y%m%d%H%M%SZ")
        san = "" if extra else f"-addext subjectAltName=DNS:{common}"
        sh(f"cd {f} && openssl req -newkey rsa:2048 -nodes -subj '/CN={common}' {san} -keyout {name}.key -out {name}.csr && "
           f"openssl ca -batch -notext -config ca.cnf -cert {issuer}.pem -keyfile {issuer}.key -startdate {begin} -enddate {end} {extra} "
           f"-in {name}.csr -out {name}.pem")


def users():
    """What the packages' installation would have made."""
    for name in ("postfix", "openldap", "dovecot", "dovenull", "vmail"):
        if subprocess.run(["getent", "passwd", name], stdout=subprocess.DEVNULL).returncode != 0:
            sh(f"useradd -r -U -d /nonexistent -s /usr/sbin/nologin {name}")
    if subprocess.run(["getent", "group", "postdrop"], stdout=subprocess.DEVNULL).returncode != 0:
        sh("groupadd -r postdrop")
    sh("ldconfig", check=False)


def postfix(folder, certs):
    etc = pathlib.Path("/etc/postfix")
    etc.mkdir(exist_ok=True)
    for path in ("/var/spool/postfix", "/var/spool/postfix/private", "/var/lib/postfix"):
        pathlib.Path(path).mkdir(parents=True, exist_ok=True)
        if path != "/var/spool/postfix":
            shutil.chown(path, "postfix")
    if not (etc / "postfix-files").exists():
        shutil.copy("/usr/share/postfix/postfix-files" if os.path.exists("/usr/share/postfix/postfix-files") else "/dev/null", etc / "postfix-files")
    (etc / "main.cf").write_text(f"""compatibility_level = 3.6
myhostname = {NAME}
inet_interfaces = {SERVER}
inet_protocols = ipv4
mydestination = peer.example
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
smtpd_tls_cert_file = {certs}/good-chain.pem
smtpd_tls_key_file = {certs}/good.key
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_tls_auth_only = yes
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
maillog_file = /var/log/mail.log
""")
    (etc / "master.cf").write_text(f"""smtp inet n - n - - smtpd
  -o mynetworks=0.0.0.0/0
465 inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_cert_file={certs}/wrong-chain.pem
  -o smtpd_tls_key_file={certs}/wrong.key
587 inet n - n - - smtpd
  -o smtpd_discard_ehlo_keywords=starttls
  -o smtpd_sasl_auth_enable=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
""")
    start("postfix set-permissions; postfix start")


def dovecot(folder, certs):
    conf = folder / "dovecot.conf"
    run = folder / "dovecot"
    run.mkdir()
    (folder / "mail").mkdir()
    pathlib.Path("/var/spool/postfix/private").mkdir(parents=True, exist_ok=True)
    conf.write_text(f"""base_dir = {run}
state_dir = {run}
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = {SERVER}
ssl = yes
ssl_cert = <{certs}/expired-chain.pem
ssl_key = <{certs}/expired.key
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid=vmail gid=vmail home={folder}/mail/%u
}}
service auth {{
  unix_listener /var/spool/postfix/private/auth {{
    mode = 0666
  }}
}}
protocol pop3 {{
  ssl_cert = <{certs}/good.pem
  ssl_key = <{certs}/good.key
}}
""")
    start(f"dovecot -c {conf}")


def slapd(folder, certs):
    data = folder / "ldap"
    data.mkdir()
    conf = folder / "slapd.conf"
    conf.write_text(f"""include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {certs}/good-chain.pem
TLSCertificateKeyFile {certs}/good.key
TLSCACertificateFile {certs}/root.pem
database mdb
maxsize 10485760
suffix dc=peer,dc=example
rootdn cn=admin,dc=peer,dc=example
rootpw secret
directory {data}
access to * by * read
""")
    (folder / "tree.ldif").write_text("dn: dc=peer,dc=example\nobjectClass: dcObject\nobjectClass: organization\ndc: peer\no: Peer\n\n"
                                      "dn: cn=bob,dc=peer,dc=example\nobjectClass: person\ncn: bob\nsn: Bob\n")
    sh(f"slapadd -f {conf} -l {folder}/tree.ldif")
    start(f"slapd -f {conf} -h 'ldap://{SERVER}/ ldaps://{SERVER}/'")


def nginx(folder, certs):
    conf = folder / "nginx.conf"
    conf.write_text(f"""pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen {SERVER}:80; location / {{ return 200 "plain"; }} }}
  server {{
    listen {SERVER}:443 ssl;
    ssl_certificate {certs}/good-chain.pem; ssl_certificate_key {certs}/good.key;
    ssl_protocols TLSv1; ssl_ciphers ALL:@SECLEVEL=0;
    location / {{ return 200 "old"; }}
  }}
}}
""")
    start(f"nginx -c {conf}")


# Fault, port, what each program's output says of it: (found, shown). Found: it names the fault; shown: the fact is there.
FAULTS = [
    ("certificate expired", 993, "imap",
     {"gatepost": (r"expired", None), "nmap": (r"(?i)expired", r"Not valid after:\s+2025"), "testssl": (r"(?i)expired", None),
      "openssl": (r"certificate has expired", None)}),
    ("certificate for another name", 465, "smtp",
     {"gatepost": (r"it is for other\.example", None), "nmap": (r"(?i)mismatch", r"other\.example"), "testssl": (r"(?i)does not match|name mismatch", r"other\.example"),
      "openssl": (r"(?i)hostname mismatch", None)}),
    ("intermediate not sent", 995, "pop3",
     {"gatepost": (r"not complete|incomplete", None), "nmap": (r"(?i)incomplete", None), "testssl": (r"(?i)chain incomplete", None),
      "openssl": (r"unable to get local issuer|unable to verify the first", None)}),
    ("TLS 1.0 alone", 443, "https",
     {"gatepost": (r"TLSv1\b(?!\.)|TLS 1\.0", None), "nmap": (r"TLSv1\.0", None), "testssl": (r"(?i)TLS 1\s+offered", None), "openssl": (r"(?i)unsupported protocol|wrong version", r"legacy sigalg")}),
    ("no STARTTLS on 587", 587, "smtp",
     {"gatepost": (r"(?i)starttls", None), "nmap": (r"(?i)no starttls|not supported", r"smtp-commands(?![^|]*STARTTLS)"), "testssl": (r"(?i)no STARTTLS|STARTTLS handshake failed|doesn't support", None),
      "openssl": (r"(?i)didn't find STARTTLS|no starttls", None)}),
    ("passwords before TLS on 143", 143, "imap",
     {"gatepost": (r"passwords are taken in plain text", None), "nmap": (r"(?i)cleartext|plain.?text", r"AUTH=PLAIN"), "testssl": (r"(?i)plain.?text", None), "openssl": (r"(?i)plain.?text", r"AUTH=PLAIN")}),
    ("open relay", 25, "smtp",
     {"gatepost": (r"(?i)relay", None), "nmap": (r"(?i)server is an open relay", None), "testssl": (r"(?i)relay", None), "openssl": (r"(?i)relay", None)}),
    ("directory open to strangers", 389, "ldap",
     {"gatepost": (r"strangers may read the directory", None), "nmap": (r"cn=bob", r"namingContexts"), "testssl": (r"cn=bob", None), "openssl": (r"cn=bob", None)}),
]
# nmap's scripts by port: what an admin would pick for the service.
NMAP = {993: "ssl-cert,imap-capabilities", 465: "ssl-cert,smtp-commands", 995: "ssl-cert,pop3-capabilities", 443: "ssl-enum-ciphers,ssl-cert",
        587: "smtp-commands,ssl-cert", 143: "imap-capabilities,ssl-cert", 25: "smtp-open-relay,smtp-commands", 389: "ldap-rootdse,ldap-search"}


def timed(command, **more):
    """What it printed within two minutes, and how long that took."""
    begun = time.monotonic()
    whole = command if isinstance(command, str) else shlex.join(command)
    out = sh(["timeout", "120", "bash", "-c", whole], check=False, timeout=200, **more)
    return out, time.monotonic() - begun


def ask(tool, port, kind, certs, binary):
    starttls = {143: "imap", 110: "pop3", 587: "smtp", 25: "smtp", 389: "ldap"}.get(port)
    if tool == "gatepost":
        return timed([str(binary), "probe", SERVER, "--name", NAME, "--ca", f"{certs}/root.pem", "--bind", PROBER, "--ports", str(port),
                      "--outside", "elsewhere.example"])
    if tool == "nmap":
        # Not a raw scan: the loopback of a namespace gives none.
        return timed(f"nmap -Pn -n --unprivileged -sV -p {port} --script {NMAP[port]} {SERVER}")
    if tool == "testssl":
        option = f"-t {starttls}" if starttls else ""
        return timed(f"testssl --quiet --color 0 --warnings off --openssl-timeout 20 --ip one --nodns min -p -S {option} --add-ca {certs}/root.pem {SERVER}:{port}", env=dict(os.environ, TERM="dumb"))
    option = f"-starttls {starttls}" if starttls else ""
    return timed(f"openssl s_client -connect {SERVER}:{port} {option} -CAfile {certs}/root.pem -verify_hostname {NAME} -brief")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(TOP / "build/release/src/gatepost"))
    parser.add_argument("--keep", help="a folder for what each program printed")
    arguments = parser.parse_args()
    if not (PEERS / "usr/sbin/slapd").exists():
        sys.exit("bench/peers/unpack-probe-peers first")
    enter()
    folder = pathlib.Path(os.environ["GP_PROBE_WORK"])
    folder.chmod(0o755)
    certs = folder / "certs"
    certs.mkdir()
    Certificates(certs)
    users()
    postfix(folder, certs)
    dovecot(folder, certs)
    slapd(folder, certs)
    nginx(folder, certs)
    time.sleep(1)
    tools = ["gatepost", "nmap", "testssl", "openssl"]
    print("| fault | port | " + " | ".join(tools) + " |")
    print("|---" * (len(tools) + 2) + "|")
    spent = dict.fromkeys(tools, 0.0)
    worse = 0
    for fault, port, kind, words in FAULTS:
        cells = []
        for tool in tools:
            out, took = ask(tool, port, kind, certs, arguments.binary)
            spent[tool] += took
            if arguments.keep:
                pathlib.Path(arguments.keep).mkdir(parents=True, exist_ok=True)
                (pathlib.Path(arguments.keep) / f"{port}-{tool}").write_text(out)
            found, shown = words[tool]
            cells.append("found" if re.search(found, out) else "shown" if shown and re.search(shown, out) else "-")
        worse += cells[0] != "found" and any(c != "-" for c in cells[1:])
        print(f"| {fault} | {port} | " + " | ".join(cells) + " |", flush=True)
    print("| seconds for these | | " + " | ".join(f"{spent[tool]:.1f}" for tool in tools) + " |")
    whole, took = timed([str(arguments.binary), "--json", "probe", SERVER, "--name", NAME, "--ca", f"{certs}/root.pem", "--bind", PROBER])
    opened = sum(port["state"] == "open" for port in json.loads(whole)["ports"])
    print(f"\nAll eleven ports of `gatepost probe`: {took:.2f} s, {opened} open.")
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
