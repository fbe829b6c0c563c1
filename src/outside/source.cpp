#include "outside/source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "directory/addresses.hpp"
#include "outside/events.hpp"

namespace gatepost::outside {
namespace {

constexpr std::size_t kLookedAtOnce = 50;  // entries that one filter names

std::string listed(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& one : all) out += (out.empty() ? "" : ", ") + one;
  return out;
}

void tell(Trace* trace, std::string line) {
  if (trace != nullptr) trace->push_back(std::move(line));
}

}  // namespace

Source::Source(Settings settings, Connector& connector, const Clock& clock, Log& log, Metrics& metrics)
    : settings_(std::move(settings)), clock_(clock), log_(log), servers_(settings_, connector, clock, log, metrics) {}

bool Source::speaks_for(const Name& name) const {
  if (!name.is_address) return !settings_.login_filter.empty();
  if (settings_.domains.empty()) return true;
  const auto domain = directory::canonical_domain(name.domain);
  return domain && std::ranges::find(settings_.domains, *domain) != settings_.domains.end();
}

Result<std::optional<Person>> Source::find(const Name& name, Trace* trace) {
  const std::string& pattern = name.is_address ? settings_.address_filter : settings_.login_filter;
  Search search{.base = settings_.base,
                .filter = both(settings_.people_filter, fill(pattern, name)),
                .attributes = person_attributes(settings_),
                .max_entries = 1};
  tell(trace, fmt::format("{}: search below \"{}\" for {}", settings_.name, search.base, search.filter));
  std::vector<Person> found;
  const Result<> done = servers_.as_service([&](Connection& connection) -> Result<> {
    found.clear();
    return connection.search(
        search, [&](Entry&& entry) { found.push_back(read_person(settings_, std::move(entry), clock_.now())); });
  });
  if (!done && done.error().code == Errc::too_large && !found.empty()) {
    tell(trace, fmt::format("{}: more than one entry, the first {}", settings_.name, found.front().dn));
    log_.write(event::kAmbiguous, {{"directory", settings_.name}, {"name", name.whole}, {"filter", search.filter}});
    return fail(Errc::conflict, fmt::format("{} has several entries for {}", settings_.name, name.whole));
  }
  if (!done) {
    tell(trace, fmt::format("{}: {}", settings_.name, done.error().detail));
    return std::unexpected(done.error());
  }
  if (found.empty()) {
    tell(trace, fmt::format("{}: no entry", settings_.name));
    return std::nullopt;
  }
  const Person& person = found.front();
  tell(trace, fmt::format("{}: found {}", settings_.name, person.dn));
  tell(trace, fmt::format("{}: name \"{}\", addresses {}, {}, {} {}", settings_.name, person.display_name,
                          person.addresses.empty() ? "none" : listed(person.addresses),
                          person.enabled ? "enabled" : person.why_disabled, settings_.attributes.unique_id,
                          person.unique_id.empty() ? "missing" : to_hex(person.unique_id)));
  return std::move(found.front());
}

Result<Proof> Source::prove(const Person& person, const Secret& password, Trace* trace) {
  if (password.empty()) return Proof{};
  tell(trace, fmt::format("{}: bind as {}", settings_.name, person.dn));
  Proof proof;
  const Result<> done = servers_.as_anybody([&](Connection& connection) -> Result<> {
    GP_TRY(proof, connection.bind(person.dn, password));
    return {};
  });
  if (!done) {
    tell(trace, fmt::format("{}: {}", settings_.name, done.error().detail));
    return std::unexpected(done.error());
  }
  tell(trace, fmt::format("{}: {}{}{}", settings_.name, to_string(proof.kind), proof.detail.empty() ? "" : ": ",
                          proof.detail));
  return proof;
}

Result<Source::Listing> Source::list(std::string_view since) {
  Search search{.base = settings_.base,
                .filter = settings_.people_filter,
                .attributes = person_attributes(settings_),
                .paged = true,
                .max_entries = settings_.most_people};
  if (!since.empty()) {
    search.filter =
        both(settings_.people_filter, fmt::format("({}>={})", settings_.changed_attribute, escape_value(since)));
  }
  Listing out;
  GP_CHECK(servers_.as_service([&](Connection& connection) -> Result<> {
    out = {};
    return connection.search(search, [&](Entry&& entry) {
      out.people.push_back(read_person(settings_, std::move(entry), clock_.now()));
      // Generalized time (RFC 4517 3.3.13) in the form directories write it sorts as text does.
      out.latest = std::max(out.latest, out.people.back().changed);
    });
  }));
  return out;
}

Result<std::vector<Person>> Source::look_at(const std::vector<std::string>& unique_ids) {
  std::vector<Person> out;
  for (std::size_t at = 0; at < unique_ids.size(); at += kLookedAtOnce) {
    std::string any;
    const std::size_t end = std::min(unique_ids.size(), at + kLookedAtOnce);
    for (std::size_t i = at; i < end; ++i)
      any += fmt::format("({}={})", settings_.attributes.unique_id, escape_value(unique_ids[i]));
    const Search search{.base = settings_.base,
                        .filter = both(settings_.people_filter, fmt::format("(|{})", any)),
                        .attributes = person_attributes(settings_),
                        .paged = true,
                        .max_entries = end - at};
    const std::size_t before = out.size();
    GP_CHECK(servers_.as_service([&](Connection& connection) -> Result<> {
      out.resize(before);
      return connection.search(
          search, [&](Entry&& entry) { out.push_back(read_person(settings_, std::move(entry), clock_.now())); });
    }));
  }
  return out;
}

Result<std::vector<Group>> Source::list_groups() {
  const Search search{.base = settings_.group_base,
                      .filter = settings_.group_filter,
                      .attributes = group_attributes(settings_),
                      .paged = true,
                      .max_entries = settings_.most_people};
  std::vector<Group> out;
  GP_CHECK(servers_.as_service([&](Connection& connection) -> Result<> {
    out.clear();
    return connection.search(search, [&](Entry&& entry) { out.push_back(read_group(settings_, std::move(entry))); });
  }));
  return out;
}

}  // namespace gatepost::outside
