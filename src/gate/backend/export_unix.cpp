#include <algorithm>

#include <fmt/format.h>

#include "gate/backend/export_lines.hpp"

// Netfilter's older tools, their front ends, and pf.
namespace gatepost::gate::exporting {
namespace {

std::vector<std::string> destinations_of(const PortIntent& p, bool v6) {
  const AddressSet& family = v6 ? all_v6() : all_v4();
  const AddressSet part = p.destinations & family;
  if (part == family) return {""};
  std::vector<std::string> out;
  for (const Network& n : networks_of(part)) out.push_back(fmt::format(" -d {}", n.to_string()));
  return out;
}

// iptables-restore(8), with --noflush: the chains named here are made anew, others stay. The jump from INPUT is deleted
// first by the one line of help, for a restore cannot ask whether it is there.
Export netfilter(const Intent& intent, bool v6) {
  Export out;
  out.losses = losses(intent, {.product = v6 ? "ip6tables-save" : "iptables-save",
                               .per_source_rate = true,
                               .connection_cap = true,
                               .destinations = true,
                               .logging = true});
  std::string& t = out.text;
  t = commented(out.losses);
  t += "*filter\n:GATEPOST - [0:0]\n";
  std::string rules;
  for (const PortIntent& p : intent.ports) {
    if ((p.destinations & (v6 ? all_v6() : all_v4())).empty()) continue;
    const std::string chain = "GP-" + short_name(p.service, 24);  // iptables(8): 28 letters
    t += fmt::format(":{} - [0:0]\n", chain);
    const auto comment = [&](std::string_view why) {
      return fmt::format(" -m comment --comment \"gp:{}:{}\"", p.service, why);
    };
    for (const std::string& d : destinations_of(p, v6)) {
      rules += fmt::format("-A GATEPOST{} -p tcp -m tcp --dport {}{} -g {}\n", d, p.port, comment("port"), chain);
    }
    if (p.per_minute != 0) {
      rules += fmt::format(
          "-A {} -m hashlimit --hashlimit-above {}/minute --hashlimit-burst {} --hashlimit-mode srcip "
          "--hashlimit-srcmask {} --hashlimit-name gp{}{}{} -j DROP\n",
          chain, p.per_minute, p.per_minute, v6 ? 64 : 32, p.port, v6 ? "v6" : "v4", comment("rate"));
    }
    if (p.max_connections != 0) {
      rules += fmt::format("-A {} -p tcp -m connlimit --connlimit-above {} --connlimit-mask 0{} -j DROP\n", chain,
                           p.max_connections, comment("connections"));
    }
    for (const Line& line : by_family(intent, v6)) {
      if (line.port != &p) continue;
      for (const Network& n : line.networks) {
        rules += fmt::format("-A {} -s {}{} -j ACCEPT\n", chain, n.to_string(), comment(line.opening->why));
      }
    }
    if (p.log != config::GateLog::none) {
      rules += fmt::format(
          "-A {} -m limit --limit 5/second --limit-burst 20 -j {}\n", chain,
          intent.log_group != 0
              ? fmt::format("NFLOG --nflog-group {} --nflog-prefix \"gp:{}:default \"", intent.log_group, p.service)
              : fmt::format("LOG --log-prefix \"gp:{}: \"", p.service.substr(0, 20)));
    }
    rules += fmt::format("-A {}{} -j DROP\n", chain, comment("default"));
  }
  t += "-I INPUT 1 -m conntrack --ctstate NEW,UNTRACKED,INVALID -m comment --comment \"gp:all:gate\" -j GATEPOST\n";
  t += rules + "COMMIT\n";
  return out;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

Export iptables(const Intent& intent, TimePoint) { return netfilter(intent, false); }
Export ip6tables(const Intent& intent, TimePoint) { return netfilter(intent, true); }

// firewall-cmd(1), firewalld.richlanguage(5). A zone drops or rejects what no rule of it takes.
Export firewalld(const Intent& intent, TimePoint) {
  Export out;
  out.losses = losses(intent, {.product = "firewalld"});
  out.losses.push_back("the zone's own services stay as they are; remove those that overlap (firewall-cmd --list-all)");
  std::string& t = out.text;
  t = "#!/bin/sh\n" + commented(out.losses) + "set -e\nzone=${1:-$(firewall-cmd --get-default-zone)}\n";
  for (const bool v6 : {false, true}) {
    for (const Line& line : by_family(intent, v6)) {
      const std::string family = v6 ? "ipv6" : "ipv4";
      // ipset(8): 31 letters
      const std::string name =
          short_name(fmt::format("gp-{}-{}-{}", line.port->service, line.opening->why, v6 ? 6 : 4), 31);
      std::string source;
      const bool everybody =
          line.networks.size() == 1 && (line.networks[0].prefix == 0 || (!v6 && line.networks[0].prefix == 96));
      if (!everybody) {
        t += fmt::format("firewall-cmd --permanent --new-ipset={} --type=hash:net --option=family={}\n", name,
                         v6 ? "inet6" : "inet");
        for (const Network& n : line.networks) {
          t += fmt::format("firewall-cmd --permanent --ipset={} --add-entry={}\n", name, n.to_string());
        }
        source = fmt::format(" source ipset=\"{}\"", name);
      }
      t += fmt::format("firewall-cmd --permanent --zone=\"$zone\" --add-rich-rule={}\n",
                       shell_quoted(fmt::format("rule family=\"{}\"{} port port=\"{}\" protocol=\"tcp\" accept", family,
                                                source, line.port->port)));
    }
  }
  t += "firewall-cmd --reload\n";
  return out;
}

// ufw(8)
Export ufw(const Intent& intent, TimePoint) {
  Export out;
  out.losses = losses(intent, {.product = "ufw", .destinations = true});
  out.losses.push_back("IPv6 rules need IPV6=yes in /etc/default/ufw");
  std::string& t = out.text;
  t = "#!/bin/sh\n" + commented(out.losses) + "set -e\n";
  for (const PortIntent& p : intent.ports) {
    AddressSet admitted;
    for (const Opening& o : p.openings) admitted = admitted | o.sources;
    for (const bool v6 : {false, true}) {
      const AddressSet& family = v6 ? all_v6() : all_v4();
      const AddressSet to = p.destinations & family;
      if (to.empty()) continue;
      std::vector<std::string> targets;
      if (to == family) {
        targets.push_back(v6 ? "::/0" : "0.0.0.0/0");
      } else {
        for (const Network& n : networks_of(to)) targets.push_back(n.to_string());
      }
      for (const std::string& target : targets) {
        for (const Line& line : by_family(intent, v6)) {
          if (line.port != &p) continue;
          for (const Network& n : line.networks) {
            t += fmt::format("ufw allow proto tcp from {} to {} port {} comment {}\n", n.to_string(), target, p.port,
                             shell_quoted(fmt::format("gp:{}:{}", p.service, line.opening->why)));
          }
        }
        // Where everybody may, a denial of everybody would not come after it, but take its place.
        if (admitted.contains(family)) continue;
        t += fmt::format("ufw deny proto tcp from {} to {} port {} comment {}\n", v6 ? "::/0" : "0.0.0.0/0", target,
                         p.port, shell_quoted(fmt::format("gp:{}:default", p.service)));
      }
    }
  }
  return out;
}

namespace {

// Of a table's name, which has 31 letters (PF_TABLE_NAME_SIZE) and no hyphens.
std::string table_part(std::string_view service) {
  std::string out = short_name(service, 23);
  std::ranges::replace(out, '-', '_');
  return out;
}

}  // namespace

// pf.conf(5), for an anchor.
Export pf(const Intent& intent, TimePoint) {
  Export out;
  out.losses =
      losses(intent,
             {.product = "pf", .per_source_rate = true, .connection_cap = true, .destinations = true, .logging = true});
  std::string& t = out.text;
  for (const PortIntent& p : intent.ports) {
    if (p.per_minute == 0) continue;
    out.losses.push_back(fmt::format(
        "whoever is over the rate of {} stays out until: pfctl -a gatepost -t gp_{}_fast -T expire 60; run it by cron",
        p.service, table_part(p.service)));
  }
  t = commented(out.losses) + "# load with: pfctl -a gatepost -f FILE; pf.conf needs: anchor \"gatepost\"\n";
  for (const PortIntent& p : intent.ports) {
    const bool all4 = p.destinations.contains(all_v4()), all6 = p.destinations.contains(all_v6());
    std::string to = "(self)";
    if (!all4 && !all6) {
      std::vector<std::string> texts;
      for (const Network& n : networks_of(p.destinations)) texts.push_back(n.to_string());
      to = fmt::format("{{ {} }}", fmt::join(texts, ", "));
    }
    const std::string family = all4 == all6 ? "" : all4 ? " inet" : " inet6";
    const std::string name = table_part(p.service);
    std::vector<std::string> options;
    if (p.max_connections != 0) options.push_back(fmt::format("max {}", p.max_connections));
    if (p.per_minute != 0) {
      t += fmt::format("table <gp_{}_fast> persist\nblock in quick proto tcp from <gp_{}_fast> to {} port {}\n", name,
                       name, to, p.port);
      options.push_back(fmt::format("max-src-conn-rate {}/60, overload <gp_{}_fast>", p.per_minute, name));
    }
    const std::string state = options.empty() ? "keep state" : fmt::format("keep state ({})", fmt::join(options, ", "));
    for (std::size_t i = 0; i < p.openings.size(); ++i) {
      const Opening& o = p.openings[i];
      std::string from = "any";
      if (o.sources != AddressSet::all()) {
        std::vector<std::string> texts;
        for (const Network& n : networks_of(o.sources)) texts.push_back(n.to_string());
        from = fmt::format("<gp_{}_{}>", name, i);
        t += fmt::format("table {} {{ {} }}\n", from, fmt::join(texts, ", "));
      }
      t += fmt::format("pass in{} quick{} proto tcp from {} to {} port {} flags S/SA {}  # gp:{}:{}\n",
                       p.log == config::GateLog::all ? " log" : "", family, from, to, p.port, state, p.service, o.why);
    }
    t += fmt::format("block in{} quick{} proto tcp from any to {} port {}  # gp:{}:default\n",
                     p.log == config::GateLog::none ? "" : " log", family, to, p.port, p.service);
  }
  return out;
}

}  // namespace gatepost::gate::exporting
