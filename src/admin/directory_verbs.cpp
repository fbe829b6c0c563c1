#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "directory/addresses.hpp"
#include "directory/password_age.hpp"
#include "organisation/plan.hpp"

namespace gatepost::admin {
namespace {

using directory::Principal;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A password that the request brings, or one that is made here and shown once.
struct NewPassword {
  Secret password;
  bool made = false;
};
NewPassword new_password(Services& services, const Request& request) {
  constexpr std::size_t kCharacters = 16;
  if (request.has("password")) return {Secret(request.option("password")), false};
  return {Secret(services.random.token(kCharacters)), true};
}
Reply done_with(std::string_view sentence, std::string_view name, const NewPassword& fresh) {
  if (!fresh.made) return done(sentence, name);
  Reply reply = done(sentence, name, {{"password", std::string(fresh.password.reveal())}});
  reply.text += fmt::format("Password: {}\n", fresh.password.reveal());
  return reply;
}

Reply domain_add(Services& services, const Request& request, std::stop_token) {
  const std::string name = request.option("name");
  if (auto added = services.directory.add_domain(name); !added) return failure(added.error(), "domain " + name);
  return done(fmt::format("Domain {} is served now.", name), name);
}

Reply domain_list(Services& services, const Request&, std::stop_token) {
  const auto domains = services.directory.domains();
  if (!domains) return failure(domains.error(), "domains");
  Table table({"domain", "catch_all", "created"});
  for (const auto& d : *domains) table.row().text(d.name).text(d.catch_all).text(date::format_rfc3339(d.created));
  return table.reply("No domain is served yet: gatepost domain add NAME");
}

Reply domain_delete(Services& services, const Request& request, std::stop_token) {
  const std::string name = request.option("name");
  if (auto gone = services.directory.remove_domain(name); !gone) return failure(gone.error(), "domain " + name);
  return done(fmt::format("Domain {} is no longer served.", name), name);
}

Reply domain_catch_all(Services& services, const Request& request, std::stop_token) {
  const std::string name = request.option("name"), address = request.option("address");
  if (auto set = services.directory.set_catch_all(name, address); !set) return failure(set.error(), "domain " + name);
  return done(address.empty() ? fmt::format("Unknown addresses of {} are refused.", name)
                              : fmt::format("Unknown addresses of {} go to {}.", name, address),
              name);
}

Reply domain_check(Services& services, const Request& request, std::stop_token stop) {
  const auto name = directory::canonical_domain(request.option("name"));
  if (!name) return failure(name.error(), request.option("name"));
  const auto ours = services.directory.is_local_domain(*name);
  if (!ours) return failure(ours.error(), *name);
  if (!*ours) return failure({Errc::not_found, "this server does not serve it"}, "domain " + *name);
  return services.server.check_domain(request, std::move(stop));
}

Reply account_add(Services& services, const Request& request, std::stop_token) {
  const std::string address = request.option("address");
  const auto quota = parse_number<std::uint64_t>(request.option("quota", "0"));
  if (!quota) return usage("--quota wants a number of octets, 0 for no limit");
  const auto messages = parse_number<std::uint64_t>(request.option("messages", "0"));
  if (!messages) return usage("--messages wants a number, 0 for no limit");
  const auto kind = organisation::mailbox_kind_named(request.option("kind", "user"));
  if (!kind) return usage("--kind is user, shared, room or equipment");
  // Nobody signs in to what is not a person's, unless a password is given.
  const bool signs_in = *kind == directory::PrincipalKind::person || request.has("password");
  const NewPassword fresh = signs_in ? new_password(services, request) : NewPassword();
  const auto added =
      organisation::add_mailbox(services.directory, services.accounts,
                                {*kind, address, request.option("name"), *quota, *messages}, fresh.password);
  if (!added) return failure(added.error(), "account " + address);
  if (signs_in && request.has("must-change")) {
    const auto asked = directory::password_ages(services.directory).demand_change(added->id, true);
    if (!asked) return failure(asked.error(), added->address);
  }
  if (!signs_in) {
    return done(
        fmt::format("Account {0} is ready. Grant rights in it: gatepost acl set {0} IDENTIFIER RIGHTS", added->address),
        added->address);
  }
  return done_with(fmt::format("Account {} is ready.", added->address), added->address, fresh);
}

Reply account_list(Services& services, const Request&, std::stop_token) {
  const auto principals = services.directory.principals();
  if (!principals) return failure(principals.error(), "accounts");
  Table table({"address", "kind", "name", "enabled", "messages", "octets", "quota", "message_quota", "removed",
               "created", "role", "copy_sent", "password_changed", "password_expires", "must_change_password",
               "password_never_expires"});
  for (const auto& p : *principals) {
    account::Account::Quota used;
    if (!directory::has_mailbox(p.kind)) continue;
    if (const auto account = services.accounts.open(static_cast<account::AccountId>(p.id))) {
      if (const auto quota = (*account)->quota()) used = *quota;
    }
    table.row().text(p.address).text(organisation::name_of(p.kind)).text(p.display_name).boolean(p.enabled);
    table.number(used.messages)
        .number(used.used_octets)
        .number(p.quota_octets)
        .number(p.quota_messages)
        .number(used.removed_octets)
        .text(date::format_rfc3339(p.created))
        .text(directory::to_string(p.role))
        .boolean(p.copy_sent);
    const directory::PasswordStanding password = directory::password_ages(services.directory).standing(p);
    table.text(password.changed ? date::format_rfc3339(*password.changed) : "")
        .text(password.expires ? date::format_rfc3339(*password.expires) : "")
        .boolean(password.must_change)
        .boolean(p.password_never_expires);
  }
  return table.reply("No account yet: gatepost account add ADDRESS");
}

Reply account_passwd(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  const NewPassword fresh = new_password(services, request);
  const auto kind = request.has("must-change") ? directory::PasswordKind::initial : directory::PasswordKind::own;
  if (auto set = services.directory.set_password(principal->id, fresh.password, kind); !set) {
    return failure(set.error(), principal->address);
  }
  end_sessions(services, *principal);
  return done_with(
      fmt::format("The password of {} is changed{}.", principal->address,
                  kind == directory::PasswordKind::initial ? ", and has to be replaced at the next sign-in" : ""),
      principal->address, fresh);
}

Reply set_enabled(Services& services, const Request& request, bool enabled) {
  auto principal = named_account(services, request);
  if (!principal) return principal.error();
  principal->enabled = enabled;
  if (auto set = services.directory.update_principal(*principal); !set) return failure(set.error(), principal->address);
  if (!enabled) end_sessions(services, *principal);
  return done(fmt::format("Account {} is {}.", principal->address,
                          enabled ? "enabled" : "disabled: no sign-in, mail is refused"),
              principal->address);
}
Reply account_disable(Services& s, const Request& r, std::stop_token) { return set_enabled(s, r, false); }
Reply account_enable(Services& s, const Request& r, std::stop_token) { return set_enabled(s, r, true); }

std::string limit_text(std::uint64_t limit, std::string_view unit) {
  return limit == 0 ? fmt::format("no limit of {} of its own", unit) : fmt::format("at most {} {}", limit, unit);
}

Reply account_quota(Services& services, const Request& request, std::stop_token) {
  auto principal = named_account(services, request);
  if (!principal) return principal.error();
  if (!request.has("octets") && !request.has("messages")) {
    return usage("account quota ADDRESS OCTETS, or --messages NUMBER, or both; 0 for no limit");
  }
  const auto octets = parse_number<std::uint64_t>(request.option("octets", "0"));
  const auto messages = parse_number<std::uint64_t>(request.option("messages", "0"));
  if (!octets || !messages) return usage("account quota ADDRESS OCTETS --messages NUMBER: numbers, 0 for no limit");
  if (request.has("octets")) principal->quota_octets = *octets;
  if (request.has("messages")) principal->quota_messages = *messages;
  if (auto set = services.directory.update_principal(*principal); !set) return failure(set.error(), principal->address);
  return done(fmt::format("{} has {}, {}.", principal->address, limit_text(principal->quota_octets, "octets"),
                          limit_text(principal->quota_messages, "messages")),
              principal->address);
}

Reply account_delete(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  // Noted first: what a crash leaves half done is completed at the next start.
  const auto id = static_cast<account::AccountId>(principal->id);
  if (auto noted = services.accounts.begin_removal(id); !noted) return failure(noted.error(), principal->address);
  // What it has read in others' mailboxes. One that cannot be read now keeps a little that nobody looks at.
  for (const directory::Principal& sharer : services.directory.sharers(principal->id)) {
    const auto shared = services.accounts.open(static_cast<account::AccountId>(sharer.id));
    if (shared) (void)(*shared)->forget_reader(static_cast<account::Reader>(principal->id));
  }
  // Sign-in and addresses next: nothing may arrive while the mail goes.
  if (auto gone = services.directory.remove_principal(principal->id); !gone)
    return failure(gone.error(), principal->address);
  end_sessions(services, *principal);
  if (auto gone = services.accounts.remove(id); !gone) {
    return failure(gone.error(), principal->address);
  }
  return done(fmt::format("Account {} and its mail are deleted.", principal->address), principal->address);
}

Reply alias_add(Services& services, const Request& request, std::stop_token) {
  const std::string address = request.option("address");
  const auto targets = request.options.find("target");
  if (targets == request.options.end() || targets->second.empty()) return usage("alias add ADDRESS TARGET...");
  if (auto added = services.directory.add_alias(address, targets->second); !added)
    return failure(added.error(), "alias " + address);
  return done(fmt::format("Mail to {} goes to {} address(es).", address, targets->second.size()), address);
}

Reply alias_list(Services& services, const Request&, std::stop_token) {
  const auto aliases = services.directory.aliases();
  if (!aliases) return failure(aliases.error(), "aliases");
  Table table({"address", "targets"});
  for (const auto& a : *aliases) table.row().text(a.address).text(fmt::format("{}", fmt::join(a.targets, " ")));
  return table.reply("No alias yet: gatepost alias add ADDRESS TARGET...");
}

Reply alias_delete(Services& services, const Request& request, std::stop_token) {
  const std::string address = request.option("address");
  if (auto gone = services.directory.remove_alias(address); !gone) return failure(gone.error(), "alias " + address);
  return done(fmt::format("Alias {} is deleted.", address), address);
}

}  // namespace

std::vector<Verb> domain_verbs() {
  return {{"domain add", "Serve a mail domain.", false, domain_add},
          {"domain list", "The domains that are served.", false, domain_list},
          {"domain delete", "Serve a domain no longer (it must have no addresses).", false, domain_delete},
          {"domain catch-all", "Say where unknown addresses of a domain go.", false, domain_catch_all},
          {"domain check", "What DNS says of a domain, and what to write.", true, domain_check}};
}

std::vector<Verb> account_verbs() {
  return {{"account add", "Add an account; without --password-stdin a password is made and shown.", false, account_add},
          {"account list", "The accounts and what they use.", false, account_list},
          {"account passwd", "Set a new password; open sessions end.", false, account_passwd},
          {"account disable", "No sign-in, mail is refused; nothing is deleted.", false, account_disable},
          {"account enable", "Undo a disable.", false, account_enable},
          {"account quota", "Limit what an account may hold.", false, account_quota},
          {"account delete", "Delete an account with all its mail.", false, account_delete}};
}

std::vector<Verb> alias_verbs() {
  return {{"alias add", "Let an address lead to others.", false, alias_add},
          {"alias list", "The aliases.", false, alias_list},
          {"alias delete", "Delete an alias.", false, alias_delete}};
}

}  // namespace gatepost::admin
