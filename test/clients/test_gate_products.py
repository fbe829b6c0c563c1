"""What `gatepost gate export` writes is loaded by Debian's own tools, in namespaces of their own; the kernel then does what the policy says,
the evaluator reads it back from the rules they made, and `gatepost gate import` from the files they keep."""

import ipaddress
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from gate_world import CLIENTS4, CLIENTS6, PORTS, SERVER4, SERVER6, TOP, World, connects, listener, possible, run, said_by

# Unpacked, not installed: the service of firewalld would take over the machine's own firewall (script/lib/packages.sh).
PEERS = TOP / "build" / "peers" / "firewalls"

# Of these, none can say rates or logs; the daemon keeps them. 110 is off, so nobody may reach it.
AUDIENCES = {25: "internet", 465: "internet", 587: "named", 143: "trusted", 993: "trusted", 110: "off", 995: "vpn", 80: "internet",
             443: "vpn", 389: "admin", 636: "trusted"}
LISTENERS = "".join(listener(p, a, 'groups = ["filter"]\n' if a == "named" else "") for p, a in AUDIENCES.items())
WANTED = {port: {a for a in CLIENTS4 + CLIENTS6 if audience == "internet" or
                 (audience == "named" and a == "203.0.113.9") or
                 (audience == "trusted" and (a.startswith("10.20.") or a.startswith("2001:db8:20:"))) or
                 (audience == "vpn" and a in ("10.30.0.9", "2001:db8:30::9")) or
                 (audience == "admin" and a in ("192.0.2.5", "2001:db8:a::5"))} for port, audience in AUDIENCES.items()}

# A machine of their own: /usr with the unpacked programs, an /etc that is forgotten.
MACHINE = """set -eu
mount --make-rprivate /
w=$(mktemp -d); mount -t tmpfs t $w; mkdir $w/up $w/work
mount -t overlay o -olowerdir={peers}/usr:/usr /usr
mount -t overlay o -olowerdir={peers}/etc:/etc,upperdir=$w/up,workdir=$w/work /etc
mount -t tmpfs t /run
"""
FIREWALLD = """mkdir -p /run/dbus
cat >/run/bus.conf <<X
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>
X
dbus-daemon --config-file=/run/bus.conf --nofork --nopidfile 2>/dev/null &
bus=$!
for i in $(seq 200); do [ -S /run/dbus/system_bus_socket ] && break; sleep 0.1; done
firewalld --nofork --nopid >/run/firewalld.log 2>&1 &
daemon=$!
for i in $(seq 300); do firewall-cmd --state >/dev/null 2>&1 && break; sleep 0.2; done
sh {script} >/dev/null
cp -r /etc/firewalld/zones /etc/firewalld/ipsets {out}/
kill -9 $daemon $bus    # a polite end would take its rules away
"""
# What the package does when it is installed.
UFW = """cp /usr/share/ufw/*.rules /usr/share/ufw/*.init /usr/share/ufw/ufw.conf /etc/ufw/
sh {script} >/dev/null
ufw --force enable >/run/ufw.log 2>&1 || {{ cat /run/ufw.log; exit 1; }}
cp /etc/ufw/user.rules /etc/ufw/user6.rules {out}/
"""


@unittest.skipUnless(possible(), "needs root, network namespaces and nft")
class Products(World):
    def setUp(self):
        super().setUp()
        self.configure(LISTENERS)
        self.out = pathlib.Path(tempfile.mkdtemp(dir=self.folder))

    def export(self, product):
        script = self.folder / f"{product}.sh"
        script.write_text(self.gatepost("gate", "export", product).stdout)
        return script

    def machine(self, steps, script):
        text = (MACHINE + steps).format(peers=PEERS, script=script, out=self.out)
        done = run("ip", "netns", "exec", self.server, "unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "bash", "-c", text, check=False)
        if done.returncode != 0 and "mount:" in done.stderr:
            self.skipTest("no file systems over each other here: " + done.stderr.strip()[-200:])
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def check_kernel(self):
        """Real connects, and the evaluator on the rules the product has made."""
        jobs = [(c, to, p) for clients, to in ((CLIENTS4, SERVER4), (CLIENTS6, SERVER6)) for c in clients for p in PORTS]
        real = connects(self.client, jobs)
        for port in PORTS:
            answer = json.loads(self.gatepost("--json", "gate", "who", str(port)).stdout)
            said = said_by(answer)
            for client in CLIENTS4 + CLIENTS6:
                where = f"{client} to {port}"
                self.assertEqual(client in WANTED[port], real[f"{client}>{port}"] == "open", where)
                # "may": firewalld also drops what comes from where the way back does not lead. Many rejects at once are silent: the
                # kernel limits how many messages of ICMP it sends.
                self.assertIn(said[client][0], ("open", "may") if client in WANTED[port] else ("refused", "silent"), f"{where}: {answer['notes']}")

    def check_import(self, product, *files):
        answer = json.loads(self.gatepost("--json", "gate", "import", product, *map(str, files)).stdout)
        got = {port["port"]: [ipaddress.ip_network(n) for n in port["sources"]] for port in answer["ports"]}
        for port in PORTS:
            inside = {c for c in CLIENTS4 + CLIENTS6 if any(ipaddress.ip_address(c) in n for n in got.get(port, []))}
            self.assertEqual(WANTED[port], inside, f"{port}: {answer['losses']}")
        return answer

    @unittest.skipUnless((PEERS / "usr/sbin/firewalld").exists() and shutil.which("dbus-daemon"), "firewalld is not unpacked (script/lib/packages.sh)")
    def test_firewalld(self):
        self.machine(FIREWALLD, self.export("firewalld"))
        self.check_kernel()
        answer = self.check_import("firewalld", self.out / "zones/public.xml", *(self.out / "ipsets").glob("*.xml"))
        self.assertEqual("host", answer["scope"])

    @unittest.skipUnless((PEERS / "usr/sbin/ufw").exists(), "ufw is not unpacked (script/lib/packages.sh)")
    def test_ufw(self):
        self.machine(UFW, self.export("ufw"))
        self.check_kernel()
        self.check_import("ufw", self.out / "user.rules", self.out / "user6.rules")

    @unittest.skipUnless(shutil.which("iptables-nft-restore"), "needs iptables")
    def test_iptables(self):
        files = []
        for product in ("iptables", "ip6tables"):
            script = self.export(product)
            run("ip", "netns", "exec", self.server, f"{product}-nft-restore", "--noflush", str(script))
            saved = self.out / f"{product}.rules"
            saved.write_text(run("ip", "netns", "exec", self.server, f"{product}-nft-save").stdout)
            files.append(saved)
        AUDIENCES_110 = WANTED[110]
        try:
            WANTED[110] = set(CLIENTS4 + CLIENTS6)  # of own ports alone: nobody judges what is off
            self.check_kernel()
        finally:
            WANTED[110] = AUDIENCES_110
        self.check_import("iptables", *files)

    def test_nftables(self):
        run("ip", "netns", "exec", self.server, "nft", "-f", str(self.export("nftables")))
        listed = self.out / "ruleset"
        for arguments in ((), ("-j",)):
            listed.write_text(run("ip", "netns", "exec", self.server, "nft", *arguments, "list", "ruleset").stdout)
            self.check_import("nftables", listed)


if __name__ == "__main__":
    unittest.main()
