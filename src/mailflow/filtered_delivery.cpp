#include "mailflow/filtered_delivery.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "account/deliver.hpp"
#include "base/ascii.hpp"
#include "mailflow/events.hpp"
#include "mailflow/filtering.hpp"
#include "mailflow/header_edit.hpp"
#include "mailflow/memory.hpp"
#include "mailflow/redirect.hpp"
#include "mailflow/rejection.hpp"
#include "mailflow/vacation.hpp"

namespace gatepost::mailflow {
namespace {

// One delivery by a script.
class FilteredDelivery {
 public:
  FilteredDelivery(const DeliveryServices& services, account::Account& account, const directory::Principal& owner,
                   const QueueEntry& entry, const RecipientState& recipient, const ReceptionOptions& options)
      : services_(services),
        account_(account),
        owner_(owner),
        entry_(entry),
        recipient_(recipient),
        options_(options),
        hostname_(options.hostname),
        now_(services.clock.now()) {}

  Result<Delivered> run(const DeliveryRules& rules, TimePoint received, bool retry) {
    sieve::Actions actions = decide(rules);
    if (actions.error) {
      services_.log.write(event::kScriptFailed, {{"id", to_string(entry_.id)},
                                                 {"account", owner_.address},
                                                 {"script", rules.script->name},
                                                 {"detail", actions.error->text()}});
    }
    if (!actions.redirections.empty() || actions.rejection || actions.vacation) {
      GP_TRY(header_, read_header(services_.accounts, entry_.body));
    }
    const std::vector<RecipientState> onward = check_redirections(actions, rules.forwarding);
    GP_CHECK(file(actions, received, retry || actions.filings.size() > 1 || !onward.empty()));
    if (!onward.empty()) {
      GP_TRY(const QueueId copy,
             redirect_message(services_.accounts, services_.queue, entry_, owner_.address, onward, now_));
      say("as " + to_string(copy));
    }
    GP_TRY(const Delivered delivered, reject(actions));
    if (!actions.seen.empty()) GP_CHECK(note_seen(actions));
    if (actions.discarded) say(words(*actions.discarded, "discarded it"));
    if (actions.vacation) {
      const Result<> answered = answer(*actions.vacation);
      // As of VacationResponse: the message is here, and that counts.
      if (!answered) {
        services_.log.write(event::kVacationProblem, {{"id", to_string(entry_.id)},
                                                      {"account", owner_.address},
                                                      {"to", entry_.reverse_path},
                                                      {"detail", answered.error().detail}});
      }
    }
    if (!said_.empty()) {
      services_.log.write(event::kFiltered,
                          {{"id", to_string(entry_.id)}, {"account", owner_.address}, {"did", said_}});
    }
    Delivered out = delivered;
    out.kept = !actions.filings.empty() || !onward.empty();
    return out;
  }

 private:
  // The script's filters are for what stays; forwarding is for all mail but what the script sends back.
  sieve::Actions decide(const DeliveryRules& rules) {
    sieve::Actions actions;
    const bool forwards = rules.forwarding.enabled;
    const bool stays = !forwards || rules.forwarding.keep_copy;
    if (stays && rules.script) {
      actions = run_script(*rules.script, {services_.accounts, account_, entry_, recipient_, hostname_, now_});
    } else if (stays) {
      actions.filings.push_back({.mailbox = "INBOX"});
    }
    if (forwards && !actions.rejection) {
      actions.redirections.push_back({.cause = {.line = 0, .rule = "forwarding"}, .address = rules.forwarding.to});
    }
    return actions;
  }

  void say(std::string_view what) { said_ += (said_.empty() ? "" : "; ") + std::string(what); }
  static std::string words(const sieve::Cause& cause, std::string_view did) {
    const std::string who = in_words(cause);
    return who.empty() ? std::string(did) : who + " " + std::string(did);
  }

  bool is_own(std::string_view address) const {
    const auto owns = services_.directory.owns_address(owner_.id, address);
    return owns && *owns;
  }

  // Where redirected copies go. What cannot be redirected is kept.
  std::vector<RecipientState> check_redirections(sieve::Actions& actions, const Forwarding& forwarding) {
    std::vector<RecipientState> out;
    bool keep = false;
    const bool loops = !actions.redirections.empty() &&
                       (was_redirected_by(header_, owner_.address) || count_received(header_) >= options_.max_received);
    std::set<std::string> seen;
    for (const sieve::Redirection& redirection : actions.redirections) {
      const auto kept_for = [&](std::string_view why) {
        keep = true;
        say(words(redirection.cause,
                  fmt::format("kept it instead of sending it on to {}: {}", redirection.address, why)));
      };
      if (is_own(redirection.address)) {
        kept_for("that is here");
        continue;
      }
      if (loops) {
        kept_for("it came back from there");
        continue;
      }
      if (!may_go_to(redirection, forwarding)) {
        kept_for("sending mail on to other servers is not allowed here");
        continue;
      }
      const auto destinations = services_.directory.resolve(redirection.address);
      if (!destinations) {
        kept_for(gatepost::to_string(destinations.error().code));
        continue;
      }
      for (const directory::Destination& destination : *destinations) {
        const bool here = destination.kind == directory::Destination::Kind::account;
        if ((here && destination.account == owner_.id) || !seen.insert(destination.address).second) continue;
        RecipientState state;
        state.address = destination.address;
        state.original = redirection.address;
        if (here) state.account = destination.account;
        out.push_back(std::move(state));
      }
      say(words(redirection.cause, "sent it on to " + redirection.address));
    }
    const bool nothing_else = actions.filings.empty() && out.empty() && !actions.redirections.empty();
    if ((keep && actions.filings.empty()) || nothing_else) actions.filings.push_back({.mailbox = "INBOX"});
    return out;
  }

  bool may_go_to(const sieve::Redirection& redirection, const Forwarding& forwarding) const {
    const auto local = services_.directory.is_local_domain(
        std::string_view(redirection.address).substr(redirection.address.rfind('@') + 1));
    return (local && *local) || (redirection.cause.line == 0 && forwarding.by_administrator) ||
           options_.may_forward_to(redirection.address);
  }

  Result<> file(const sieve::Actions& actions, TimePoint received, bool once) {
    for (std::size_t i = 0; i < actions.filings.size(); ++i) {
      const Placement placement = place(account_, actions.filings[i]);
      account::Delivery delivery;
      delivery.item.body = entry_.body;
      delivery.item.summary = entry_.summary;
      delivery.item.received = received;
      delivery.item.system_flags = placement.system_flags;
      delivery.item.keywords = placement.keywords;
      delivery.folder = placement.folder;
      // Of a retry the copies that are here already are left out; the first has the name that plain deliveries have.
      if (once) delivery.delivery_id = to_string(entry_.id) + (i == 0 ? "" : "." + std::to_string(i));
      GP_CHECK(account::deliver(account_, delivery));
      if (placement.cause.line == 0) continue;
      const std::string where = placement.folder.empty() ? "the inbox" : "\"" + placement.folder + "\"";
      const std::string missed =
          placement.wished.empty() ? "" : fmt::format(", since there is no \"{}\"", placement.wished);
      say(words(placement.cause, fmt::format("put it into {}{}", where, missed)));
    }
    return {};
  }

  Result<Delivered> reject(const sieve::Actions& actions) {
    Delivered out;
    if (!actions.rejection) return out;
    const sieve::Rejection& rejection = *actions.rejection;
    say(words(rejection.cause, entry_.reverse_path.empty() ? "rejected it, and nobody can be told" : "rejected it"));
    if (rejection.by_protocol) {
      out.refusal = rejection_reply(rejection.reason);
      return out;
    }
    // RFC 5429 2.2.1: nobody is told by a message about one with the null path.
    if (entry_.reverse_path.empty()) return out;
    const std::string id = fmt::format("rejection.{}@{}", services_.random.hex(12), hostname_);
    const Result<> told =
        services_.inject("", entry_.reverse_path,
                         rejection_notice(header_, entry_.reverse_path, owner_.address, recipient_.original,
                                          rejection.reason, hostname_, id, now_));
    // Nobody to tell any more is no reason to try again.
    if (!told && told.error().code != Errc::not_found && told.error().code != Errc::denied &&
        told.error().code != Errc::invalid && told.error().code != Errc::over_quota) {
      return std::unexpected(told.error());
    }
    return out;
  }

  Result<> note_seen(const sieve::Actions& actions) {
    std::vector<Remembered> ids;
    for (const sieve::Seen& seen : actions.seen) {
      ids.push_back({.id = seen.id, .keep = std::chrono::seconds(seen.seconds), .renew = seen.renew});
    }
    return remember(account_, kSeenMemory, ids, now_);
  }

  Result<> answer(const sieve::VacationReply& reply) {
    const auto is_own_or_said = [&](std::string_view address) {
      return is_own(address) ||
             std::ranges::any_of(reply.addresses, [&](const auto& own) { return ascii::iequals(own, address); });
    };
    if (!may_be_answered(header_, entry_.reverse_path, recipient_.original, is_own_or_said)) return {};
    // One memory with VacationResponse: who hears from the script is not answered by that, too.
    GP_CHECK(note_vacation_told(account_, entry_.reverse_path, now_));
    const std::string id = reply.handle + std::string(1, '\0') + ascii::to_lower(entry_.reverse_path);
    if (reply.seconds > 0) {
      GP_TRY(const bool told, remembers(account_, kAnsweredMemory, id, now_));
      if (told) return {};
      // Noted before: rather no answer than one for each try.
      const Remembered note{.id = id, .keep = std::chrono::seconds(reply.seconds), .renew = true};
      GP_CHECK(remember(account_, kAnsweredMemory, std::span(&note, 1), now_));
    }
    // RFC 5230 4.3: an address that is not the owner's is ignored.
    const bool other = reply.from && is_own(*reply.from);
    const std::string message_id = fmt::format("vacation.{}@{}", services_.random.hex(12), hostname_);
    const Vacation vacation{
        .enabled = true, .from = {}, .until = {}, .subject = reply.subject, .text = reply.reason, .html = {}};
    const VacationParties parties{.from = other ? *reply.from : owner_.address,
                                  .name = owner_.display_name,
                                  .to = entry_.reverse_path,
                                  .message_id = message_id};
    GP_CHECK(services_.inject("", entry_.reverse_path,
                              reply.is_mime ? vacation_entity_answer(vacation, header_, parties, now_)
                                            : vacation_answer(vacation, header_, parties.from, parties.name, parties.to,
                                                              parties.message_id, now_)));
    say(words(reply.cause, "answered"));
    services_.log.write(event::kVacationAnswered,
                        {{"id", to_string(entry_.id)}, {"account", owner_.address}, {"to", entry_.reverse_path}});
    return {};
  }

  const DeliveryServices& services_;
  account::Account& account_;
  const directory::Principal& owner_;
  const QueueEntry& entry_;
  const RecipientState& recipient_;
  const ReceptionOptions& options_;
  const std::string_view hostname_;
  const TimePoint now_;
  std::string header_;  // read when something needs it
  std::string said_;
};

}  // namespace

Result<Delivered> deliver_by_rules(const DeliveryServices& services, const DeliveryRules& rules,
                                   const QueueEntry& entry, const RecipientState& recipient, TimePoint received,
                                   bool retry, const ReceptionOptions& options) {
  GP_TRY(const auto account, services.accounts.open(static_cast<account::AccountId>(*recipient.account)));
  GP_TRY(const directory::Principal owner, services.directory.principal(*recipient.account));
  return FilteredDelivery(services, *account, owner, entry, recipient, options).run(rules, received, retry);
}

}  // namespace gatepost::mailflow
