#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>

#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "config/units.hpp"
#include "gate/bans/ban_service.hpp"

// Who may not connect, and who may not sign in: two lists for the server, one question for people.
namespace gatepost::admin {
namespace {

namespace json = boost::json;

constexpr std::chrono::hours kDefaultLength{1};
constexpr std::chrono::hours kMaxLength{24 * 366};

Reply nobody_listens(std::string_view verb) { return failure({Errc::unavailable, "this server keeps no bans"}, verb); }

std::string when(TimePoint at) { return date::format_rfc3339(at); }

// "in the server and the firewall", or why not.
std::string where_in_force(const gate::Ban& ban, const gate::Enforcement& enforcement) {
  if (ban.daemon_only) return "in the server alone: the address was told by a proxy";
  if (enforcement.firewall) return "in the server and the firewall";
  return fmt::format("in the server alone: {}", enforcement.why_not);
}

bool in_firewall(const gate::Ban& ban, const gate::Enforcement& enforcement) {
  return enforcement.firewall && !ban.daemon_only;
}

Reply ban_list(Services& services, const Request& request, std::stop_token) {
  if (services.bans == nullptr || services.authenticator == nullptr) return nobody_listens("ban list");
  const gate::Enforcement enforcement = request.has("look") ? services.bans->look(false) : services.bans->enforcement();
  Table table({"address", "refused", "account", "cause", "since", "until", "level", "firewall", "reason"});
  for (const gate::Ban& ban : services.bans->list().bans()) {
    table.row()
        .text(ban.network.to_string())
        .text("connections")
        .text("")
        .text(to_string(ban.cause))
        .text(when(ban.since));
    table.text(when(ban.until)).number(ban.level).boolean(in_firewall(ban, enforcement)).text(ban.reason);
  }
  // Refusals of sign-in alone: the address may still connect.
  for (const auto& ban : services.authenticator->bans()) {
    table.row().text(ban.remote.to_string()).text("sign-in").text(ban.name.empty() ? "*" : ban.name);
    table.text(to_string(gate::Cause::sign_in))
        .text("")
        .text(when(ban.until))
        .number(1)
        .boolean(false)
        .text(ban.reason);
  }
  return table.reply("Nobody is banned.");
}

json::object ban_json(const gate::Ban& ban, const gate::Enforcement& enforcement) {
  return {{"network", ban.network.to_string()},
          {"cause", to_string(ban.cause)},
          {"reason", ban.reason},
          {"since", when(ban.since)},
          {"until", when(ban.until)},
          {"level", ban.level},
          {"firewall", in_firewall(ban, enforcement)},
          {"in_force", where_in_force(ban, enforcement)}};
}

json::array evidence_json(const std::vector<gate::Sighting>& seen) {
  json::array out;
  for (const gate::Sighting& s : seen) {
    out.push_back(json::object{{"first", when(s.first)},
                               {"last", when(s.last)},
                               {"what", to_string(s.what)},
                               {"count", s.count},
                               {"where", s.where},
                               {"detail", s.detail}});
  }
  return out;
}

std::string sightings_text(const std::vector<gate::Sighting>& seen) {
  std::string out;
  for (const gate::Sighting& s : seen) {
    out += fmt::format("  {}  {}", when(s.last), to_string(s.what));
    if (s.count > 1) out += fmt::format(", {} times since {}", s.count, when(s.first));
    if (!s.where.empty()) out += fmt::format(" ({})", s.where);
    if (!s.detail.empty()) out += fmt::format(": {}", s.detail);
    out += '\n';
  }
  return out;
}

// What the address has to do with the limits of sign-in.
std::vector<directory::Ban> refused_sign_ins(Services& services, const IpAddress& address) {
  auto all = services.authenticator->bans();
  std::erase_if(all, [&](const directory::Ban& ban) { return ban.remote != address.limit_key(); });
  return all;
}

std::string explanation(const gate::Standing& s, const IpAddress& address, const gate::Enforcement& enforcement) {
  const std::string shown = address.to_string();
  if (!s.exempt.empty()) return fmt::format("{} is never banned: {}.\n", shown, s.exempt);
  if (s.ban) {
    std::string out = fmt::format("{} is banned", shown);
    if (s.ban->network != Network{address}) out += fmt::format(" as part of {}", s.ban->network.to_string());
    out += fmt::format(": {}.\n", s.ban->reason);
    out += fmt::format("  since {}, until {}; cause: {}, the {}. time\n", when(s.ban->since), when(s.ban->until),
                       to_string(s.ban->cause), s.ban->level);
    out += fmt::format("  {}\n", where_in_force(*s.ban, enforcement));
    if (!s.ban->evidence.empty()) out += "What led to it:\n" + sightings_text(s.ban->evidence);
    return out + fmt::format("To end it: gatepost ban lift {}\n", s.ban->network.to_string());
  }
  std::string out = fmt::format("{} may connect.\n", shown);
  if (s.points >= 0.5) {
    out += fmt::format("  {:.0f} of {:.0f} points are held against it:\n", s.points, s.limit) + sightings_text(s.seen);
  }
  if (s.before) {
    out += fmt::format("  It was banned before, until {}: {}.\n", when(s.before->until), s.before->reason);
  }
  return out;
}

Reply ban_explain(Services& services, const Request& request, std::stop_token) {
  const auto address = IpAddress::parse(request.option("address"));
  if (!address) return usage("ban explain wants an IP address");
  if (services.bans == nullptr || services.authenticator == nullptr) return nobody_listens("ban explain");
  const gate::Standing s = services.bans->list().standing_of(*address);
  const gate::Enforcement enforcement = services.bans->enforcement();
  Reply reply;
  reply.text = explanation(s, *address, enforcement);
  json::array sign_ins;
  for (const directory::Ban& ban : refused_sign_ins(services, *address)) {
    const std::string account = ban.name.empty() ? "any account" : ban.name;
    reply.text += fmt::format("  It may not sign in to {} until {}: {}.\n", account, when(ban.until), ban.reason);
    sign_ins.push_back(json::object{{"account", ban.name}, {"until", when(ban.until)}, {"reason", ban.reason}});
  }
  json::object out{{"address", address->to_string()}, {"banned", s.ban.has_value()}};
  out["ban"] = s.ban ? json::value(ban_json(*s.ban, enforcement)) : json::value();
  out["never_banned_because"] = s.exempt;
  out["points"] = s.points;
  out["limit"] = s.limit;
  out["evidence"] = evidence_json(s.ban ? s.ban->evidence : s.seen);
  out["refused_sign_ins"] = std::move(sign_ins);
  out["before"] = s.before ? json::value(ban_json(*s.before, enforcement)) : json::value();
  out["lift"] = s.ban ? fmt::format("gatepost ban lift {}", s.ban->network.to_string()) : std::string();
  reply.json = json::serialize(out);
  return reply;
}

Reply ban_add(Services& services, const Request& request, std::stop_token) {
  const auto network = Network::parse(request.option("address"));
  if (!network) return usage("ban add wants an IP address, or a network of a size that is banned: 192.0.2.0/24");
  const auto length = request.has("for") ? config::parse_duration(request.option("for"))
                                         : std::optional(std::chrono::seconds(kDefaultLength));
  if (!length || length->count() < 1 || *length > kMaxLength) {
    return usage("--for takes a time from 1s to a year, such as 2h or \"3 days\"");
  }
  if (services.bans == nullptr) return nobody_listens("ban add");
  const auto ban = services.bans->add(*network, *length, request.option("reason"));
  if (!ban) return failure(ban.error(), network->to_string());
  const gate::Enforcement enforcement = services.bans->enforcement();
  Reply reply;
  reply.text = fmt::format("{} is banned until {}, {}.\n", ban->network.to_string(), when(ban->until),
                           where_in_force(*ban, enforcement));
  json::object out{{"done", reply.text.substr(0, reply.text.size() - 1)}, {"name", ban->network.to_string()}};
  out["ban"] = ban_json(*ban, enforcement);
  reply.json = json::serialize(out);
  return reply;
}

Reply ban_lift(Services& services, const Request& request, std::stop_token) {
  const auto network = Network::parse(request.option("address"));
  if (!network) return usage("ban lift wants an IP address, or a network as `gatepost ban list` has it");
  if (services.bans == nullptr || services.authenticator == nullptr) return nobody_listens("ban lift");
  std::size_t lifted = 0;
  if (network->prefix == Network{}.prefix) {
    lifted = services.bans->lift(network->address).size() + services.authenticator->lift(network->address);
  } else {
    lifted = services.bans->lift(*network).size();
  }
  return done(fmt::format("{} may come again; {} ban(s) lifted.", network->to_string(), lifted), network->to_string());
}

Reply ban_refill(Services& services, const Request&, std::stop_token) {
  if (services.bans == nullptr) return nobody_listens("ban refill");
  const gate::Enforcement enforcement = services.bans->look(true);
  if (!enforcement.firewall) return failure({Errc::unavailable, enforcement.why_not}, "the firewall");
  return done("The firewall has been told all bans.", "firewall");
}

}  // namespace

std::vector<Verb> ban_verbs() {
  return {{"ban list", "Who may not connect, or not sign in, at the moment.", true, ban_list},
          {"ban explain", "What is held against an address, and whether it may connect.", true, ban_explain},
          {"ban add", "Keep an address out for a time.", true, ban_add},
          {"ban lift", "Let an address come again, and forget what was held against it.", true, ban_lift},
          {"ban refill", "Tell the firewall all bans again.", true, ban_refill}};
}

}  // namespace gatepost::admin
