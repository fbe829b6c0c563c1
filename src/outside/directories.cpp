#include "outside/directories.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "base/date.hpp"
#include "directory/addresses.hpp"
#include "outside/events.hpp"

namespace gatepost::outside {
namespace {

using directory::Principal;
using directory::PrincipalId;
using AnswerKind = directory::OutsideSignIn::Answer::Kind;

constexpr std::chrono::hours kVerifierAge{6};  // then its time is written anew

constexpr std::chrono::hours kKnown{1};  // how long knows() says so

bool signs_in_at(const Source& source, const Name& name) {
  return source.settings().sign_in && source.speaks_for(name);
}

}  // namespace

Directories::Directories(Parts parts, std::unique_ptr<Links> links, std::unique_ptr<directory::PasswordHasher> hasher)
    : parts_(parts),
      links_(std::move(links)),
      hasher_(std::move(hasher)),
      answers_(parts.clock, parts.random),
      known_(parts.clock, parts.random),
      absent_(parts.clock, parts.random),
      steward_(parts_.directory, *links_, parts_.clock, parts_.log,
               [this](PrincipalId id) {
                 answers_.forget_all();
                 if (parts_.end_sessions) parts_.end_sessions(id);
               }),
      verified_(parts.clock, parts.random),
      sources_(std::make_shared<const Sources>()) {}

Result<std::unique_ptr<Directories>> Directories::open(Parts parts, const directory::PasswordHasher::Options& hashing) {
  GP_TRY(auto links, Links::open(parts.keys));
  GP_TRY(auto hasher, directory::PasswordHasher::create(hashing));
  return std::unique_ptr<Directories>(new Directories(parts, std::move(links), std::move(hasher)));
}

void Directories::set(std::vector<Settings> settings) {
  auto sources = std::make_shared<Sources>();
  for (Settings& one : settings) {
    sources->push_back(
        std::make_unique<Source>(std::move(one), parts_.connector, parts_.clock, parts_.log, parts_.metrics));
  }
  answers_.forget_all();
  absent_.forget_all();
  const Lock lock(mutex_);
  sources_ = std::move(sources);
  pace_.clear();
}

std::shared_ptr<const Directories::Sources> Directories::current() const {
  const Lock lock(mutex_);
  return sources_;
}

bool Directories::signs_in() const {
  return std::ranges::any_of(*current(), [](const auto& source) { return source->settings().sign_in; });
}

void Directories::count(const Source& source, std::string_view outcome) {
  parts_.metrics
      .counter("gatepost_outside_sign_ins_total",
               fmt::format("directory=\"{}\",outcome=\"{}\"", source.settings().name, outcome),
               "Sign-ins that an outside directory decided, by how.")
      .add();
}

bool Directories::knows(std::string_view typed) {
  return known_.find(ascii::to_lower(typed.substr(0, directory::kMaxAddressOctets)), no_password()).has_value();
}

Result<directory::OutsideSignIn::Answer> Directories::check(std::string_view typed, const Secret& password) {
  const auto name = read_name(typed);
  if (!name || password.empty()) return Answer{};
  const auto sources = current();
  std::optional<Error> outage;
  for (const auto& source : *sources) {
    if (!signs_in_at(*source, *name)) continue;
    const std::string key = source->settings().name + '\n' + ascii::to_lower(name->whole);
    if (auto known = answers_.find(key, password)) {
      count(*source, "remembered");
      return Answer{known->right ? AnswerKind::right : AnswerKind::wrong, std::move(known->address)};
    }
    auto person = source->find(*name);
    if (!person) {
      outage = std::move(person).error();
      continue;
    }
    if (*person) {
      known_.remember(ascii::to_lower(name->whole), no_password(), {}, kKnown);
      auto answer = prove(*source, **person, *name, password);
      if (!answer && answer.error().code == Errc::unavailable) {
        return without_servers(*sources, *name, password, answer.error());
      }
      if (answer && answer->kind == AnswerKind::right) {
        answers_.remember(key, password, {true, answer->address}, source->settings().remember_right);
      } else if (answer && answer->kind == AnswerKind::wrong) {
        answers_.remember(key, password, {false, {}}, source->settings().remember_wrong);
      }
      return answer;
    }
  }
  if (outage) return without_servers(*sources, *name, password, *outage);
  // What it had as a password before it came from outside, or still has, lets nobody in whose entry is gone.
  if (link_of(*sources, *name)) return Answer{AnswerKind::wrong, {}};
  return Answer{};
}

Result<directory::OutsideSignIn::Answer> Directories::prove(Source& source, const Person& person, const Name& name,
                                                            const Secret& password) {
  GP_TRY(Proof proof, source.prove(person, password));
  if (proof.kind == Proof::Kind::right && !person.enabled) {
    proof = {.kind = Proof::Kind::disabled, .detail = person.why_disabled};
  }
  if (proof.kind == Proof::Kind::right) return accepted(source, person, name, password);
  if (proof.kind == Proof::Kind::wrong) {
    count(source, "wrong");
    return Answer{AnswerKind::wrong, {}};
  }
  count(source, "refused");
  const std::string why = fmt::format("{}: {}", source.settings().name, to_string(proof.kind));
  parts_.log.write(event::kRefused, {{"directory", source.settings().name},
                                     {"name", name.whole},
                                     {"dn", person.dn},
                                     {"detail", fmt::format("{}: {}", to_string(proof.kind), proof.detail)}});
  drop_verifier(source, person);
  return fail(Errc::denied, why);
}

Result<directory::OutsideSignIn::Answer> Directories::accepted(const Source& source, const Person& person,
                                                               const Name& name, const Secret& password) {
  GP_TRY(const auto account, bring(source, person));
  if (!account) {
    count(source, "no_account");
    const std::string address = person.addresses.empty() ? std::string() : person.addresses.front();
    parts_.log.write(event::kNoAccount,
                     {{"directory", source.settings().name}, {"dn", person.dn}, {"address", address}});
    return fail(Errc::denied, fmt::format("{} has no account here for {}", source.settings().name, person.dn));
  }
  count(source, "right");
  note(source, person, *account, name, password);
  return Answer{AnswerKind::right, account->address};
}

Result<std::string> Directories::vouched(std::string_view directory, std::string_view user, std::string_view realm) {
  const auto sources = current();
  const auto at = std::ranges::find_if(*sources, [&](const auto& s) { return s->settings().name == directory; });
  if (at == sources->end()) return fail(Errc::unauthenticated, fmt::format("there is no directory {}", directory));
  Source& source = **at;
  std::optional<Person> person;
  for (const std::string& typed : {std::string(user), ascii::to_lower(fmt::format("{}@{}", user, realm))}) {
    const auto name = read_name(typed);
    if (!name || (!name->is_address && source.settings().login_filter.empty())) continue;
    GP_TRY(person, source.find(*name));
    if (person) break;
  }
  if (!person) return fail(Errc::unauthenticated, fmt::format("{} has no entry for {}@{}", directory, user, realm));
  if (!person->enabled) {
    count(source, "refused");
    parts_.log.write(event::kRefused, {{"directory", directory},
                                       {"name", user},
                                       {"dn", person->dn},
                                       {"detail", fmt::format("a ticket, and {}", person->why_disabled)}});
    return fail(Errc::denied, fmt::format("{}: {}", directory, person->why_disabled));
  }
  GP_TRY(const auto account, bring(source, *person));
  if (!account) {
    count(source, "no_account");
    const std::string address = person->addresses.empty() ? std::string() : person->addresses.front();
    parts_.log.write(event::kNoAccount, {{"directory", directory}, {"dn", person->dn}, {"address", address}});
    return fail(Errc::denied, fmt::format("{} has no account here for {}", directory, person->dn));
  }
  count(source, "right");
  link_to(source, *person, *account);
  return account->address;
}

// That the account is the entry's, where bring() did not write it down: then sessions end with the entry.
void Directories::link_to(const Source& source, const Person& person, const Principal& account) {
  const Lock changing(changing_);
  const auto before = links_->of(account.id, source.settings().name);
  Link link = before.value_or(Link{.account = account.id});
  link.directory = source.settings().name;
  link.unique_id = person.unique_id;
  link.dn = person.dn.substr(0, kMaxKeptDn);
  if (!source.settings().people) link.disabled = false;
  if (parts_.clock.now() - link.seen >= kSeenAge) link.seen = parts_.clock.now();
  if (!before || *before != link) (void)links_->put(link);
}

// The account of an entry, brought in step with it where accounts come from there.
Result<std::optional<Principal>> Directories::bring(const Source& source, const Person& person) {
  const Lock changing(changing_);
  if (source.settings().people) return steward_.bring(source.settings(), person);
  return steward_.account_of(source.settings(), person);
}

void Directories::note(const Source& source, const Person& person, const Principal& account, const Name& name,
                       const Secret& password) {
  const Settings& settings = source.settings();
  const TimePoint now = parts_.clock.now();
  std::string fresh;
  const bool outlasts = settings.outlast_outage.count() > 0;
  if (outlasts) {
    const auto old = links_->of(account.id, settings.name);
    const bool same = old && !old->verifier.empty() && verified_.find(old->verifier, password);
    // Without it this account does not outlast an outage, no more.
    if (!same) fresh = hasher_->hash(password).value_or(std::string());
  }
  const Lock changing(changing_);
  const auto before = links_->of(account.id, settings.name);
  Link link = before.value_or(Link{.account = account.id});
  link.directory = settings.name;
  link.unique_id = person.unique_id;
  link.dn = person.dn.substr(0, kMaxKeptDn);
  if (!name.is_address) link.login = name.whole;
  if (!settings.people) link.disabled = false;
  if (now - link.seen >= kSeenAge) link.seen = now;
  if (!outlasts) {
    link.verifier.clear();
    link.proven = {};
  } else if (!fresh.empty() || now - link.proven >= kVerifierAge) {
    if (!fresh.empty()) link.verifier = std::move(fresh);
    link.proven = now;
  }
  if (!link.verifier.empty()) verified_.remember(link.verifier, password, {true, {}}, std::chrono::hours(24));
  if (before && *before == link) return;
  // The sign-in is right whether or not this can be written down.
  (void)links_->put(link);
}

void Directories::drop_verifier(const Source& source, const Person& person) {
  const Lock changing(changing_);
  const auto account = steward_.account_of(source.settings(), person);
  auto link = account ? links_->of(account->id, source.settings().name) : std::nullopt;
  if (!link || link->verifier.empty()) return;
  link->verifier.clear();
  link->proven = {};
  (void)links_->put(*link);
}

std::optional<Link> Directories::link_of(const Sources& sources, const Name& name) {
  std::vector<Link> links;
  if (const auto account = parts_.directory.find(name.whole)) links = links_->of(account->id);
  if (links.empty() && !name.is_address) links = links_->by_login(name.whole);
  for (Link& link : links) {
    const bool counts = std::ranges::any_of(sources, [&](const auto& source) {
      return source->settings().sign_in && source->settings().name == link.directory;
    });
    if (counts) return std::move(link);
  }
  return std::nullopt;
}

Result<directory::OutsideSignIn::Answer> Directories::without_servers(const Sources& sources, const Name& name,
                                                                      const Secret& password, const Error& why) {
  const auto unknown = [&] { return fail(Errc::unavailable, why.detail); };
  const auto link = link_of(sources, name);
  if (!link) {
    // An account that never was an outside one and has a password of its own: an administrator's, for such days.
    const auto account = parts_.directory.find(name.whole);
    if (account && directory::has_password(parts_.directory, account->id)) return Answer{};
    return unknown();
  }
  const auto source =
      std::ranges::find_if(sources, [&](const auto& one) { return one->settings().name == link->directory; });
  const auto limit = (*source)->settings().outlast_outage;
  if (limit.count() == 0 || link->verifier.empty() || parts_.clock.now() - link->proven > limit) return unknown();
  const auto account = parts_.directory.principal(link->account);
  if (!account) return unknown();
  GP_TRY(const bool right, hasher_->verify(link->verifier, password));
  count(**source, right ? "outage_right" : "outage_wrong");
  if (!right) return Answer{AnswerKind::wrong, {}};
  parts_.log.write(
      event::kOutage,
      {{"directory", link->directory}, {"name", account->address}, {"proven", date::format_rfc3339(link->proven)}});
  return Answer{AnswerKind::right, account->address};
}

Directories::Tested Directories::test(std::string_view typed, const Secret* password) {
  Tested out;
  const auto name = read_name(typed);
  if (!name) {
    out.lines.push_back(name.error().detail);
    return out;
  }
  const auto sources = current();
  for (const auto& source : *sources) {
    const std::string& called = source->settings().name;
    if (!source->speaks_for(*name)) {
      out.lines.push_back(fmt::format("{}: not asked, it does not speak for such names", called));
      continue;
    }
    const auto person = source->find(*name, &out.lines);
    if (!person || !*person) continue;
    out.found = true;
    std::optional<Principal> account;
    {
      const Lock changing(changing_);
      account = steward_.account_of(source->settings(), **person);
    }
    out.account = account ? account->address : std::string();
    out.lines.push_back(account ? fmt::format("{}: the account here is {}{}", called, account->address,
                                              account->enabled ? "" : ", disabled")
                                : fmt::format("{}: there is no account here for it", called));
    if (password != nullptr) {
      if (auto proof = source->prove(**person, *password, &out.lines)) out.proof = *std::move(proof);
    }
    break;
  }
  return out;
}

std::vector<Directories::State> Directories::state() const {
  std::vector<State> out;
  const auto links = links_->all();
  for (const auto& source : *current()) {
    const Settings& s = source->settings();
    const auto of_it = [&](const Link& l) { return l.directory == s.name; };
    State one{.name = s.name,
              .sign_in = s.sign_in,
              .people = s.people,
              .servers = source->servers(),
              .links = static_cast<std::size_t>(std::ranges::count_if(links, of_it))};
    const Lock lock(mutex_);
    if (const auto at = pace_.find(s.name); at != pace_.end()) {
      one.refreshed = at->second.refreshed;
      one.listed = at->second.listed;
      one.last = at->second.last;
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace gatepost::outside
