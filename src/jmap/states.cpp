#include "jmap/states.hpp"

#include <algorithm>

#include "jmap/ids.hpp"
#include "jmap/principal.hpp"
#include "jmap/quota.hpp"
#include "jmap/submission.hpp"
#include "jmap/vacation.hpp"
#include "mailflow/reception.hpp"
#include "mailflow/scripts.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::size_t kMaxKnownStates = 10'000;
constexpr std::size_t kMostStateChanges = 1'000;  // from here on something came, probably

// What is the owner's alone.
json::object others_of(Context& context, const Access& access) {
  json::object out;
  account::Account& account = *access.account;
  if (const auto state = identity_state(access, context.services.directory)) out["Identity"] = *state;
  if (const auto kept = context.submissions.read(account)) out["EmailSubmission"] = state_name(kept->state);
  if (const auto state = vacation_state(account)) out["VacationResponse"] = *state;
  if (mailflow::Scripts* scripts = context.services.reception.scripts(); scripts != nullptr) {
    if (const auto list = scripts->list(account)) out["SieveScript"] = list->state;
  }
  return out;
}

}  // namespace

// False: nothing has happened.
bool States::follow(Context& context, const Access& access, Known& known) {
  const account::Modseq now = access.account->modseq();
  const std::uint64_t directory = context.services.directory.change();
  if (known.at == now && known.directory == directory) return false;
  bool itself = known.at == 0 || known.directory != directory;
  if (known.at != now) {
    using Changes = account::AccountChanges;
    const auto changes = known.at != 0 ? access.account->account_changes(known.at, kMostStateChanges)
                                       : Result<Changes>(fail(Errc::not_found, "nothing is known yet"));
    const bool all = !changes || !changes->known || changes->more;
    if (all ||
        std::ranges::find(changes->emails, Changes::What::created, &Changes::OfEmail::what) != changes->emails.end()) {
      known.delivered = now;
    }
    itself = itself || all ||
             std::ranges::find(changes->folders, account::kRoot, &Changes::OfFolder::folder) != changes->folders.end();
  }
  known.at = now;
  known.directory = directory;
  if (itself && access.own) known.others = others_of(context, access);
  return true;
}

bool States::tell_of_directory(const std::vector<std::string>& types) {
  return types.empty() ||
         std::ranges::any_of(types, [](std::string_view type) { return type == "Principal" || type == "Identity"; });
}

json::object States::of(Context& context, const Access& access, const std::vector<std::string>& types) {
  const std::pair key(access.id(), access.own);
  Known known;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = known_.find(key); found != known_.end()) known = found->second;
  }
  if (follow(context, access, known)) {
    const std::scoped_lock lock(mutex_);
    if (known_.size() >= kMaxKnownStates && !known_.contains(key)) known_.erase(known_.begin());
    Known& kept = known_[key];
    if (kept.at <= known.at) kept = known;
  }
  const std::string modseq = state_name(known.at);
  json::object all{
      {"Email", modseq}, {"EmailDelivery", state_name(known.delivered)}, {"Mailbox", modseq}, {"Thread", modseq}};
  if (const auto quota = quota_state(access)) all["Quota"] = *quota;
  if (access.own) {
    all.insert(known.others.begin(), known.others.end());
    all["Principal"] = principal_state(known.directory);
  }
  if (types.empty()) return all;
  json::object out;
  for (const auto& [name, state] : all) {
    if (std::ranges::find(types, std::string_view(name)) != types.end()) out[name] = state;
  }
  return out;
}

}  // namespace gatepost::jmap
