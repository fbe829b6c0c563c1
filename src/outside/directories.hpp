#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "directory/credentials.hpp"
#include "directory/directory.hpp"
#include "directory/outside.hpp"
#include "outside/answers.hpp"
#include "outside/links.hpp"
#include "outside/source.hpp"
#include "outside/steward.hpp"

namespace gatepost::outside {

// All outside directories of a server. Thread-safe; calls block: for servers, for the disk, for a password hash.
class Directories final : public directory::OutsideSignIn, public directory::OutsidePeople {
 public:
  // Borrowed for life.
  struct Parts {
    directory::Directory& directory;
    store::KeyValue& keys;
    Connector& connector;
    const Clock& clock;
    Random& random;
    Log& log;
    Metrics& metrics;
    std::function<void(directory::PrincipalId)> end_sessions = {};  // of an account; thread-safe
    // Whose sessions there are now, in any order, perhaps several times; thread-safe. Their entries are looked at by
    // each refresh, because those that are gone are in no list of changes.
    std::function<std::vector<directory::PrincipalId>()> signed_in = {};
  };
  // `hashing`: of verifiers that outlast an outage.
  static Result<std::unique_ptr<Directories>> open(Parts parts, const directory::PasswordHasher::Options& hashing);

  // At the start and at each reload; what was remembered of answers is forgotten.
  void set(std::vector<Settings> settings);
  // Nothing is asked any more, and whoever waits for an answer gets Errc::unavailable.
  void stop() { parts_.connector.abort(); }
  bool signs_in() const;  // at least one of them is for that

  // The first of them that has an entry of the name decides. A name none has is `unknown`, unless its account came from
  // one of them before: then it is `wrong`.
  Result<Answer> check(std::string_view name, const Secret& password) override;

  bool knows(std::string_view name) override;

  // Of somebody whom a realm vouched for: the address of his account, as at a sign-in by password, which this stands
  // for. `directory`: Settings::name. `user`: the name in the ticket, `realm` the realm's; the entry is the one that
  // has `user` as a name without @, or else user@realm as one with it. Errc::unauthenticated: no such entry.
  // Errc::denied: disabled or expired there, or without an account here. Errc::unavailable and others: it could not be
  // asked.
  Result<std::string> vouched(std::string_view directory, std::string_view user, std::string_view realm);

  bool may_have(std::string_view address) override;
  Result<bool> look_up(std::string_view address) override;

  // Brings people and groups in step where it is time for that, or everywhere. One at a time; others wait. `stop`: goes
  // no further.
  struct Refreshed {
    std::string name;
    bool complete = false;  // all entries were listed
    std::size_t listed = 0, gone = 0;
    bool stopped = false;  // too many would have been disabled
    std::string error;     // empty: it could be asked
  };
  std::vector<Refreshed> refresh_due(std::stop_token stop = {});
  std::vector<Refreshed> refresh_all(std::stop_token stop = {});

  // Every query and answer for a name, for an administrator; with a password also what a sign-in would say. Changes
  // nothing.
  struct Tested {
    Trace lines;
    bool found = false;
    std::string account;  // which account here it is; empty: none
    std::optional<Proof> proof;
  };
  Tested test(std::string_view name, const Secret* password);

  struct State {
    std::string name;
    bool sign_in = false, people = false;
    std::vector<Servers::State> servers;
    std::size_t links = 0;
    TimePoint refreshed{}, listed{};  // when what changed was brought in step, and when all was; epoch: never
    Refreshed last;                   // how that ended
  };
  std::vector<State> state() const;

 private:
  using Sources = std::vector<std::unique_ptr<Source>>;
  Directories(Parts parts, std::unique_ptr<Links> links, std::unique_ptr<directory::PasswordHasher> hasher);

  std::shared_ptr<const Sources> current() const;
  Result<Answer> prove(Source& source, const Person& person, const Name& name, const Secret& password);
  Result<std::optional<directory::Principal>> bring(const Source& source, const Person& person);
  // When what was last seen of a directory was seen.
  struct Pace {
    SteadyPoint due{}, full_due{};
    std::string since;
    TimePoint refreshed{}, listed{};
    Refreshed last;
  };
  Refreshed refresh(Source& source, bool full, std::stop_token stop);
  // Adds the entries of those who are signed in to what changed. Those who have none any more.
  Result<std::vector<Link>> look_at_signed_in(Source& source, Source::Listing& listing) GP_REQUIRES(refreshing_);
  // `gone`: whose entries are not there.
  Result<> bring_all(Source& source, const Source::Listing& listing, std::vector<Link> gone, Refreshed& done,
                     const std::stop_token& stop) GP_REQUIRES(refreshing_);
  Result<> bring_groups(Source& source, const std::vector<Person>& people, const std::stop_token& stop)
      GP_REQUIRES(refreshing_);
  // Linked to the directory and not in the listing: accounts, or groups.
  std::vector<Link> missing(const Source& source, const std::vector<std::string>& seen, bool groups) const;
  std::vector<Link> all_missing(const Source& source, const Source::Listing& listing) const;
  Result<> miss(const Source& source, const Link& link) GP_REQUIRES(changing_);
  void watch_only(const Source& source, const Source::Listing& listing, std::vector<Link> out, Refreshed& done);
  Result<Answer> accepted(const Source& source, const Person& person, const Name& name, const Secret& password);
  // When no server could be asked.
  Result<Answer> without_servers(const Sources& sources, const Name& name, const Secret& password, const Error& why);
  std::optional<Link> link_of(const Sources& sources, const Name& name);
  void note(const Source& source, const Person& person, const directory::Principal& account, const Name& name,
            const Secret& password);
  void link_to(const Source& source, const Person& person, const directory::Principal& account);
  void drop_verifier(const Source& source, const Person& person);
  void count(const Source& source, std::string_view outcome);

  const Parts parts_;
  Mutex refreshing_;        // before changing_
  mutable Mutex changing_;  // one change of accounts and links at a time; before mutex_
  const std::unique_ptr<Links> links_;
  const std::unique_ptr<directory::PasswordHasher> hasher_;
  Answers answers_;
  Answers known_;   // names that some directory has
  Answers absent_;  // addresses that no directory has
  Steward steward_ GP_GUARDED_BY(changing_);
  Answers verified_;  // that the verifier kept is of this password
  mutable Mutex mutex_;
  // Immutable, shared with calls that go on while it is replaced.
  std::shared_ptr<const Sources> sources_ GP_GUARDED_BY(mutex_);
  std::map<std::string, Pace> pace_ GP_GUARDED_BY(mutex_);  // by Settings::name
};

}  // namespace gatepost::outside
