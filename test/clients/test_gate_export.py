"""Exports for products that no Debian package has, against what their makers publish: field names, values, limits, grammars.

pf.conf(5) GRAMMAR (OpenBSD, FreeBSD); New-NetFirewallRule of the NetSecurity module; IpPermission, IpRange and Ipv6Range of the EC2 API;
Microsoft.Network/networkSecurityGroups/securityRules; networking.k8s.io/v1 NetworkPolicy. Written from those, not from what the gate writes."""

import ipaddress
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from demo import PRESET, TOP

BINARY = TOP / "build" / PRESET / "src" / "gatepost"

# Names as long as they may be that begin the same, words of people in letters that mean something elsewhere.
CONFIG = """
[server]
hostname = "mail.example.org"
data_dir = "{folder}"
user = ""
[networks]
trusted = ["10.20.0.0/16", "2001:db8:20::/48", "192.0.2.5"]
[[networks.group]]
name = "the-scanners-of-the-second-floor"
networks = ["10.21.0.0/24", "2001:db8:21::7"]
[listener.smtp]
connections_per_minute = 30
max_connections = 200
reason = "It’s mail; “quoted” 'twice' \\"thrice\\" $(x) `y` # ä Ò 漢 <b> {{}} \\\\ %n"
[listener.imaps]
audience = "trusted"
[[gate.exception]]
listener = "imaps"
networks = ["203.0.113.9"]
until = "2099-01-01"
reason = "the contractor"
[listener.internal-submission-of-machine-a]
service = "submission"
port = 2525
audience = "named"
groups = ["the-scanners-of-the-second-floor"]
connections_per_minute = 10
reason = "a test"
[listener.internal-submission-of-machine-b]
service = "submission"
port = 2526
address = "198.51.100.1"
audience = "trusted"
reason = "{long}"
"""


def network(text):
    """As a range of one family, canonical: no bits beyond the prefix."""
    return ipaddress.ip_network(text, strict=True)


class Exports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-export-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        (cls.folder / "gatepost.toml").write_text(CONFIG.format(folder=cls.folder, long="long " * 59))

    def export(self, name):
        done = subprocess.run([str(BINARY), "--config", str(self.folder / "gatepost.toml"), "gate", "export", name],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def test_aws(self):
        top = json.loads(self.export("aws"))
        self.assertEqual(set(top), {"GroupId", "IpPermissions"})
        self.assertRegex(top["GroupId"], r"^sg-")
        for permission in top["IpPermissions"]:
            self.assertLessEqual(set(permission), {"IpProtocol", "FromPort", "ToPort", "IpRanges", "Ipv6Ranges"})
            self.assertEqual(permission["IpProtocol"], "tcp")
            self.assertTrue(0 < permission["FromPort"] <= permission["ToPort"] <= 65535)
            ranges = [(r, "CidrIp", 4) for r in permission["IpRanges"]] + [(r, "CidrIpv6", 6) for r in permission["Ipv6Ranges"]]
            self.assertTrue(ranges)
            for one, field, version in ranges:
                self.assertEqual(set(one), {field, "Description"})
                self.assertIn("/", one[field])
                self.assertEqual(network(one[field]).version, version)
                self.assertRegex(one["Description"], r"^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}$")
            # A permission may not appear twice.
            self.assertEqual(len({one[field] for one, field, _ in ranges}), len(ranges))
        self.assertEqual(len({p["FromPort"] for p in top["IpPermissions"]}), len(top["IpPermissions"]))

    def test_azure(self):
        top = json.loads(self.export("azure"))
        self.assertEqual(set(top), {"securityRules"})
        priorities, names = set(), set()
        for rule in top["securityRules"]:
            self.assertEqual(set(rule), {"name", "properties"})
            self.assertRegex(rule["name"], r"^[a-zA-Z0-9]([a-zA-Z0-9_.\-]{0,78}[a-zA-Z0-9_])?$")
            names.add(rule["name"].lower())
            p = rule["properties"]
            allowed = {"access", "description", "destinationAddressPrefix", "destinationAddressPrefixes", "destinationPortRange", "direction",
                       "priority", "protocol", "sourceAddressPrefix", "sourceAddressPrefixes", "sourcePortRange"}
            self.assertLessEqual(set(p), allowed)
            self.assertLessEqual(len(p["description"]), 140)
            self.assertTrue(100 <= p["priority"] <= 4096)
            priorities.add(p["priority"])
            self.assertEqual((p["access"], p["direction"], p["protocol"], p["sourcePortRange"]), ("Allow", "Inbound", "Tcp", "*"))
            self.assertTrue(0 < int(p["destinationPortRange"]) <= 65535)
            families = set()
            for side in ("source", "destination"):
                self.assertNotEqual(side + "AddressPrefix" in p, side + "AddressPrefixes" in p)
                for prefix in p.get(side + "AddressPrefixes", []):
                    families.add(network(prefix).version)
            self.assertLessEqual(len(families), 1, "one rule, one family")
        self.assertEqual(len(priorities), len(top["securityRules"]))
        self.assertEqual(len(names), len(top["securityRules"]))

    def test_kubernetes(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("python3-yaml is not installed")
        policy = yaml.safe_load(self.export("kubernetes"))
        self.assertEqual((policy["apiVersion"], policy["kind"]), ("networking.k8s.io/v1", "NetworkPolicy"))
        self.assertEqual(set(policy), {"apiVersion", "kind", "metadata", "spec"})
        self.assertRegex(policy["metadata"]["name"], r"^[a-z0-9]([a-z0-9.\-]{0,251}[a-z0-9])?$")
        spec = policy["spec"]
        self.assertEqual(set(spec), {"podSelector", "policyTypes", "ingress"})
        self.assertEqual(spec["policyTypes"], ["Ingress"])
        self.assertEqual(set(spec["podSelector"]), {"matchLabels"})
        for rule in spec["ingress"]:
            self.assertLessEqual(set(rule), {"ports", "from"})
            for port in rule["ports"]:
                self.assertEqual(port["protocol"], "TCP")
                self.assertIsInstance(port["port"], int)
            for peer in rule.get("from", []):
                self.assertEqual(set(peer), {"ipBlock"})
                self.assertEqual(set(peer["ipBlock"]), {"cidr"})
                network(peer["ipBlock"]["cidr"])
            # An empty list would admit everybody.
            self.assertNotEqual(rule.get("from"), [])

    # One word: 'text', @('text','text') or letters. In single quotes a quote is doubled; typographic ones count as quotes.
    QUOTED = "'(?:[^'\u2018\u2019\u201a\u201b]|'')*'"
    WORD = re.compile(rf"@\({QUOTED}(?:,{QUOTED})*\)|{QUOTED}|-?[A-Za-z][A-Za-z\-]*|\d+")

    def words(self, line):
        out, at = [], 0
        while at < len(line):
            match = self.WORD.match(line, at)
            self.assertTrue(match, f"{line[at:]!r} in {line!r}")
            out.append(match[0])
            at = match.end()
            self.assertIn(line[at:at + 1], ("", " "), line)
            at += 1
        return out

    def windows_address(self, text):
        if "-" in text:
            first, last = (ipaddress.ip_address(part) for part in text.split("-"))
            self.assertEqual(first.version, last.version)
            self.assertLess(first, last)
        else:
            network(text)

    def test_windows(self):
        octets = self.export("windows").encode()
        # Windows PowerShell reads a file without a byte order mark by the system's code page, PowerShell 7 as UTF-8.
        for coding in ("cp1252", "utf-8"):
            rules = 0
            for line in octets.decode(coding, errors="replace").splitlines():
                if line.startswith("#"):
                    continue
                command, *rest = self.words(line)
                if command == "Remove-NetFirewallRule":
                    self.assertEqual(rest, ["-Group", "'Gatepost'", "-ErrorAction", "SilentlyContinue"])
                    continue
                if command == "Set-NetFirewallProfile":
                    self.assertIn(rest, (["-All", "-DefaultInboundAction", "Block"], ["-All", "-DefaultInboundAction", "Block", "-LogBlocked", "True"]))
                    continue
                self.assertEqual(command, "New-NetFirewallRule")
                parameters = dict(zip(rest[::2], rest[1::2]))
                self.assertEqual(len(parameters) * 2, len(rest), line)
                self.assertLessEqual(set(parameters), {"-Group", "-DisplayName", "-Description", "-Direction", "-Protocol", "-LocalPort",
                                                       "-LocalAddress", "-RemoteAddress", "-Action", "-Profile"})
                self.assertEqual((parameters["-Direction"], parameters["-Protocol"], parameters["-Action"], parameters["-Profile"]),
                                 ("Inbound", "TCP", "Allow", "Any"))
                self.assertTrue(0 < int(parameters["-LocalPort"]) <= 65535)
                for name in ("-LocalAddress", "-RemoteAddress"):
                    if parameters.get(name, "Any") != "Any":
                        for address in re.findall(r"'([^']*)'", parameters[name]):
                            self.windows_address(address)
                rules += 1
            self.assertGreater(rules, 5)

    def test_pf(self):
        address = r"[0-9a-f.:]+(?:/\d{1,3})?"
        host = r"(?:any|\(self\)|<(?P<TABLE>\w{1,31})>|\{ ADDRESS(?:, ADDRESS)* \})".replace("ADDRESS", address)
        hosts = "from " + host.replace("TABLE", "source") + " to " + host.replace("TABLE", "destination") + r" port (?P<port>\d+)"
        option = r"max \d+|max-src-conn-rate \d+/\d+, overload <(?P<overload>\w{1,31})>"
        grammar = [
            rf"table <(?P<defined>\w{{1,31}})>(?: persist| \{{ {address}(?:, {address})* \}})",
            rf"block in(?: log)?(?: quick)?(?: inet6?)? proto tcp {hosts}",
            rf"pass in(?: log)?(?: quick)?(?: inet6?)? proto tcp {hosts} flags S/SA keep state(?: \((?:{option})(?:, (?:max \d+|max-src-conn-rate \d+/\d+, overload <\w{{1,31}}>))*\))?",
        ]
        defined, used, blocked, passed = set(), set(), set(), set()
        for line in self.export("pf").splitlines():
            line = line.split("#")[0].strip()
            if not line:
                continue
            match = next(filter(None, (re.fullmatch(one, line) for one in grammar)), None)
            self.assertTrue(match, line)
            got = match.groupdict()
            if got.get("defined"):
                self.assertNotIn(got["defined"], defined)
                defined.add(got["defined"])
                for text in re.findall(r"[{,] ([^,}]+?)(?=[,} ])", line):
                    network(text)
            used |= {name for name in (got.get("source"), got.get("destination"), *re.findall(r"overload <(\w+)>", line)) if name}
            if got.get("port"):
                # The first rule that fits decides: nothing is let in behind the end of its port.
                self.assertNotIn(got["port"], blocked, line)
                if "from any" in line and line.startswith("block"):
                    blocked.add(got["port"])
                if line.startswith("pass"):
                    passed.add(got["port"])
        self.assertEqual(used, defined)
        self.assertLessEqual(passed, blocked)

    def test_names_that_are_cut_stay_different(self):
        chains = re.findall(r"^:(\S+)", self.export("iptables"), re.M)
        self.assertEqual(len(set(chains)), len(chains))
        self.assertLessEqual(max(map(len, chains)), 28)
        sets = re.findall(r"--new-ipset=(\S+)", self.export("firewalld"))
        self.assertEqual(len(set(sets)), len(sets))
        self.assertLessEqual(max(map(len, sets)), 31)


if __name__ == "__main__":
    unittest.main()
