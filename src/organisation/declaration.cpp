#include "organisation/declaration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/ascii.hpp"
#include "config/document.hpp"
#include "directory/addresses.hpp"
#include "directory/contact.hpp"
#include "directory/member_rule.hpp"

namespace gatepost::organisation {
namespace {

using config::Node;
using config::printable;
using config::Problem;
using directory::Contact;
using directory::ContactField;
using directory::PrincipalKind;

constexpr std::size_t kMaxProblems = 200;

// Reads the tables of one file and collects every problem.
class Reader {
 public:
  Reader(std::string_view filename, std::vector<Problem>& problems) : filename_(filename), problems_(problems) {}

  Declaration read(const Node& root) {
    Declaration out;
    for (std::size_t n = 0; n < root.names.size(); ++n) {
      const std::string& name = root.names[n];
      const Node& node = root.elements[n];
      if (name == "domain") {
        each(node, name, out.domains, &Reader::domain);
      } else if (name == "account") {
        each(node, name, out.mailboxes, &Reader::mailbox);
      } else if (name == "contact") {
        each(node, name, out.contacts, &Reader::outsider);
      } else if (name == "group") {
        each(node, name, out.groups, &Reader::group);
      } else if (name == "alias") {
        each(node, name, out.aliases, &Reader::alias);
      } else if (name == "address_book") {
        each(node, name, out.address_books, &Reader::address_book);
      } else {
        problem(node.line, printable(name), "unknown",
                "There are [[domain]], [[account]], [[contact]], [[group]], [[alias]] and [[address_book]].");
      }
    }
    return out;
  }

 private:
  template <class T>
  void each(const Node& node, const std::string& name, std::vector<T>& out, T (Reader::*read)(const Node&)) {
    if (node.kind != Node::Kind::array) {
      return problem(node.line, name, "must be tables", fmt::format("Write [[{}]] on a line of its own.", name));
    }
    for (const Node& element : node.elements) {
      if (element.kind != Node::Kind::table) {
        problem(element.line, name, "must be tables", fmt::format("Write [[{}]] on a line of its own.", name));
        continue;
      }
      heading_ = "[[" + name + "]]";
      out.push_back((this->*read)(element));
    }
  }

  void problem(std::uint32_t line, std::string where, std::string what, std::string cure) {
    if (problems_.size() >= kMaxProblems) return;
    problems_.push_back({.file = filename_,
                         .line = line,
                         .where = std::move(where),
                         .what = std::move(what),
                         .cause = {},
                         .cure = std::move(cure)});
  }
  void wrong(std::uint32_t line, std::string_view key, std::string what, std::string cure) {
    problem(line, fmt::format("{} {}", heading_, printable(key)), std::move(what), std::move(cure));
  }

  // Calls `take` with each key; false: there is no such key.
  template <class Take>
  void keys(const Node& table, std::string_view known, Take take) {
    for (std::size_t n = 0; n < table.names.size(); ++n) {
      if (!take(table.names[n], table.elements[n])) {
        wrong(table.elements[n].line, table.names[n], "unknown key", fmt::format("There are {}.", known));
      }
    }
  }

  bool text(std::string_view key, const Node& node, std::string& out) {
    if (node.kind == Node::Kind::string) {
      // Nothing that has a place here has any, and what is said of it goes to a terminal.
      if (std::ranges::any_of(node.string, ascii::is_control)) {
        wrong(node.line, key, "has control characters", "Take them out.");
        return false;
      }
      out = node.string;
      return true;
    }
    wrong(node.line, key, "must be a text", "Write it between quotes.");
    return false;
  }
  void text(std::string_view key, const Node& node, std::optional<std::string>& out) {
    std::string value;
    if (text(key, node, value)) out = std::move(value);
  }
  void boolean(std::string_view key, const Node& node, std::optional<bool>& out) {
    if (node.kind == Node::Kind::boolean) {
      out = node.boolean;
    } else {
      wrong(node.line, key, "must be true or false", "");
    }
  }
  void number(std::string_view key, const Node& node, std::optional<std::uint64_t>& out) {
    if (node.kind == Node::Kind::integer && node.integer >= 0) {
      out = static_cast<std::uint64_t>(node.integer);
    } else {
      wrong(node.line, key, "must be a number", "Write a number of 0 or more; 0 is no limit.");
    }
  }
  // Canonical; empty: it is none.
  std::string domain_name(std::string_view key, const Node& node) {
    std::string value;
    if (!text(key, node, value)) return {};
    auto name = directory::canonical_domain(value);
    if (name) return *std::move(name);
    wrong(node.line, key, fmt::format("no domain: {}", name.error().detail), "");
    return {};
  }
  void address(std::string_view key, const Node& node, std::string& out) {
    std::string value;
    if (text(key, node, value)) out = canonical(key, node.line, value);
  }
  std::string canonical(std::string_view key, std::uint32_t line, const std::string& value) {
    const auto address = directory::canonical_address(value);
    if (address) return address->to_string();
    wrong(line, key, fmt::format("\"{}\" is no address: {}", printable(value), address.error().detail), "");
    return {};
  }
  std::vector<std::string> addresses(std::string_view key, const Node& node) {
    std::vector<std::string> out;
    if (node.kind != Node::Kind::array) {
      wrong(node.line, key, "must be a list", "Write [\"anna@example.org\", \"bernd@example.org\"].");
      return out;
    }
    for (const Node& element : node.elements) {
      std::string one;
      address(key, element, one);
      if (!one.empty() && std::ranges::find(out, one) == out.end()) out.push_back(std::move(one));
    }
    return out;
  }

  bool senders(std::string_view key, const Node& node, Senders& out) {
    if (key != "send_as" && key != "send_on_behalf") return false;
    auto& list = key == "send_as" ? out.send_as : out.send_on_behalf;
    list = addresses(key, node);
    std::ranges::sort(*list);
    return true;
  }
  void nobody_to_himself(const Node& table, const std::string& address, const Senders& senders) {
    for (const auto& [key, list] :
         {std::pair{"send_as", &senders.send_as}, std::pair{"send_on_behalf", &senders.send_on_behalf}}) {
      if (!*list || std::ranges::find(**list, address) == (*list)->end()) continue;
      wrong(table.line, key, fmt::format("names {} itself", address), "Take it out: everybody sends as himself.");
    }
  }

  // Each address means one thing.
  void own_address(const Node& table, const std::string& address) {
    if (address.empty()) {
      if (std::ranges::find(table.names, "address") == table.names.end()) {
        wrong(table.line, "address", "missing", "Write address = \"...\".");
      }
    } else if (!seen_.insert(address).second) {
      wrong(table.line, "address", fmt::format("{} is there twice", address), "Take one of them out.");
    }
  }

  Domain domain(const Node& table) {
    Domain out;
    out.line = table.line;
    keys(table, "name and catch_all", [&](const std::string& key, const Node& node) {
      if (key == "name") {
        out.name = domain_name(key, node);
      } else if (key == "catch_all") {
        std::string value;
        if (text(key, node, value)) out.catch_all = value.empty() ? value : canonical(key, node.line, value);
      } else {
        return false;
      }
      return true;
    });
    if (out.name.empty()) {
      if (std::ranges::find(table.names, "name") == table.names.end()) {
        wrong(table.line, "name", "missing", "Write name = \"example.org\".");
      }
    } else if (!seen_.insert("@" + out.name).second) {
      wrong(table.line, "name", fmt::format("{} is there twice", out.name), "Take one of them out.");
    }
    return out;
  }

  Mailbox mailbox(const Node& table) {
    Mailbox out;
    out.line = table.line;
    const std::string_view known =
        "address, kind, name, enabled, role, quota, messages, contact, rights, send_as, send_on_behalf, copy_sent, "
        "own_seen and password_never_expires";
    keys(table, known, [&](const std::string& key, const Node& node) {
      if (key == "address") {
        address(key, node, out.address);
      } else if (key == "kind") {
        std::string value;
        if (!text(key, node, value)) return true;
        if (const auto kind = mailbox_kind_named(value)) {
          out.kind = *kind;
        } else {
          wrong(node.line, key, "unknown", "It is \"user\", \"shared\", \"room\" or \"equipment\".");
        }
      } else if (key == "name") {
        text(key, node, out.name);
      } else if (key == "enabled") {
        boolean(key, node, out.enabled);
      } else if (key == "role") {
        std::string value;
        if (!text(key, node, value)) return true;
        out.role = directory::role_named(value);
        if (!out.role) wrong(node.line, key, "unknown", "It is \"none\", \"auditor\", \"helpdesk\" or \"admin\".");
      } else if (key == "quota") {
        number(key, node, out.quota_octets);
      } else if (key == "messages") {
        number(key, node, out.quota_messages);
      } else if (key == "contact") {
        out.contact = contact(node);
      } else if (key == "rights") {
        out.rights = rights(node);
      } else if (key == "copy_sent") {
        boolean(key, node, out.copy_sent);
      } else if (key == "own_seen") {
        boolean(key, node, out.own_seen);
      } else if (key == "password_never_expires") {
        boolean(key, node, out.password_never_expires);
      } else {
        return senders(key, node, out.senders);
      }
      return true;
    });
    if (out.role.value_or(directory::Role::none) != directory::Role::none && out.kind != PrincipalKind::person) {
      wrong(table.line, "role", "only people have one", "Take it out.");
    }
    nobody_to_himself(table, out.address, out.senders);
    own_address(table, out.address);
    return out;
  }

  Contact contact(const Node& table) {
    Contact out;
    if (table.kind != Node::Kind::table) {
      wrong(table.line, "contact", "must be a table", "Write contact = { given-name = \"Anna\", phone = [\"...\"] }.");
      return out;
    }
    for (std::size_t n = 0; n < table.names.size(); ++n) {
      const Node& node = table.elements[n];
      const std::string key = "contact." + table.names[n];
      const auto field = directory::contact_field_named(table.names[n]);
      if (!field) {
        wrong(node.line, key, "unknown key", "The fields are those of `gatepost account set`.");
        continue;
      }
      const auto add = [&](const Node& value) {
        std::string one;
        if (text(key, value, one)) out.emplace_back(*field, std::move(one));
      };
      if (node.kind == Node::Kind::array) {
        for (const Node& element : node.elements) add(element);
      } else {
        add(node);
      }
    }
    auto checked = directory::checked_contact(out);
    if (checked) return *std::move(checked);
    wrong(table.line, "contact", checked.error().detail, "");
    return {};
  }

  std::vector<Right> rights(const Node& list) {
    std::vector<Right> out;
    if (list.kind != Node::Kind::array) {
      wrong(list.line, "rights", "must be a list",
            "Write rights = [{ who = \"bernd@example.org\", rights = \"lrs\" }].");
      return out;
    }
    for (const Node& element : list.elements) {
      if (element.kind != Node::Kind::table) {
        wrong(element.line, "rights", "must be tables", "Write { who = \"bernd@example.org\", rights = \"lrs\" }.");
        continue;
      }
      Right one;
      keys(element, "who, rights and folder", [&](const std::string& key, const Node& node) {
        if (key == "who") {
          text(key, node, one.who);
        } else if (key == "rights") {
          std::string letters;
          if (!text(key, node, letters)) return true;
          if (const auto known = sharing::parse_rights(letters); known && !known->empty()) {
            one.rights = *known;
          } else {
            wrong(node.line, key, "unknown", "They are letters of lrswipkxtea (RFC 4314).");
          }
        } else if (key == "folder") {
          text(key, node, one.folder);
        } else {
          return false;
        }
        return true;
      });
      if (one.who.empty()) wrong(element.line, "who", "missing", "Write who = \"bernd@example.org\", or \"anyone\".");
      if (std::ranges::find(element.names, "rights") == element.names.end()) {
        wrong(element.line, "rights", "missing", "Write rights = \"lrs\"; whoever has none is left out.");
      }
      out.push_back(std::move(one));
    }
    return out;
  }

  Outsider outsider(const Node& table) {
    Outsider out;
    out.line = table.line;
    keys(table, "address, domain, name, enabled and contact", [&](const std::string& key, const Node& node) {
      if (key == "address") {
        address(key, node, out.address);
      } else if (key == "domain") {
        out.domain = domain_name(key, node);
      } else if (key == "name") {
        text(key, node, out.name);
      } else if (key == "enabled") {
        boolean(key, node, out.enabled);
      } else if (key == "contact") {
        out.contact = contact(node);
      } else {
        return false;
      }
      return true;
    });
    if (std::ranges::find(table.names, "domain") == table.names.end()) {
      wrong(table.line, "domain", "missing", "Write the domain in whose address book it is: domain = \"example.org\".");
    }
    own_address(table, out.address);
    return out;
  }

  AddressBook address_book(const Node& table) {
    AddressBook out;
    out.line = table.line;
    keys(table, "name, viewers and shown", [&](const std::string& key, const Node& node) {
      if (key == "name") {
        text(key, node, out.name);
      } else if (key == "viewers") {
        out.viewers = domains_and_addresses(key, node);
      } else if (key == "shown") {
        out.shown = domains_and_addresses(key, node);
      } else {
        return false;
      }
      return true;
    });
    for (const char* key : {"name", "viewers", "shown"}) {
      if (std::ranges::find(table.names, key) == table.names.end()) {
        wrong(table.line, key, "missing", "An address book has a name, viewers and shown.");
      }
    }
    if (!out.name.empty() && !seen_.insert("book " + out.name).second) {
      wrong(table.line, "name", fmt::format("{} is there twice", out.name), "Take one of them out.");
    }
    return out;
  }

  // ["example.org", "sales@example.com"]
  std::vector<std::string> domains_and_addresses(std::string_view key, const Node& node) {
    std::vector<std::string> out;
    if (node.kind != Node::Kind::array) {
      wrong(node.line, key, "must be a list", "Write [\"example.org\", \"sales@example.com\"].");
      return out;
    }
    for (const Node& element : node.elements) {
      std::string one;
      if (element.kind == Node::Kind::string && element.string.contains('@')) {
        address(key, element, one);
      } else {
        one = domain_name(key, element);
      }
      if (!one.empty() && std::ranges::find(out, one) == out.end()) out.push_back(std::move(one));
    }
    std::ranges::sort(out);
    return out;
  }

  Group group(const Node& table) {
    Group out;
    out.line = table.line;
    keys(table, "address, name, members, rule, send_as and send_on_behalf",
         [&](const std::string& key, const Node& node) {
           if (key == "address") {
             address(key, node, out.address);
           } else if (key == "name") {
             text(key, node, out.name);
           } else if (key == "members") {
             out.members = addresses(key, node);
             std::ranges::sort(*out.members);
           } else if (key == "rule") {
             std::string value;
             if (!text(key, node, value)) return true;
             if (const auto rule = directory::MemberRule::compile(value); !rule) {
               wrong(node.line, key, rule.error().detail, "");
             } else {
               out.rule = std::move(value);
             }
           } else {
             return senders(key, node, out.senders);
           }
           return true;
         });
    nobody_to_himself(table, out.address, out.senders);
    if (out.members && out.rule) {
      wrong(table.line, "rule", "there are members, too", "Its members follow from the rule: take one of both out.");
    }
    own_address(table, out.address);
    return out;
  }

  Alias alias(const Node& table) {
    Alias out;
    out.line = table.line;
    keys(table, "address and targets", [&](const std::string& key, const Node& node) {
      if (key == "address") {
        address(key, node, out.address);
      } else if (key == "targets") {
        out.targets = addresses(key, node);
      } else {
        return false;
      }
      return true;
    });
    if (out.targets.empty()) wrong(table.line, "targets", "missing", "Write targets = [\"anna@example.org\"].");
    own_address(table, out.address);
    return out;
  }

  std::string filename_;
  std::vector<Problem>& problems_;
  std::string heading_;
  std::set<std::string> seen_;
};

// A basic string of TOML 1.0.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20 || octet == 0x7f) {
      out += fmt::format("\\u{:04x}", octet);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + in_quotes(text);
  return out + "]";
}

std::string contact_table(const Contact& contact) {
  std::string out = "{ ";
  for (auto at = contact.begin(); at != contact.end();) {
    const ContactField field = at->first;
    std::vector<std::string> values;
    for (; at != contact.end() && at->first == field; ++at) values.push_back(at->second);
    if (out.size() > 2) out += ", ";
    out += fmt::format("{} = {}", directory::to_string(field),
                       values.size() == 1 ? in_quotes(values.front()) : list_of(values));
  }
  return out + " }";
}

std::string rights_list(const std::vector<Right>& rights) {
  std::string out = "[\n";
  for (const Right& right : rights) {
    out += fmt::format("  {{ who = {}, rights = {}", in_quotes(right.who), in_quotes(sharing::to_string(right.rights)));
    if (right.folder) out += fmt::format(", folder = {}", in_quotes(*right.folder));
    out += " },\n";
  }
  return out + "]";
}

}  // namespace

std::expected<Declaration, std::vector<Problem>> parse(std::string_view text, std::string_view filename) {
  std::vector<Problem> problems;
  if (text.size() > kMaxDeclarationOctets) {
    problems.push_back({.file = std::string(filename), .what = "larger than 64 MiB"});
    return std::unexpected(std::move(problems));
  }
  const auto document = config::parse_document(text, filename);
  if (!document) return std::unexpected(std::vector{document.error()});
  Declaration out = Reader(filename, problems).read(*document);
  if (problems.empty()) return out;
  return std::unexpected(std::move(problems));
}

std::string to_toml(const Declaration& declaration) {
  std::string out = "# For `gatepost apply`. A key that is taken out leaves what it is about as it is.\n\n";
  const auto line = [&out](std::string_view key, std::string_view value) {
    out += fmt::format("{} = {}\n", key, value);
  };
  const auto senders = [&line](const Senders& s) {
    if (s.send_as) line("send_as", list_of(*s.send_as));
    if (s.send_on_behalf) line("send_on_behalf", list_of(*s.send_on_behalf));
  };
  for (const Domain& d : declaration.domains) {
    out += "[[domain]]\n";
    line("name", in_quotes(d.name));
    if (d.catch_all) line("catch_all", in_quotes(*d.catch_all));
    out += "\n";
  }
  for (const Mailbox& m : declaration.mailboxes) {
    out += "[[account]]\n";
    line("address", in_quotes(m.address));
    if (m.kind != PrincipalKind::person) line("kind", in_quotes(name_of(m.kind)));
    if (m.name) line("name", in_quotes(*m.name));
    if (m.enabled) line("enabled", *m.enabled ? "true" : "false");
    if (m.role) line("role", in_quotes(directory::to_string(*m.role)));
    if (m.quota_octets) line("quota", std::to_string(*m.quota_octets));
    if (m.quota_messages) line("messages", std::to_string(*m.quota_messages));
    if (m.contact) line("contact", contact_table(*m.contact));
    if (m.rights) line("rights", rights_list(*m.rights));
    senders(m.senders);
    if (m.copy_sent) line("copy_sent", *m.copy_sent ? "true" : "false");
    if (m.own_seen) line("own_seen", *m.own_seen ? "true" : "false");
    if (m.password_never_expires) line("password_never_expires", *m.password_never_expires ? "true" : "false");
    out += "\n";
  }
  for (const Outsider& c : declaration.contacts) {
    out += "[[contact]]\n";
    line("address", in_quotes(c.address));
    line("domain", in_quotes(c.domain));
    if (c.name) line("name", in_quotes(*c.name));
    if (c.enabled) line("enabled", *c.enabled ? "true" : "false");
    if (c.contact) line("contact", contact_table(*c.contact));
    out += "\n";
  }
  for (const Group& g : declaration.groups) {
    out += "[[group]]\n";
    line("address", in_quotes(g.address));
    if (g.name) line("name", in_quotes(*g.name));
    if (g.members) line("members", list_of(*g.members));
    senders(g.senders);
    if (g.rule) line("rule", in_quotes(*g.rule));
    out += "\n";
  }
  for (const Alias& a : declaration.aliases) {
    out += "[[alias]]\n";
    line("address", in_quotes(a.address));
    line("targets", list_of(a.targets));
    out += "\n";
  }
  for (const AddressBook& b : declaration.address_books) {
    out += "[[address_book]]\n";
    line("name", in_quotes(b.name));
    line("viewers", list_of(b.viewers));
    line("shown", list_of(b.shown));
    out += "\n";
  }
  return out;
}

std::optional<PrincipalKind> mailbox_kind_named(std::string_view name) {
  if (name == "user") return PrincipalKind::person;
  if (name == "shared") return PrincipalKind::shared_mailbox;
  if (name == "room") return PrincipalKind::room;
  if (name == "equipment") return PrincipalKind::equipment;
  return std::nullopt;
}

std::string_view name_of(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::person:
      return "user";
    case PrincipalKind::shared_mailbox:
      return "shared";
    case PrincipalKind::room:
      return "room";
    case PrincipalKind::group:
      return "group";
    case PrincipalKind::contact:
      return "contact";
    case PrincipalKind::equipment:
      return "equipment";
  }
  return "";
}

}  // namespace gatepost::organisation
