#include "organisation/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>

#include "sharing/sharing.hpp"

namespace gatepost::organisation {
namespace {

using directory::Contact;
using directory::Principal;
using directory::PrincipalKind;

constexpr std::size_t kPasswordCharacters = 16;

template <class T>
using ByAddress = std::map<std::string_view, const T*>;

template <class T>
ByAddress<T> by_address(const std::vector<T>& all) {
  ByAddress<T> out;
  for (const T& one : all) out.emplace(one.address, &one);
  return out;
}

Result<Secret> no_password(const Result<>& done) {
  if (!done) return std::unexpected(done.error());
  return Secret();
}

std::string shown(const Contact& contact) {
  std::string out;
  for (const auto& [field, value] : contact) {
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", directory::to_string(field), value);
  }
  return out.empty() ? "nothing" : out;
}

std::string shown(const Right& right) {
  return fmt::format("{} {} in {}", right.who, sharing::to_string(right.rights),
                     !right.folder           ? "all folders"
                     : right.folder->empty() ? "new folders"
                                             : *right.folder);
}

std::string or_none(std::string_view text) { return text.empty() ? "none" : std::string(text); }

// Collects the steps in the order of their phases.
class Planner {
 public:
  Planner(const Declaration& wanted, const Declaration& current, bool prune, std::string_view filename)
      : wanted_(wanted),
        current_(current),
        prune_(prune),
        filename_(filename),
        mailboxes_(by_address(current.mailboxes)),
        contacts_(by_address(current.contacts)),
        groups_(by_address(current.groups)),
        aliases_(by_address(current.aliases)) {}

  std::expected<std::vector<Step>, std::vector<config::Problem>> make() {
    addresses_of_one_kind();
    for (const Domain& d : wanted_.domains) domain(d);
    for (const Mailbox& m : wanted_.mailboxes) mailbox(m);
    for (const Outsider& c : wanted_.contacts) outsider(c);
    for (const Group& g : wanted_.groups) new_group(g);
    aliases();
    for (const Group& g : wanted_.groups) group(g);
    for (const Domain& d : wanted_.domains) catch_all(d);
    for (const AddressBook& b : wanted_.address_books) address_book(b);
    for (const Mailbox& m : wanted_.mailboxes) rights(m);
    for (const Mailbox& m : wanted_.mailboxes) own_seen(m);
    for (const Mailbox& m : wanted_.mailboxes) senders(m, mailboxes_);
    for (const Group& g : wanted_.groups) senders(g, groups_);
    if (prune_) drop();
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    return std::move(steps_);
  }

 private:
  void step(Step::Kind kind, std::string what, std::vector<std::string> details,
            std::function<Result<Secret>(Target&)> run) {
    steps_.push_back({kind, std::move(what), std::move(details), std::move(run)});
  }
  void problem(std::uint32_t line, std::string where, std::string what, std::string cure) {
    problems_.push_back(
        {.file = filename_, .line = line, .where = std::move(where), .what = std::move(what), .cure = std::move(cure)});
  }

  // What has an address as one thing does not become another: somebody has to say what happens to its mail.
  void addresses_of_one_kind() {
    const auto is_other = [&](std::uint32_t line, const std::string& address, std::string_view wanted,
                              std::string_view is) {
      if (is.empty() || is == wanted) return;
      problem(line, address, fmt::format("is a {}, and cannot become a {}", is, wanted),
              fmt::format("Delete it first, or declare it as {}.", is));
    };
    const auto what_is = [&](const std::string& address) -> std::string_view {
      if (const auto m = mailboxes_.find(address); m != mailboxes_.end()) return name_of(m->second->kind);
      if (contacts_.contains(address)) return "contact";
      if (const auto g = groups_.find(address); g != groups_.end())
        return g->second->rule ? "group by a rule" : "group";
      if (aliases_.contains(address)) return "alias";
      return "";
    };
    for (const Mailbox& m : wanted_.mailboxes) is_other(m.line, m.address, name_of(m.kind), what_is(m.address));
    for (const Outsider& c : wanted_.contacts) {
      is_other(c.line, c.address, "contact", what_is(c.address));
      const auto known = contacts_.find(c.address);
      if (known == contacts_.end() || known->second->domain == c.domain) continue;
      problem(c.line, c.address, fmt::format("is in the address book of {}, and does not move", known->second->domain),
              "Delete it first.");
    }
    for (const Group& g : wanted_.groups) {
      const std::string_view is = what_is(g.address);
      // Where neither is said, both will do.
      const bool either = !g.rule && !g.members && is.starts_with("group");
      is_other(g.line, g.address, either ? is : g.rule ? "group by a rule" : "group", is);
    }
    for (const Alias& a : wanted_.aliases) is_other(a.line, a.address, "alias", what_is(a.address));
  }

  const Domain* known_domain(const std::string& name) const {
    const auto found = std::ranges::find(current_.domains, name, &Domain::name);
    return found == current_.domains.end() ? nullptr : &*found;
  }

  void domain(const Domain& d) {
    if (known_domain(d.name) != nullptr) return;
    step(Step::Kind::add, "domain " + d.name, {},
         [name = d.name](Target& t) { return no_password(t.directory.add_domain(name)); });
  }

  void catch_all(const Domain& d) {
    const Domain* known = known_domain(d.name);
    const std::string before = known != nullptr ? known->catch_all.value_or("") : "";
    if (!d.catch_all || *d.catch_all == before) return;
    step(Step::Kind::change, "domain " + d.name,
         {fmt::format("unknown addresses: {} -> {}", before.empty() ? "refused" : before,
                      d.catch_all->empty() ? "refused" : *d.catch_all)},
         [name = d.name, address = *d.catch_all](Target& t) {
           return no_password(t.directory.set_catch_all(name, address));
         });
  }

  // What differs, in words; `to` gets what is wanted.
  static std::vector<std::string> differences(const Mailbox& m, const Principal& now, Principal& to) {
    std::vector<std::string> out;
    if (m.name && *m.name != now.display_name) {
      out.push_back(fmt::format("name: {} -> {}", or_none(now.display_name), or_none(*m.name)));
      to.display_name = *m.name;
    }
    if (m.enabled && *m.enabled != now.enabled) {
      out.emplace_back(*m.enabled ? "enabled" : "disabled: no sign-in, mail is refused");
      to.enabled = *m.enabled;
    }
    if (m.role && *m.role != now.role) {
      out.push_back(fmt::format("role: {} -> {}", directory::to_string(now.role), directory::to_string(*m.role)));
      to.role = *m.role;
    }
    if (m.quota_octets && *m.quota_octets != now.quota_octets) {
      out.push_back(fmt::format("quota: {} -> {}", now.quota_octets, *m.quota_octets));
      to.quota_octets = *m.quota_octets;
    }
    if (m.quota_messages && *m.quota_messages != now.quota_messages) {
      out.push_back(fmt::format("messages: {} -> {}", now.quota_messages, *m.quota_messages));
      to.quota_messages = *m.quota_messages;
    }
    const Contact before = now.contact != nullptr ? *now.contact : Contact();
    if (m.contact && *m.contact != before) {
      out.push_back(fmt::format("contact: {} -> {}", shown(before), shown(*m.contact)));
      to.contact = std::make_shared<const Contact>(*m.contact);
    }
    if (m.copy_sent && *m.copy_sent != now.copy_sent) {
      out.emplace_back(*m.copy_sent ? "copies of what others send as it" : "no copies of what others send as it");
      to.copy_sent = *m.copy_sent;
    }
    if (m.password_never_expires && *m.password_never_expires != now.password_never_expires) {
      out.emplace_back(*m.password_never_expires ? "its password never expires" : "its password expires");
      to.password_never_expires = *m.password_never_expires;
    }
    return out;
  }

  static Principal as_principal(const Mailbox& m) {
    Principal out;
    out.kind = m.kind;
    out.address = m.address;
    out.display_name = m.name.value_or("");
    out.enabled = m.enabled.value_or(true);
    out.role = m.role.value_or(directory::Role::none);
    out.quota_octets = m.quota_octets.value_or(0);
    out.quota_messages = m.quota_messages.value_or(0);
    if (m.contact) out.contact = std::make_shared<const Contact>(*m.contact);
    out.copy_sent = m.copy_sent.value_or(false);
    out.password_never_expires = m.password_never_expires.value_or(false);
    return out;
  }

  void mailbox(const Mailbox& m) {
    const auto known = mailboxes_.find(m.address);
    if (known == mailboxes_.end()) return new_mailbox(m);
    Principal wanted;
    const auto changes = differences(m, as_principal(*known->second), wanted);
    if (changes.empty()) return;
    step(Step::Kind::change, "account " + m.address, changes, [m](Target& t) -> Result<Secret> {
      // Against what is there by then: what the file does not say is not taken back.
      GP_TRY(const Principal now, own(t, m.address));
      Principal to = now;
      if (differences(m, now, to).empty()) return Secret();
      GP_CHECK(t.directory.update_principal(to));
      if (now.enabled && !to.enabled && t.end_sessions) t.end_sessions(static_cast<account::AccountId>(now.id));
      return Secret();
    });
  }

  // The same of a contact, which has less.
  static Mailbox as_mailbox(const Outsider& c) {
    return {.address = c.address,
            .kind = PrincipalKind::contact,
            .name = c.name,
            .enabled = c.enabled,
            .contact = c.contact};
  }

  void outsider(const Outsider& c) {
    const Mailbox wanted = as_mailbox(c);
    const auto known = contacts_.find(c.address);
    Principal none, to;
    const auto changes =
        differences(wanted, known != contacts_.end() ? as_principal(as_mailbox(*known->second)) : none, to);
    if (known != contacts_.end() && changes.empty()) return;
    const bool fresh = known == contacts_.end();
    step(fresh ? Step::Kind::add : Step::Kind::change, "contact " + c.address, changes,
         [c, wanted, fresh](Target& t) -> Result<Secret> {
           Principal now;
           if (fresh) {
             GP_TRY(now, t.directory.add_contact(c.address, c.name.value_or(""), c.domain));
           } else {
             GP_TRY(now, t.directory.find_contact(c.address));
           }
           Principal to = now;
           if (!differences(wanted, now, to).empty()) GP_CHECK(t.directory.update_principal(to));
           return Secret();
         });
  }

  void address_book(const AddressBook& b) {
    const auto known = std::ranges::find(current_.address_books, b.name, &AddressBook::name);
    const bool fresh = known == current_.address_books.end();
    if (!fresh && known->viewers == b.viewers && known->shown == b.shown) return;
    step(fresh ? Step::Kind::add : Step::Kind::change, "address book " + b.name,
         {fmt::format("viewers: {}", fmt::join(b.viewers, " ")), fmt::format("shown: {}", fmt::join(b.shown, " "))},
         [b](Target& t) { return no_password(t.directory.put_address_book({b.name, b.viewers, b.shown})); });
  }

  void new_mailbox(const Mailbox& m) {
    Principal none, wanted;
    auto details = differences(m, none, wanted);
    if (m.kind != PrincipalKind::person) details.insert(details.begin(), fmt::format("kind: {}", name_of(m.kind)));
    step(Step::Kind::add, "account " + m.address, std::move(details), [m](Target& t) -> Result<Secret> {
      const bool signs_in = m.kind == PrincipalKind::person && t.make_passwords;
      Secret password = signs_in ? Secret(t.random.token(kPasswordCharacters)) : Secret();
      const NewMailbox fresh{m.kind, m.address, m.name.value_or(""), m.quota_octets.value_or(0),
                             m.quota_messages.value_or(0)};
      GP_TRY(const Principal added, add_mailbox(t.directory, t.accounts, fresh, password));
      Principal to = added;
      if (!differences(m, added, to).empty()) GP_CHECK(t.directory.update_principal(to));
      return password;
    });
  }

  // By its own address, not by an alias.
  static Result<Principal> own(Target& t, const std::string& address) {
    GP_TRY(Principal found, t.directory.find(address));
    if (found.address != address) return fail(Errc::not_found, fmt::format("there is no {} any more", address));
    return found;
  }

  void new_group(const Group& g) {
    if (groups_.contains(g.address)) return;
    std::vector<std::string> details;
    if (g.rule) details.push_back("rule: " + *g.rule);
    step(Step::Kind::add, "group " + g.address, std::move(details), [g](Target& t) -> Result<Secret> {
      if (g.rule) {
        GP_CHECK(t.directory.add_rule_group(g.address, g.name.value_or(""), *g.rule));
      } else {
        GP_CHECK(t.directory.add_principal(PrincipalKind::group, g.address, g.name.value_or("")));
      }
      return Secret();
    });
  }

  void group(const Group& g) {
    const auto known = groups_.find(g.address);
    const Group none{.address = g.address, .name = g.name, .members = std::vector<std::string>(), .rule = g.rule};
    const Group& now = known != groups_.end() ? *known->second : none;
    std::vector<std::string> details;
    if (g.name && g.name != now.name) {
      details.push_back(fmt::format("name: {} -> {}", or_none(*now.name), or_none(*g.name)));
    }
    std::vector<std::string> come, go;
    if (g.members && now.members) {
      std::ranges::set_difference(*g.members, *now.members, std::back_inserter(come));
      std::ranges::set_difference(*now.members, *g.members, std::back_inserter(go));
    }
    if (!come.empty()) details.push_back(fmt::format("comes: {}", fmt::join(come, " ")));
    if (!go.empty()) details.push_back(fmt::format("goes: {}", fmt::join(go, " ")));
    if (g.rule && g.rule != now.rule) {
      details.push_back(fmt::format("rule: {} -> {}", or_none(now.rule.value_or("")), *g.rule));
    }
    if (details.empty()) return;
    step(Step::Kind::change, "group " + g.address, std::move(details), [g, come, go](Target& t) -> Result<Secret> {
      GP_TRY(Principal found, own(t, g.address));
      if (g.name.value_or(found.display_name) != found.display_name || g.rule.value_or(found.rule) != found.rule) {
        found.display_name = g.name.value_or(found.display_name);
        found.rule = g.rule.value_or(found.rule);
        GP_CHECK(t.directory.update_principal(found));
      }
      if (!come.empty() || !go.empty()) GP_CHECK(t.directory.change_members(found.id, come, go));
      return Secret();
    });
  }

  // An alias has to lead to what is there: those that lead to new ones come after them.
  void aliases() {
    std::vector<const Alias*> todo;
    ByAddress<Alias> fresh;
    for (const Alias& a : wanted_.aliases) {
      const auto known = aliases_.find(a.address);
      if (known != aliases_.end() && known->second->targets == a.targets) continue;
      todo.push_back(&a);
      if (known == aliases_.end()) fresh.emplace(a.address, &a);
    }
    std::map<const Alias*, std::size_t> waits_for;
    std::multimap<std::string_view, const Alias*> waiting;
    std::vector<const Alias*> ready;
    for (const Alias* a : todo) {
      for (const std::string& target : a->targets) {
        if (!fresh.contains(target)) continue;
        ++waits_for[a];
        waiting.emplace(target, a);
      }
      if (!waits_for.contains(a)) ready.push_back(a);
    }
    for (std::size_t n = 0; n < ready.size(); ++n) {
      alias(*ready[n]);
      const auto [begin, end] = waiting.equal_range(ready[n]->address);
      for (auto at = begin; at != end; ++at) {
        if (--waits_for[at->second] == 0) ready.push_back(at->second);
      }
    }
    for (const Alias* a : todo) {
      if (waits_for[a] == 0) continue;
      problem(a->line, "[[alias]] " + a->address, "leads to itself through others, or to one that does",
              "Let one of them lead to somebody.");
    }
  }

  void alias(const Alias& a) {
    const auto known = aliases_.find(a.address);
    if (known == aliases_.end()) {
      return step(Step::Kind::add, "alias " + a.address, {fmt::format("leads to: {}", fmt::join(a.targets, " "))},
                  [a](Target& t) { return no_password(t.directory.add_alias(a.address, a.targets)); });
    }
    step(Step::Kind::change, "alias " + a.address,
         {fmt::format("leads to: {} -> {}", fmt::join(known->second->targets, " "), fmt::join(a.targets, " "))},
         [a](Target& t) { return no_password(t.directory.change_alias(a.address, a.targets)); });
  }

  void rights(const Mailbox& m) {
    if (!m.rights) return;
    const auto known = mailboxes_.find(m.address);
    const std::vector<Right> now =
        known != mailboxes_.end() ? known->second->rights.value_or(std::vector<Right>()) : std::vector<Right>();
    std::vector<std::string> details;
    for (const Right& right : *m.rights) {
      if (std::ranges::find(now, right) == now.end()) details.push_back("grant: " + shown(right));
    }
    for (const Right& right : now) {
      if (std::ranges::find(*m.rights, right) == m.rights->end()) details.push_back("take back: " + shown(right));
    }
    if (details.empty()) return;
    step(Step::Kind::change, "rights in " + m.address, std::move(details),
         [m, now](Target& t) { return no_password(set_rights(t, m, now)); });
  }

  static Result<> set_rights(Target& t, const Mailbox& m, const std::vector<Right>& before) {
    GP_TRY(const Principal owner, own(t, m.address));
    GP_TRY(const auto account, t.accounts.open(static_cast<account::AccountId>(owner.id)));
    GP_TRY(const auto folders, account->folders());
    const sharing::Sharing sharing(t.directory, t.accounts);
    const auto each = [&](const Right& right, const std::function<Result<>(account::FolderId)>& one) -> Result<> {
      if (right.folder && !right.folder->empty()) {
        GP_TRY(const auto folder, account->find_folder(*right.folder));
        return one(folder.id);
      }
      GP_CHECK(one(account::kRoot));
      if (right.folder) return {};
      for (const account::Folder& folder : *folders) GP_CHECK(one(folder.id));
      return {};
    };
    // Granted first: what stays in another form is never missing.
    for (const Right& right : *m.rights) {
      GP_CHECK(each(right, [&](account::FolderId folder) {
        return sharing.set(*account, folder, right.who, sharing::Change::replace, right.rights);
      }));
    }
    const auto is_wanted = [&](const std::string& who, account::FolderId folder, const std::string& path) {
      return std::ranges::any_of(*m.rights, [&](const Right& r) {
        if (r.who != who) return false;
        return !r.folder || (folder == account::kRoot ? r.folder->empty() : *r.folder == path);
      });
    };
    const auto take_back = [&](account::FolderId folder, const std::string& path) -> Result<> {
      for (const Right& right : before) {
        if (is_wanted(right.who, folder, path)) continue;
        if (auto gone = sharing.remove(*account, folder, right.who); !gone && gone.error().code != Errc::not_found) {
          return gone;
        }
      }
      return {};
    };
    GP_CHECK(take_back(account::kRoot, ""));
    for (const account::Folder& folder : *folders) GP_CHECK(take_back(folder.id, folder.path));
    return {};
  }

  void own_seen(const Mailbox& m) {
    if (!m.own_seen) return;
    const auto known = mailboxes_.find(m.address);
    if (*m.own_seen == (known != mailboxes_.end() && known->second->own_seen.value_or(false))) return;
    step(Step::Kind::change, "read and unread in " + m.address,
         {*m.own_seen ? "each reader has his own" : "one mark for all"},
         [address = m.address, on = *m.own_seen](Target& t) -> Result<Secret> {
           GP_TRY(const Principal owner, own(t, address));
           GP_TRY(const auto account, t.accounts.open(static_cast<account::AccountId>(owner.id)));
           return no_password(account->set_own_seen(on));
         });
  }

  struct SenderChange {
    directory::SendRight right;
    std::vector<std::string> granted, revoked;
  };

  // When all who are named are there.
  template <class T>
  void senders(const T& one, const ByAddress<T>& known) {
    const auto found = known.find(one.address);
    std::vector<SenderChange> changes;
    std::vector<std::string> details;
    const auto compare = [&](directory::SendRight right, std::optional<std::vector<std::string>> Senders::* list) {
      const auto& wanted = one.senders.*list;
      if (!wanted) return;
      const std::vector<std::string> now = found != known.end()
                                               ? (found->second->senders.*list).value_or(std::vector<std::string>())
                                               : std::vector<std::string>();
      SenderChange change{right, {}, {}};
      std::ranges::set_difference(*wanted, now, std::back_inserter(change.granted));
      std::ranges::set_difference(now, *wanted, std::back_inserter(change.revoked));
      if (!change.granted.empty()) {
        details.push_back(fmt::format("grant {}: {}", directory::to_string(right), fmt::join(change.granted, " ")));
      }
      if (!change.revoked.empty()) {
        details.push_back(fmt::format("take back {}: {}", directory::to_string(right), fmt::join(change.revoked, " ")));
      }
      if (!change.granted.empty() || !change.revoked.empty()) changes.push_back(std::move(change));
    };
    compare(directory::SendRight::as, &Senders::send_as);
    compare(directory::SendRight::on_behalf, &Senders::send_on_behalf);
    if (changes.empty()) return;
    step(Step::Kind::change, "rights to send as " + one.address, std::move(details),
         [address = one.address, changes](Target& t) { return no_password(change_senders(t, address, changes)); });
  }

  static Result<> change_senders(Target& t, const std::string& address, const std::vector<SenderChange>& changes) {
    GP_TRY(const Principal of, own(t, address));
    for (const SenderChange& change : changes) {
      std::vector<directory::PrincipalId> granted, revoked;
      for (const std::string& who : change.granted) {
        GP_TRY(const Principal found, own(t, who));
        granted.push_back(found.id);
      }
      for (const std::string& who : change.revoked) {
        GP_TRY(const Principal found, own(t, who));
        revoked.push_back(found.id);
      }
      GP_CHECK(t.directory.change_senders(of.id, change.right, granted, revoked));
    }
    return {};
  }

  // Aliases before what they lead to, so that a catch-all or alias does not lose its target in between.
  void drop() {
    const auto mailboxes = by_address(wanted_.mailboxes);
    const auto contacts = by_address(wanted_.contacts);
    const auto groups = by_address(wanted_.groups);
    const auto aliases = by_address(wanted_.aliases);
    for (const AddressBook& b : current_.address_books) {
      if (std::ranges::find(wanted_.address_books, b.name, &AddressBook::name) != wanted_.address_books.end()) continue;
      step(Step::Kind::remove, "address book " + b.name, {},
           [name = b.name](Target& t) { return no_password(t.directory.remove_address_book(name)); });
    }
    for (const Alias& a : current_.aliases) {
      if (aliases.contains(a.address)) continue;
      step(Step::Kind::remove, "alias " + a.address, {},
           [address = a.address](Target& t) { return no_password(t.directory.remove_alias(address)); });
    }
    for (const Group& g : current_.groups) {
      if (groups.contains(g.address)) continue;
      step(Step::Kind::remove, "group " + g.address, {}, [address = g.address](Target& t) -> Result<Secret> {
        GP_TRY(const Principal found, own(t, address));
        return no_password(t.directory.remove_principal(found.id));
      });
    }
    for (const Outsider& c : current_.contacts) {
      if (contacts.contains(c.address)) continue;
      step(Step::Kind::remove, "contact " + c.address, {}, [address = c.address](Target& t) -> Result<Secret> {
        GP_TRY(const Principal found, t.directory.find_contact(address));
        return no_password(t.directory.remove_principal(found.id));
      });
    }
    for (const Mailbox& m : current_.mailboxes) {
      if (mailboxes.contains(m.address) || !m.enabled.value_or(true)) continue;
      Mailbox disabled{.address = m.address, .kind = m.kind, .enabled = false};
      mailbox(disabled);
    }
    for (const Domain& d : current_.domains) drop_domain(d, groups, aliases);
  }

  void drop_domain(const Domain& d, const ByAddress<Group>& groups, const ByAddress<Alias>& aliases) {
    if (std::ranges::find(wanted_.domains, d.name, &Domain::name) != wanted_.domains.end()) return;
    const auto is_in = [&](std::string_view address) { return address.ends_with("@" + d.name); };
    const auto stays = [&](const auto& kept) {
      return std::ranges::any_of(kept, is_in, [](const auto& row) { return row.first; });
    };
    if (stays(mailboxes_) || stays(groups) || stays(aliases) ||
        std::ranges::any_of(wanted_.mailboxes, is_in, &Mailbox::address) ||
        std::ranges::find(wanted_.contacts, d.name, &Outsider::domain) != wanted_.contacts.end()) {
      return;
    }
    step(Step::Kind::remove, "domain " + d.name, {},
         [name = d.name](Target& t) { return no_password(t.directory.remove_domain(name)); });
  }

  const Declaration& wanted_;
  const Declaration& current_;
  const bool prune_;
  const std::string filename_;
  const ByAddress<Mailbox> mailboxes_;
  const ByAddress<Outsider> contacts_;
  const ByAddress<Group> groups_;
  const ByAddress<Alias> aliases_;
  std::vector<Step> steps_;
  std::vector<config::Problem> problems_;
};

}  // namespace

std::expected<std::vector<Step>, std::vector<config::Problem>> plan(const Declaration& wanted,
                                                                    const Declaration& current, bool prune,
                                                                    std::string_view filename) {
  return Planner(wanted, current, prune, filename).make();
}

Result<Principal> add_mailbox(directory::Directory& directory, account::Accounts& accounts, const NewMailbox& mailbox,
                              const Secret& password) {
  GP_TRY(Principal added, directory.add_principal(mailbox.kind, mailbox.address, mailbox.name));
  auto complete = password.reveal().empty() ? Result<>() : directory.set_password(added.id, password);
  if (complete && (mailbox.quota_octets > 0 || mailbox.quota_messages > 0)) {
    added.quota_octets = mailbox.quota_octets;
    added.quota_messages = mailbox.quota_messages;
    complete = directory.update_principal(added);
  }
  if (complete) {
    if (auto opened = accounts.open(static_cast<account::AccountId>(added.id)); !opened) {
      complete = std::unexpected(std::move(opened).error());
    }
  }
  if (complete) return added;
  // Half an account would be neither usable nor addable again.
  (void)directory.remove_principal(added.id);
  return std::unexpected(std::move(complete).error());
}

}  // namespace gatepost::organisation
