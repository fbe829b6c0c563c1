"""Three answers to one question: may this source connect to that port? The evaluator's (`gatepost gate who`), a real connect's, and the
kernel's own (`nft monitor trace`), for six sources of each family and the eleven ports of a mail server, under ten policies. They agree."""

import shutil
import unittest

from gate_world import CONTAINER4, CONTAINER6, SERVER4, SERVER6, World, ordinary, possible, run


@unittest.skipUnless(possible(), "needs root, network namespaces and nft")
class Matrix(World):
    def test_without_rules_everything_is_open(self):
        self.configure(ordinary())
        self.assertEqual({"open"}, set(self.compare().values()))

    def test_own_ports(self):
        self.configure(ordinary())
        self.apply()
        outcome = self.compare()
        self.assertEqual({"10.20.0.9", "10.20.255.255", "2001:db8:20::9", "2001:db8:20:ffff:ffff:ffff:ffff:ffff", "10.21.0.0"},
                         self.open_to(outcome, 143))
        self.assertEqual({"203.0.113.9"}, self.open_to(outcome, 587))
        self.assertEqual({"10.30.0.9", "2001:db8:30::9"}, self.open_to(outcome, 995))
        self.assertEqual({"192.0.2.5", "2001:db8:a::5"}, self.open_to(outcome, 389))
        self.assertNotIn("never comes", self.gatepost("gate", "audit", check=False).stdout)
        # Off, so no rule of this scope judges it: somebody else's listener there is that one's own affair.
        self.assertEqual(12, len(self.open_to(outcome, 110)))

    def test_the_whole_host(self):
        self.configure(ordinary(), scope="host")
        self.apply()
        outcome = self.compare()
        self.assertEqual(set(), self.open_to(outcome, 110))
        self.assertNotIn("never comes", self.gatepost("gate", "audit", check=False).stdout)
        self.assertEqual(12, len(self.open_to(outcome, 25)))

    def test_exceptions(self):
        self.configure(ordinary(), more="[[gate.exception]]\nlistener = \"l636\"\nnetworks = [\"203.0.113.9\", \"2001:db8:bad::/48\"]\n"
                                        "until = \"2099-01-01\"\nreason = \"the contractor\"\n"
                                        "[[gate.exception]]\nlistener = \"l389\"\nnetworks = [\"203.0.113.9\"]\nuntil = \"2020-01-01\"\n"
                                        "reason = \"over\"\n")
        self.apply()
        outcome = self.compare()
        self.assertLess({"203.0.113.9", "2001:db8:bad::9"}, self.open_to(outcome, 636))
        self.assertNotIn("203.0.113.9", self.open_to(outcome, 389))

    def test_rates(self):
        self.configure(ordinary({443: "connections_per_minute = 1\n", 995: "connections_per_minute = 1\n"}))
        self.apply()
        first = self.compare()
        self.assertEqual(12, len(self.open_to(first, 443)))
        # Within the same minute, or with the few left of another: the three answers agree whatever became of it.
        second = self.compare()
        self.assertLess(len(self.open_to(second, 443)), 12)
        self.assertEqual(self.open_to(first, 25), self.open_to(second, 25))

    def test_a_later_table_of_another_product(self):
        self.configure(ordinary())
        self.apply()
        self.nft("table inet other {\n chain late {\n type filter hook input priority 10; policy accept;\n"
                 " ip saddr 10.20.0.0/17 tcp dport { 25, 143 } drop comment \"theirs\"\n"
                 " tcp dport 636 reject with tcp reset comment \"theirs-too\"\n"
                 " ip6 saddr 2001:db8:20::/64 tcp dport vmap { 993 : drop, 465 : accept }\n }\n}\n"
                 "table ip early {\n chain pre {\n type filter hook prerouting priority raw; policy accept;\n"
                 " ip saddr 192.0.2.5 tcp dport 80-443 drop\n }\n}\n")
        outcome = self.compare()
        self.assertEqual("silent", outcome["10.20.0.9", 143])
        self.assertEqual("open", outcome["10.20.255.255", 143])
        self.assertEqual("refused", outcome["10.20.255.255", 636])
        self.assertEqual("silent", outcome["192.0.2.5", 389])
        self.assertIn('"theirs"', self.gatepost("gate", "who", "143").stdout)
        self.assertIn('"theirs"', self.gatepost("gate", "audit", check=False).stdout)

    def test_a_port_that_is_sent_on_to_a_container(self):
        self.configure(ordinary(), scope="host")
        self.apply()
        # As a container's publisher does: translated before the input hook, so that none of its rules is met.
        self.nft("table inet published {\n chain pre {\n type nat hook prerouting priority dstnat; policy accept;\n"
                 f" ip daddr {SERVER4} tcp dport 110 dnat ip to {CONTAINER4}:80\n"
                 f" ip6 daddr {SERVER6} tcp dport 110 dnat ip6 to [{CONTAINER6}]:993\n"
                 " tcp dport 389 redirect to :25\n }\n"
                 " chain onward {\n type filter hook forward priority 0; policy accept;\n"
                 f" ip saddr 203.0.113.9 ip daddr {CONTAINER4} drop comment \"not-him\"\n }}\n}}\n")
        outcome = self.compare()
        # The policy says off, the input chain drops, and the internet is in.
        self.assertEqual(11, len(self.open_to(outcome, 110)))
        self.assertEqual("silent", outcome["203.0.113.9", 110])
        self.assertEqual(12, len(self.open_to(outcome, 389)))
        who = self.gatepost("gate", "who", "110").stdout
        self.assertIn("FORWARDED", who)
        self.assertIn(CONTAINER4, who)
        self.assertIn("port 110 is sent on", self.gatepost("gate", "audit", check=False).stdout)

    def restore(self, tool, rules, chains="INPUT"):
        text = "*filter\n" + "".join(f":{c} ACCEPT [0:0]\n" for c in chains.split()) + rules + "COMMIT\n"
        run("ip", "netns", "exec", self.server, tool, stdin=text)

    @unittest.skipUnless(shutil.which("iptables-nft-restore"), "needs iptables")
    def test_rules_of_iptables_and_their_extensions(self):
        self.configure(ordinary())
        self.apply()
        for tool, office, stranger in (("iptables-nft-restore", "10.20.0.0-10.20.0.99", "203.0.113.0/24"),
                                       ("ip6tables-nft-restore", "2001:db8:20::-2001:db8:20::ff", "2001:db8:bad::/48")):
            self.restore(tool, "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
                         f"-A INPUT -m iprange --src-range {office} -p tcp -m multiport --dports 25,110,990:995 "
                         "-m comment --comment office -j ACCEPT\n"
                         f"-A INPUT -s {stranger} -p tcp -m multiport ! --dports 25,443 -j REJECT --reject-with tcp-reset\n"
                         "-A INPUT -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -m addrtype --dst-type LOCAL -j DROP\n"
                         "-A INPUT -p tcp -m state --state NEW -m tcp --dport 389:500 -m limit --limit 1/day --limit-burst 1 -j ACCEPT\n"
                         "-A INPUT -p tcp -m mark ! --mark 0x7/0xf -m multiport --dports 110,995 -m pkttype --pkt-type unicast -j DROP\n")
        outcome = self.compare()
        self.assertEqual("open", outcome["10.20.0.9", 110])
        self.assertEqual("silent", outcome["10.20.255.255", 110])
        self.assertEqual("refused", outcome["203.0.113.9", 993])
        self.assertEqual("open", outcome["2001:db8:bad::9", 25])
        self.assertEqual("silent", outcome["192.0.2.5", 80])
        self.assertNotIn("not understood", self.gatepost("gate", "who", "110").stdout)

    @unittest.skipUnless(shutil.which("iptables-legacy-restore"), "needs iptables")
    def test_rules_of_iptables_legacy_are_named_and_judged(self):
        self.configure(ordinary())
        self.apply()
        self.addCleanup(run, "ip", "netns", "exec", self.server, "iptables-legacy", "-F", check=False)
        if run("ip", "netns", "exec", self.server, "iptables-legacy-restore", check=False,
               stdin="*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.20.0.0/17 -p tcp -m multiport --dports 25,143 -j DROP\n"
                     "COMMIT\n").returncode != 0:
            self.skipTest("no iptables-legacy in this kernel")
        # nft's trace does not see them, so the real connects alone are compared.
        outcome = self.compare(traced_too=False)
        self.assertEqual("silent", outcome["10.20.0.9", 25])
        self.assertEqual("open", outcome["10.20.255.255", 25])
        who = self.gatepost("gate", "who", "25").stdout
        self.assertIn('iptables-legacy has a table "filter"', who)
        self.assertIn("ip legacy-filter INPUT", who)
        # What another of its tables does is not known.
        self.addCleanup(run, "ip", "netns", "exec", self.server, "iptables-legacy", "-t", "nat", "-F")
        run("ip", "netns", "exec", self.server, "iptables-legacy", "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "1",
            "-j", "REDIRECT", "--to-ports", "25")
        self.assertIn("UNKNOWN", self.gatepost("gate", "who", "25").stdout)

    def test_a_default_deny_of_another_product_before_ours(self):
        self.configure(ordinary())
        self.apply()
        self.nft("table inet filter {\n set office {\n type ipv4_addr\n flags interval\n elements = { 10.20.0.0/16, 10.30.0.0-10.30.0.9 }\n }\n"
                 " chain input {\n type filter hook input priority -5; policy drop;\n ct state vmap { established : accept, related : accept, invalid : drop }\n"
                 " iif lo accept\n meta l4proto ipv6-icmp accept\n ip saddr @office jump allowed\n"
                 " ip6 saddr != 2001:db8:bad::/48 tcp dport != { 25, 80 } accept\n tcp dport 443 reject\n }\n"
                 " chain allowed {\n tcp dport 1-500 accept\n tcp dport 995 return\n meta l4proto tcp reject with tcp reset\n }\n}\n")
        outcome = self.compare()
        self.assertEqual("refused", outcome["10.20.0.9", 993])
        self.assertEqual("silent", outcome["203.0.113.9", 25])


if __name__ == "__main__":
    unittest.main()
