#include <fmt/format.h>

#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"

namespace gatepost::admin {
namespace {

using directory::Principal;

// The principal an option names, as a verb wants it: found, or the reply that says why not.
std::expected<Principal, Reply> find(Services& services, const Request& request) {
  const std::string address = request.option("address");
  auto found = services.directory.find(address);
  if (!found) return std::unexpected(failure(found.error(), fmt::format("account {}", address)));
  return *std::move(found);
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

Reply account_add(Services& services, const Request& request, std::stop_token) {
  const std::string address = request.option("address");
  const bool generated = !request.has("password");
  const Secret password(generated ? services.random.token(16) : request.option("password"));
  auto added = services.directory.add_principal(directory::PrincipalKind::person, address, request.option("name"));
  if (!added) return failure(added.error(), "account " + address);
  auto set = services.directory.set_password(added->id, password);
  if (set && request.has("quota")) {
    added->quota_octets = std::stoull(request.option("quota", "0"));
    set = services.directory.update_principal(*added);
  }
  if (!set) {
    // Half an account would be neither usable nor addable again.
    (void)services.directory.remove_principal(added->id);
    return failure(set.error(), "account " + address);
  }
  if (auto opened = services.accounts.open(static_cast<account::AccountId>(added->id)); !opened) {
    return failure(opened.error(), "account " + address);
  }
  Reply reply = done(fmt::format("Account {} is ready.", added->address), added->address);
  if (generated) reply.text += fmt::format("Password: {}\n", password.reveal());
  return reply;
}

Reply account_list(Services& services, const Request&, std::stop_token) {
  const auto principals = services.directory.principals();
  if (!principals) return failure(principals.error(), "accounts");
  Table table({"address", "name", "enabled", "messages", "octets", "quota", "created"});
  for (const auto& p : *principals) {
    account::Account::Quota used;
    if (const auto account = services.accounts.open(static_cast<account::AccountId>(p.id))) {
      if (const auto quota = (*account)->quota()) used = *quota;
    }
    table.row().text(p.address).text(p.display_name).boolean(p.enabled).number(used.messages).number(used.used_octets);
    table.number(p.quota_octets).text(date::format_rfc3339(p.created));
  }
  return table.reply("No account yet: gatepost account add ADDRESS");
}

void end_sessions(Services& services, const Principal& principal) {
  if (services.server.end_sessions) services.server.end_sessions(static_cast<account::AccountId>(principal.id));
}

Reply account_passwd(Services& services, const Request& request, std::stop_token) {
  const auto principal = find(services, request);
  if (!principal) return principal.error();
  const bool generated = !request.has("password");
  const Secret password(generated ? services.random.token(16) : request.option("password"));
  if (auto set = services.directory.set_password(principal->id, password); !set)
    return failure(set.error(), principal->address);
  end_sessions(services, *principal);
  Reply reply = done(fmt::format("The password of {} is changed.", principal->address), principal->address);
  if (generated) reply.text += fmt::format("Password: {}\n", password.reveal());
  return reply;
}

Reply set_enabled(Services& services, const Request& request, bool enabled) {
  auto principal = find(services, request);
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

Reply account_quota(Services& services, const Request& request, std::stop_token) {
  auto principal = find(services, request);
  if (!principal) return principal.error();
  try {
    principal->quota_octets = std::stoull(request.option("octets"));
  } catch (const std::exception&) {
    return usage("--octets wants a number of octets, 0 for no limit");
  }
  if (auto set = services.directory.update_principal(*principal); !set) return failure(set.error(), principal->address);
  return done(fmt::format("The quota of {} is {} octets.", principal->address, principal->quota_octets),
              principal->address);
}

Reply account_delete(Services& services, const Request& request, std::stop_token) {
  const auto principal = find(services, request);
  if (!principal) return principal.error();
  // Sign-in and addresses first: nothing may arrive while the mail goes.
  if (auto gone = services.directory.remove_principal(principal->id); !gone)
    return failure(gone.error(), principal->address);
  end_sessions(services, *principal);
  if (auto gone = services.accounts.remove(static_cast<account::AccountId>(principal->id)); !gone) {
    return failure(gone.error(), principal->address);
  }
  return done(fmt::format("Account {} and its mail are deleted.", principal->address), principal->address);
}

Reply alias_add(Services& services, const Request& request, std::stop_token) {
  const std::string address = request.option("address");
  const auto targets = request.options.find("target");
  if (targets == request.options.end()) return usage("alias add ADDRESS TARGET...");
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

Reply app_password_add(Services& services, const Request& request, std::stop_token) {
  const auto principal = find(services, request);
  if (!principal) return principal.error();
  auto secret = services.directory.add_app_password(principal->id, request.option("name"));
  if (!secret) return failure(secret.error(), principal->address);
  Reply reply = done(fmt::format("App password for {}: {}", principal->address, secret->reveal()), principal->address);
  reply.json = fmt::format("{{\"address\":\"{}\",\"password\":\"{}\"}}", principal->address, secret->reveal());
  return reply;
}

Reply app_password_list(Services& services, const Request& request, std::stop_token) {
  const auto principal = find(services, request);
  if (!principal) return principal.error();
  const auto list = services.directory.app_passwords(principal->id);
  if (!list) return failure(list.error(), principal->address);
  Table table({"id", "name", "created", "last_used"});
  for (const auto& p : *list) {
    table.row().number(p.id).text(p.name).text(date::format_rfc3339(p.created));
    table.text(p.last_used ? date::format_rfc3339(*p.last_used) : "never");
  }
  return table.reply("No app password.");
}

Reply app_password_delete(Services& services, const Request& request, std::stop_token) {
  const auto principal = find(services, request);
  if (!principal) return principal.error();
  std::uint32_t id = 0;
  try {
    id = static_cast<std::uint32_t>(std::stoul(request.option("id")));
  } catch (const std::exception&) {
    return usage("app-password delete ADDRESS ID");
  }
  if (auto gone = services.directory.remove_app_password(principal->id, id); !gone)
    return failure(gone.error(), principal->address);
  return done(fmt::format("App password {} of {} no longer works.", id, principal->address), principal->address);
}

}  // namespace

std::vector<Verb> domain_verbs() {
  return {{"domain add", "Serve a mail domain.", false, domain_add},
          {"domain list", "The domains that are served.", false, domain_list},
          {"domain delete", "Serve a domain no longer (it must have no addresses).", false, domain_delete},
          {"domain catch-all", "Say where unknown addresses of a domain go.", false, domain_catch_all}};
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

std::vector<Verb> app_password_verbs() {
  return {{"app-password add", "Make a password for one device or program; shown once.", false, app_password_add},
          {"app-password list", "The app passwords of an account.", false, app_password_list},
          {"app-password delete", "Let an app password work no longer.", false, app_password_delete}};
}

}  // namespace gatepost::admin
