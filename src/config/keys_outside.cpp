#include <charconv>

#include "base/ascii.hpp"
#include "config/domain_values.hpp"
#include "config/key_values.hpp"

// The keys of [[outside_directory]].
namespace gatepost::config {
namespace {

using namespace values;

constexpr std::size_t kMaxDnOctets = 1000;
constexpr std::size_t kMaxFilterOctets = 4000;
constexpr std::size_t kMaxServers = 16;

constexpr std::array<std::pair<std::string_view, OutsideKind>, 2> kKinds = {
    {{"openldap", OutsideKind::openldap}, {"active-directory", OutsideKind::active_directory}}};

// ldapurl = scheme "://" [host [COLON port]]   (RFC 4516 2), nothing after it
bool take_server(std::string_view text, std::vector<OutsideServer>& out) {
  OutsideServer server;
  if (ascii::istarts_with(text, "ldaps://")) {
    text.remove_prefix(8);
  } else if (ascii::istarts_with(text, "ldap://")) {
    text.remove_prefix(7);
    server.implicit_tls = false;
    server.port = 389;
  } else {
    return false;
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return false;
    server.host = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
  } else {
    server.host = text.substr(0, text.find(':'));
    text.remove_prefix(server.host.size());
  }
  if (!text.empty()) {
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), server.port);
    if (text.front() != ':' || error != std::errc() || end != text.data() + text.size() || server.port == 0)
      return false;
  }
  if (host_or_address(server.host) || out.size() >= kMaxServers) return false;
  out.push_back(std::move(server));
  return true;
}

std::string write_server(const OutsideServer& s) {
  const bool v6 = s.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", s.implicit_tls ? "ldaps" : "ldap", v6 ? "[" : "", s.host, v6 ? "]" : "", s.port);
}

// attributedescription (RFC 4512 2.5): letters, digits, hyphens, dots of an OID, options after a semicolon.
bool is_attribute(std::string_view text) {
  return !text.empty() && text.size() <= 100 &&
         std::ranges::all_of(text, [](char c) { return ascii::is_alnum(c) || c == '-' || c == '.' || c == ';'; });
}

Refusal attribute(std::string_view text) {
  if (is_attribute(text)) return std::nullopt;
  return Complaint{"is no name of an attribute", "", "Write a name such as \"mail\"."};
}

Refusal attribute_or_nothing(std::string_view text) { return text.empty() ? std::nullopt : attribute(text); }

bool take_attribute(std::string_view text, std::vector<std::string>& out) {
  if (!is_attribute(text)) return false;
  out.emplace_back(text);
  return true;
}

// A first look at the syntax (RFC 4515 3): parentheses that match, as one filter. The rest is the server's.
Refusal filter(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth <= 0 && (depth < 0 || i + 1 != text.size())) depth = -1000;
  }
  if (text.size() > 3 && text.starts_with('(') && depth == 0) return std::nullopt;
  return Complaint{"is no filter", "A filter stands in parentheses, and those inside match (RFC 4515).",
                   "Write a filter such as \"(objectClass=inetOrgPerson)\"."};
}

Refusal name_filter(std::string_view text) {
  if (auto wrong = filter(text)) return wrong;
  for (const std::string_view word : {"{name}", "{address}", "{user}"}) {
    if (text.find(word) != std::string_view::npos) return std::nullopt;
  }
  return Complaint{"does not ask for the name", "It would find the same entries for everybody.",
                   "Write {address} or {user} in it, such as \"(mail={address})\"."};
}

Refusal login_filter(std::string_view text) { return text == kNoLogin ? std::nullopt : name_filter(text); }

Refusal directory_name(std::string_view text) {
  const bool good = !text.empty() && std::ranges::all_of(text, [](char c) {
    return ascii::is_alnum(c) || c == '-' || c == '_' || c == '.';
  });
  if (good) return std::nullopt;
  return Complaint{"is no name for a directory", "It stands in logs and commands.",
                   "Take letters, digits and hyphens."};
}

Refusal without_tls_phrase(OutsideDirectory& o, std::string_view text) {
  if (text == "required") {
    o.without_tls = false;
  } else if (text == kSignInWithoutTls) {
    o.without_tls = true;
  } else {
    return Complaint{"is neither \"required\" nor the sentence",
                     "Passwords of all people would be readable on the way.",
                     fmt::format("Write \"required\", or \"{}\".", kSignInWithoutTls)};
  }
  return std::nullopt;
}

Key<OutsideDirectory> tls_key() {
  Key<OutsideDirectory> key;
  key.section = "outside_directory";
  key.name = "tls";
  key.type = "\"required\", or a sentence";
  key.meaning =
      "`ldap://` servers are asked for StartTLS, and their certificate has to name them. Without TLS only by the "
      "sentence \"yes, send passwords in clear\".";
  key.set = [](OutsideDirectory& o, const Value& v, const std::filesystem::path&) -> std::optional<Complaint> {
    const auto* s = std::get_if<std::string>(&v.data);
    return s == nullptr ? wrong_type("a text in quotes") : without_tls_phrase(o, *s);
  };
  key.show = [](OutsideDirectory& o) { return in_quotes(o.without_tls ? kSignInWithoutTls : "required"); };
  return key;
}

constexpr std::string_view kSection = "outside_directory";
constexpr std::string_view kByKind = "as `kind` has it";
using DirectoryKeys = std::vector<Key<OutsideDirectory>>;
using O = OutsideDirectory;

void add_access(DirectoryKeys& k) {
  k.push_back(
      required(text(kSection, "name", AT(O, name), 32, directory_name, "text", "What logs and commands call it.")));
  k.push_back(words(kSection, "kind", AT(O, kind), kKinds, "Whose attributes and filters are the defaults below."));
  k.push_back(required(list<O, OutsideServer>(kSection, "servers", AT(O, servers), take_server, write_server, 1,
                                              "\"ldaps://dc1.example.org\", \"ldap://dc2.example.org\"", "list of URLs",
                                              "In order: the first is asked, another one when it does not answer. "
                                              "Ports are 636 and 389 unless they are named.")));
  k.push_back(tls_key());
  k.push_back(shown(path(kSection, "ca_file", AT(O, ca_file), "PEM file of the authorities of their certificates."),
                    "the system's"));
  k.push_back(
      text(kSection, "bind_dn", AT(O, bind_dn), kMaxDnOctets, any_text, "text",
           "The account that may read there: its distinguished name, or in Active Directory `name@domain`. `\"\"`: "
           "nobody, where anybody may read."));
  k.push_back(shown(path(kSection, "password_file", AT(O, password_file),
                         "The first line of this file is its password. Read again at each reload."),
                    "none"));
  k.push_back(required(text(kSection, "base", AT(O, base), kMaxDnOctets, not_empty, "text",
                            "Below which entry people are, such as \"ou=people,dc=example,dc=org\".")));
}

void add_meaning(DirectoryKeys& k) {
  k.push_back(
      flag(kSection, "sign_in", AT(O, sign_in),
           "People sign in with their password there. SCRAM is not offered then: it needs passwords kept here."));
  k.push_back(
      flag(kSection, "people", AT(O, people),
           "Who is in it has an account here: it is added at the first mail, the first sign-in, or when all are "
           "listed, and kept in step. Nothing is ever deleted."));
  k.push_back(list<O, std::string>(kSection, "domains", AT(O, domains), take_domain, write_text, 0, "\"example.org\"",
                                   "list of domains", "Mail domains it speaks for; an empty list: all."));
  k.push_back(shown(text(kSection, "people_filter", AT(O, people_filter), kMaxFilterOctets, filter, "filter",
                         "Which entries are people at all."),
                    kByKind));
  k.push_back(
      shown(text(kSection, "address_filter", AT(O, address_filter), kMaxFilterOctets, name_filter, "filter",
                 "Finds a name with @: `{address}` stands for it, `{user}` and `{domain}` for its parts. What is put "
                 "in is escaped."),
            kByKind));
  k.push_back(
      shown(text(kSection, "login_filter", AT(O, login_filter), kMaxFilterOctets, login_filter, "filter",
                 "Finds a name without @: `{user}`; of `EXAMPLE\\anna` that is anna. `\"none\"`: such names are "
                 "not looked for."),
            kByKind));
  k.push_back(shown(text(kSection, "address_attribute", AT(O, address_attribute), 100, attribute, "attribute",
                         "The mail address. Nobody may be able to change his own: it says whose account it is."),
                    "`mail`"));
  k.push_back(
      shown(list<O, std::string>(kSection, "addresses_attributes", AT(O, addresses_attributes), take_attribute,
                                 write_text, 0, "\"proxyAddresses\"", "list of attributes", "Further addresses."),
            kByKind));
  k.push_back(shown(
      text(kSection, "name_attribute", AT(O, name_attribute), 100, attribute, "attribute", "The name people read."),
      kByKind));
  k.push_back(shown(text(kSection, "id_attribute", AT(O, id_attribute), 100, attribute, "attribute",
                         "What stays the same when an entry is renamed."),
                    kByKind));
  k.push_back(
      text(kSection, "disabled_attribute", AT(O, disabled_attribute), 100, attribute_or_nothing, "attribute",
           "Whoever has it does not sign in, such as `pwdAccountLockedTime`; `\"\"`: none. With Active Directory "
           "userAccountControl and accountExpires count anyway."));
}

void add_people(DirectoryKeys& k) {
  k.push_back(
      flag(kSection, "groups", AT(O, groups), "With `people`: groups that have a mail address are groups here."));
  k.push_back(shown(
      text(kSection, "group_base", AT(O, group_base), kMaxDnOctets, not_empty, "text", "Below which entry groups are."),
      "`base`"));
  k.push_back(shown(text(kSection, "group_filter", AT(O, group_filter), kMaxFilterOctets, filter, "filter",
                         "Which entries are groups."),
                    kByKind));
  k.push_back(duration(kSection, "refresh", AT(O, refresh), seconds(1), std::chrono::hours(24),
                       "How often it is asked what changed, and whether those who are signed in are there: who is "
                       "disabled or gone loses "
                       "his sessions then."));
  k.push_back(duration(kSection, "full_refresh", AT(O, full_refresh), seconds(1), std::chrono::days(7),
                       "How often all people are listed, which alone shows who is gone of those who have no session."));
  k.push_back(number(kSection, "disable_after", AT(O, disable_after), 1, 1000,
                     "So many looks in a row without somebody disable the account; the first ends its sessions."));
  k.push_back(
      number(kSection, "most_gone_percent", AT(O, most_gone_percent), 1, 100,
             "When an answer would disable more of its accounts than that at once, none is, and the log says so."));
  k.push_back(number(kSection, "most_people", AT(O, most_people), 1, kMany,
                     "Entries in a listing beyond which it is not believed."));
}

void add_directory_limits(DirectoryKeys& k) {
  k.push_back(number(kSection, "connections", AT(O, connections), 1, 200, "Connections to it at one time."));
  k.push_back(number(kSection, "page_size", AT(O, page_size), 10, 10'000, "Entries in one page of a long answer."));
  k.push_back(octets(kSection, "answer_size", AT(O, answer_octets), kMiB, kGiB,
                     "How large one answer, all its pages together, may be."));
  k.push_back(duration(kSection, "connect_timeout", AT(O, connect_timeout), seconds(1), seconds(60),
                       "Until a connection is there, for each address."));
  k.push_back(duration(kSection, "answer_timeout", AT(O, answer_timeout), seconds(1), seconds(120),
                       "Until the server says the next thing."));
  k.push_back(duration(kSection, "remember_right", AT(O, remember_right), seconds(0), std::chrono::hours(1),
                       "A right password is not asked for again so long; `\"0 s\"`: always asked."));
  k.push_back(duration(kSection, "remember_wrong", AT(O, remember_wrong), seconds(0), std::chrono::hours(1),
                       "Likewise the same wrong one."));
  k.push_back(
      duration(kSection, "outlast_outage", AT(O, outlast_outage), seconds(0), std::chrono::days(60),
               "While no server answers, a password counts that it took at most so long ago; an argon2id hash of "
               "it is kept for that. `\"0 s\"`: nobody of it signs in then."));
}

}  // namespace

const std::vector<Key<OutsideDirectory>>& outside_directory_keys() {
  static const DirectoryKeys all = [] {
    DirectoryKeys k;
    add_access(k);
    add_meaning(k);
    add_people(k);
    add_directory_limits(k);
    return k;
  }();
  return all;
}

namespace {

void put_if_empty(std::string& value, std::string_view otherwise) {
  if (value.empty()) value = otherwise;
}

}  // namespace

void OutsideDirectory::complete() {
  const bool ad = kind == OutsideKind::active_directory;
  put_if_empty(people_filter, ad ? "(&(objectCategory=person)(objectClass=user))" : "(objectClass=inetOrgPerson)");
  put_if_empty(address_filter, ad ? "(|(mail={address})(proxyAddresses=smtp:{address})(userPrincipalName={address}))"
                                  : "(mail={address})");
  put_if_empty(login_filter, ad ? "(sAMAccountName={user})" : "(uid={user})");
  if (login_filter == kNoLogin) login_filter.clear();
  put_if_empty(group_base, base);
  put_if_empty(group_filter,
               ad ? "(objectCategory=group)"
                  : "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))");
  put_if_empty(address_attribute, "mail");
  if (addresses_attributes.empty() && ad) addresses_attributes = {"proxyAddresses"};
  put_if_empty(name_attribute, ad ? "displayName" : "cn");
  put_if_empty(id_attribute, ad ? "objectGUID" : "entryUUID");
}

}  // namespace gatepost::config
