#include <fmt/format.h>
#include <boost/json.hpp>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "mailflow/forwarding.hpp"

// Where all mail of an account is sent on to.
namespace gatepost::admin {
namespace {

using mailflow::Forwarding;

std::string_view set_by(const Forwarding& forwarding) {
  return forwarding.to.empty() ? "" : forwarding.by_administrator ? "administrator" : "user";
}

Reply forwarding_show(Services& services, const Request& request, std::stop_token) {
  const auto account = opened_account(services, request);
  if (!account) return account.error();
  const auto forwarding = mailflow::forwarding_of(**account);
  if (!forwarding) return failure(forwarding.error(), request.option("address"));
  Reply reply;
  reply.text = !forwarding->enabled
                   ? "Mail is not sent on.\n"
                   : fmt::format("All mail is sent on to {}, {}. Set up by {}.\n", forwarding->to,
                                 forwarding->keep_copy ? "and stays here, too" : "and does not stay here",
                                 forwarding->by_administrator ? "an administrator" : "its owner");
  reply.json = boost::json::serialize(boost::json::object{{"enabled", forwarding->enabled},
                                                          {"to", forwarding->to},
                                                          {"keep_copy", forwarding->keep_copy},
                                                          {"set_by", set_by(*forwarding)}});
  return reply;
}

Reply forwarding_set(Services& services, const Request& request, std::stop_token) {
  const Forwarding forwarding{
      .enabled = true, .to = request.option("to"), .keep_copy = !request.has("no-copy"), .by_administrator = true};
  if (forwarding.to.empty()) return usage("--to is missing: where the mail is sent on to");
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  const auto account = services.accounts.open(static_cast<account::AccountId>(principal->id));
  if (!account) return failure(account.error(), principal->address);
  // An administrator may lead it anywhere, but not nowhere.
  const auto may = mailflow::may_forward(services.directory, principal->id, forwarding.to,
                                         {.hostname = {}, .forward_outside = {"*"}});
  if (!may) return failure(may.error(), forwarding.to);
  if (const auto set = mailflow::set_forwarding(**account, forwarding); !set) {
    return failure(set.error(), forwarding.to);
  }
  return done(fmt::format("All mail of {} is sent on to {}{}.", principal->address, forwarding.to,
                          forwarding.keep_copy ? ", and stays here, too" : ""),
              principal->address);
}

Reply forwarding_clear(Services& services, const Request& request, std::stop_token) {
  const auto account = opened_account(services, request);
  if (!account) return account.error();
  if (const auto set = mailflow::set_forwarding(**account, {}); !set) {
    return failure(set.error(), request.option("address"));
  }
  return done(fmt::format("Mail of {} is not sent on any more.", request.option("address")), request.option("address"));
}

// Opens every account once.
Reply forwarding_list(Services& services, const Request&, std::stop_token stop) {
  Table table({"address", "to", "keep_copy", "set_by"});
  const auto all = services.directory.principals();
  if (!all) return failure(all.error(), "accounts");
  for (const directory::Principal& principal : *all) {
    if (stop.stop_requested()) break;
    if (principal.kind == directory::PrincipalKind::group) continue;
    const auto account = services.accounts.open(static_cast<account::AccountId>(principal.id));
    if (!account) return failure(account.error(), principal.address);
    const auto forwarding = mailflow::forwarding_of(**account);
    if (!forwarding || !forwarding->enabled) continue;
    table.row().text(principal.address).text(forwarding->to).boolean(forwarding->keep_copy).text(set_by(*forwarding));
  }
  return table.reply("Nobody's mail is sent on.");
}

}  // namespace

std::vector<Verb> forwarding_verbs() {
  return {{"forwarding list", "List the accounts whose mail is sent on, and where to.", false, &forwarding_list},
          {"forwarding show", "Show where the mail of an account is sent on to.", false, &forwarding_show},
          {"forwarding set", "Send all mail of an account on, wherever that is.", false, &forwarding_set},
          {"forwarding clear", "Send the mail of an account on no more.", false, &forwarding_clear}};
}

}  // namespace gatepost::admin
