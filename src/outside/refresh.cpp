#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_set>

#include "outside/directories.hpp"
#include "outside/events.hpp"
#include "outside/membership.hpp"

// The part of Directories that has people.
namespace gatepost::outside {
namespace {

using directory::Principal;
using directory::PrincipalId;
using directory::PrincipalKind;

constexpr std::chrono::seconds kAbsent{60};  // an address that is not there is not asked for again so soon
constexpr std::size_t kAlwaysAllowed = 2;    // so many may go at once, whatever part of all they are

std::size_t allowed(const Settings& settings, std::size_t all) {
  return std::max(kAlwaysAllowed, all * settings.most_gone_percent / 100);
}

}  // namespace

bool Directories::may_have(std::string_view address) {
  const auto name = read_name(address);
  if (!name || !name->is_address || absent_.find(name->whole, no_password())) return false;
  return std::ranges::any_of(
      *current(), [&](const auto& source) { return source->settings().people && source->speaks_for(*name); });
}

Result<bool> Directories::look_up(std::string_view address) {
  GP_TRY(const Name name, read_name(address));
  std::optional<Error> outage;
  for (const auto& source : *current()) {
    if (!source->settings().people || !source->speaks_for(name)) continue;
    auto person = source->find(name);
    if (!person) {
      outage = std::move(person).error();
      continue;
    }
    if (!*person) continue;
    GP_TRY(const auto account, bring(*source, **person));
    if (account) return true;
  }
  if (outage) return std::unexpected(*std::move(outage));
  absent_.remember(name.whole, no_password(), {}, kAbsent);
  return false;
}

std::vector<Directories::Refreshed> Directories::refresh_due(std::stop_token stop) {
  std::vector<Refreshed> out;
  const auto sources = current();
  for (const auto& source : *sources) {
    const Settings& s = source->settings();
    bool due = false;
    bool full = false;
    {
      const Lock lock(mutex_);
      const Pace& pace = pace_[s.name];
      const SteadyPoint now = parts_.clock.steady();
      full = now >= pace.full_due;
      due = full || now >= pace.due;
    }
    if (due && !stop.stop_requested()) out.push_back(refresh(*source, full, stop));
  }
  return out;
}

std::vector<Directories::Refreshed> Directories::refresh_all(std::stop_token stop) {
  std::vector<Refreshed> out;
  const auto sources = current();
  for (const auto& source : *sources) {
    if (!stop.stop_requested()) out.push_back(refresh(*source, true, stop));
  }
  return out;
}

Directories::Refreshed Directories::refresh(Source& source, bool full, std::stop_token stop) {
  const Lock refreshing(refreshing_);
  const Settings& s = source.settings();
  std::string since;
  if (!full) {
    const Lock lock(mutex_);
    since = pace_[s.name].since;
  }
  Refreshed done{.name = s.name, .complete = since.empty()};
  auto listing = source.list(since);
  Result<> result;
  Result<std::vector<Link>> gone = std::vector<Link>();
  if (listing) {
    done.listed = listing->people.size();
    gone = done.complete ? all_missing(source, *listing) : look_at_signed_in(source, *listing);
  }
  if (!listing) {
    result = std::unexpected(listing.error());
  } else if (!gone) {
    result = std::unexpected(gone.error());
  } else if (s.people) {
    result = bring_all(source, *listing, *std::move(gone), done, stop);
  } else {
    watch_only(source, *listing, *std::move(gone), done);
  }
  if (!result) {
    done.error = result.error().detail;
    parts_.log.write(event::kRefreshFailed, {{"directory", s.name}, {"detail", done.error}});
  }
  const Lock lock(mutex_);
  Pace& pace = pace_[s.name];
  const SteadyPoint now = parts_.clock.steady();
  pace.due = now + s.refresh;
  if (done.complete) pace.full_due = now + (result ? s.full_refresh : s.refresh);
  if (result) {
    pace.refreshed = parts_.clock.now();
    if (done.complete) pace.listed = pace.refreshed;
    if (!listing->latest.empty()) pace.since = std::max(pace.since, listing->latest);
  }
  pace.last = done;
  return done;
}

std::vector<Link> Directories::missing(const Source& source, const std::vector<std::string>& seen, bool groups) const {
  const std::unordered_set<std::string> there(seen.begin(), seen.end());
  std::vector<Link> out;
  for (Link& link : links_->all()) {
    if (link.directory != source.settings().name || there.contains(link.unique_id)) continue;
    const auto account = parts_.directory.principal(link.account);
    const bool is_group = account && account->kind == PrincipalKind::group;
    if (is_group == groups) out.push_back(std::move(link));
  }
  return out;
}

std::vector<Link> Directories::all_missing(const Source& source, const Source::Listing& listing) const {
  std::vector<std::string> seen;
  for (const Person& person : listing.people) seen.push_back(person.unique_id);
  const Lock changing(changing_);
  return missing(source, seen, false);
}

Result<std::vector<Link>> Directories::look_at_signed_in(Source& source, Source::Listing& listing) {
  std::unordered_set<std::string> seen;
  for (const Person& person : listing.people) seen.insert(person.unique_id);
  std::map<std::string, Link> open;  // by unique id
  if (parts_.signed_in) {
    for (const PrincipalId id : parts_.signed_in()) {
      auto link = links_->of(id, source.settings().name);
      if (!link || link->unique_id.empty() || seen.contains(link->unique_id)) continue;
      open.emplace(link->unique_id, *std::move(link));
    }
  }
  std::vector<std::string> ids;
  for (const auto& [id, link] : open) ids.push_back(id);
  GP_TRY(std::vector<Person> there, source.look_at(ids));
  for (Person& person : there) {
    open.erase(person.unique_id);
    // Brought in step as those that changed are: an account can expire there without a change.
    listing.people.push_back(std::move(person));
  }
  std::vector<Link> gone;
  for (auto& [id, link] : open) gone.push_back(std::move(link));
  return gone;
}

Result<> Directories::miss(const Source& source, const Link& link) {
  Link changed = link;
  if (changed.missed < source.settings().disable_after) ++changed.missed;
  if (changed.missed >= source.settings().disable_after) {
    GP_CHECK(steward_.disable(changed, "its entry is gone"));
    return {};
  }
  GP_CHECK(links_->put(changed));
  // Whoever is there after all signs in again; who is not is asked for in vain.
  answers_.forget_all();
  if (parts_.end_sessions) parts_.end_sessions(link.account);
  return {};
}

Result<> Directories::bring_all(Source& source, const Source::Listing& listing, std::vector<Link> gone, Refreshed& done,
                                const std::stop_token& stop) {
  const Settings& s = source.settings();
  std::size_t would = 0;
  std::size_t all = 0;
  {
    const Lock changing(changing_);
    const auto enabled = [&](const Link& link) {
      const auto account = parts_.directory.principal(link.account);
      return account && account->enabled && account->kind != PrincipalKind::group;
    };
    for (const Link& link : links_->all()) all += link.directory == s.name && enabled(link) ? 1 : 0;
    // Those who lose their sessions alone, for now, count as those who are disabled.
    for (const Link& link : gone) would += enabled(link) ? 1 : 0;
    for (const Person& person : listing.people) would += steward_.would_disable(s, person) ? 1 : 0;
  }
  done.gone = gone.size();
  // An answer without anybody is no reason to disable all there are, however few.
  done.stopped = would > allowed(s, all) || (done.complete && listing.people.empty() && all > 0);
  if (done.stopped) {
    parts_.log.write(event::kSafetyStop, {{"directory", s.name}, {"would", would}, {"all", all}});
    gone.clear();
  }
  for (const Person& person : listing.people) {
    if (stop.stop_requested()) return fail(Errc::closed, "stopped");
    // Locked for each by itself: sign-ins wait meanwhile.
    const Lock changing(changing_);
    if (done.stopped && steward_.would_disable(s, person)) continue;
    GP_CHECK(steward_.bring(s, person));
  }
  for (const Link& link : gone) {
    const Lock changing(changing_);
    const auto now = links_->of(link.account, link.directory);
    if (now && *now == link) GP_CHECK(miss(source, link));
  }
  if (!listing.people.empty()) absent_.forget_all();
  if (s.groups && done.complete && !done.stopped) return bring_groups(source, listing.people, stop);
  return {};
}

Result<> Directories::bring_groups(Source& source, const std::vector<Person>& people, const std::stop_token& stop) {
  const Settings& s = source.settings();
  GP_TRY(const std::vector<Group> groups, source.list_groups());
  const auto person_of = [&](const Person& person) {
    const Lock changing(changing_);
    const auto account = steward_.account_of(s, person);
    return account ? account->address : std::string();
  };
  const auto group_of = [&](const Group& group) {
    for (const std::string& address : group.addresses) {
      const auto local = parts_.directory.is_local_domain(address.substr(address.rfind('@') + 1));
      if (local && *local) return address;
    }
    return std::string();
  };
  const auto members = memberships(groups, people, person_of, group_of);
  // First all groups, then who is in them: they may be in each other.
  for (const bool with_members : {false, true}) {
    for (const Group& group : groups) {
      if (stop.stop_requested()) return fail(Errc::closed, "stopped");
      const auto at = members.find(group_of(group));
      if (at == members.end()) continue;
      const Lock changing(changing_);
      GP_CHECK(steward_.bring_group(s, group, with_members ? std::optional(at->second) : std::nullopt));
    }
  }
  std::vector<std::string> seen;
  for (const Group& group : groups) seen.push_back(group.unique_id);
  const Lock changing(changing_);
  const std::vector<Link> gone = missing(source, seen, true);
  if (groups.empty() && !gone.empty()) {
    parts_.log.write(event::kSafetyStop, {{"directory", s.name}, {"would", gone.size()}, {"all", gone.size()}});
    return {};
  }
  for (const Link& link : gone) GP_CHECK(miss(source, link));
  return {};
}

// Accounts are not its own, and stay as they are; but who is disabled there, or gone, is not signed in any longer.
void Directories::watch_only(const Source& source, const Source::Listing& listing, std::vector<Link> out,
                             Refreshed& done) {
  const Settings& s = source.settings();
  const Lock changing(changing_);
  done.gone = out.size();
  for (const Person& person : listing.people) {
    auto link = person.unique_id.empty() ? std::nullopt : links_->by_unique_id(s.name, person.unique_id);
    if (!link) continue;
    if (!person.enabled) {
      out.push_back(*std::move(link));
    } else if (link->disabled) {
      link->disabled = false;
      (void)links_->put(*link);
    }
  }
  // Those who were out at the look before count no more.
  std::erase_if(out, [](const Link& link) { return link.disabled; });
  const auto links = links_->all();
  const auto all = static_cast<std::size_t>(
      std::ranges::count_if(links, [&](const Link& l) { return l.directory == s.name && !l.disabled; }));
  done.stopped = out.size() > allowed(s, all) || (done.complete && listing.people.empty() && all > 0);
  if (done.stopped) {
    parts_.log.write(event::kSafetyStop, {{"directory", s.name}, {"would", out.size()}, {"all", all}});
    return;
  }
  for (Link& link : out) {
    link.verifier.clear();
    link.disabled = true;
    (void)links_->put(link);
    answers_.forget_all();
    if (parts_.end_sessions) parts_.end_sessions(link.account);
  }
}

}  // namespace gatepost::outside
