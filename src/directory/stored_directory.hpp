#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "directory/credentials.hpp"
#include "directory/directory.hpp"
#include "directory/index.hpp"
#include "directory/outside.hpp"
#include "directory/password_age.hpp"
#include "directory/records.hpp"
#include "directory/resolve.hpp"
#include "directory/second_factor.hpp"
#include "directory/success_cache.hpp"
#include "store/key_value.hpp"
#include "store/watchers.hpp"

namespace gatepost::directory {

// The directory over a store: everything in memory for reading, every change durable before it is seen. Writers go one
// after the other and hold no lock that readers want while the disk works; nobody holds a lock while hashing.
class StoredDirectory final : public Directory, public SecondFactors, public PasswordAges {
 public:
  StoredDirectory(store::KeyValue& keys, Options options, const Clock& clock, Random& random,
                  std::unique_ptr<PasswordHasher> hasher);
  // Reads everything; `options` has been checked by Directory::open.
  Result<> start();

  Result<> add_domain(std::string_view name) override;
  Result<> remove_domain(std::string_view name) override;
  Result<> set_catch_all(std::string_view domain, std::string_view address) override;
  Result<std::vector<Domain>> domains() override;
  Result<bool> is_local_domain(std::string_view domain) override;

  Result<Principal> add_principal(PrincipalKind kind, std::string_view address, std::string_view display_name) override;
  Result<Principal> add_contact(std::string_view address, std::string_view display_name,
                                std::string_view home) override;
  Result<Principal> add_rule_group(std::string_view address, std::string_view display_name,
                                   std::string_view rule) override;
  Result<> update_principal(const Principal& principal) override;
  Result<> remove_principal(PrincipalId id) override;
  Result<Principal> principal(PrincipalId id) override;
  Result<Principal> find(std::string_view address) override;
  Result<Principal> find_contact(std::string_view address) override;
  Result<std::vector<Principal>> principals() override;

  Result<> set_photo(PrincipalId id, std::string_view octets) override;
  Result<std::string> photo(PrincipalId id) override;

  Result<> put_address_book(const AddressBook& book) override;
  Result<> remove_address_book(std::string_view name) override;
  Result<std::vector<AddressBook>> address_books() override;
  Sight sight(const Principal& viewer, bool own_domain_only) override;

  Result<> add_alias(std::string_view address, const std::vector<std::string>& targets) override;
  Result<> change_alias(std::string_view address, const std::vector<std::string>& targets) override;
  Result<> remove_alias(std::string_view address) override;
  Result<std::vector<Alias>> aliases() override;

  Result<> add_members(PrincipalId group, const std::vector<std::string>& addresses) override;
  Result<> remove_member(PrincipalId group, std::string_view address) override;
  Result<> change_members(PrincipalId group, const std::vector<std::string>& added,
                          const std::vector<std::string>& removed) override;
  Result<std::vector<std::string>> members(PrincipalId group) override;
  Result<std::vector<Principal>> members_by(std::string_view rule) override;
  bool is_member(PrincipalId group, PrincipalId id) override;
  std::uint64_t change() const override { return change_.load(std::memory_order_acquire); }
  Changes changes_since(std::optional<std::uint64_t> since, const std::function<void(const Profile&)>& visit) override;
  std::unique_ptr<Watch> watch(std::function<void()> changed) override;

  Result<std::vector<Destination>> resolve(std::string_view address) override;
  Result<bool> owns_address(PrincipalId id, std::string_view address) override;

  Result<> change_senders(PrincipalId of, SendRight right, const std::vector<PrincipalId>& granted,
                          const std::vector<PrincipalId>& revoked) override;
  std::vector<Principal> senders(PrincipalId of, SendRight right) override;
  std::vector<SendsFor> sends_for(PrincipalId id) override;
  Result<Authorship> authorship(PrincipalId id, std::string_view address) override;

  Result<std::string> find_grantee(std::string_view name) override;
  std::optional<std::string> name_of_grantee(std::string_view grantee) override;
  bool stands_for(std::string_view grantee, PrincipalId id) override;
  Result<> add_share(PrincipalId account, std::string_view grantee) override;
  Result<> remove_share(PrincipalId account, std::string_view grantee) override;
  bool has_share(PrincipalId account, std::string_view grantee) override;
  std::unique_ptr<ShareWatch> watch_shares(std::function<void()> changed) override;
  std::vector<Principal> sharers(PrincipalId id) override;

  Result<> set_password(PrincipalId id, const Secret& password, PasswordKind kind) override;
  Result<> forget_former_passwords() override;
  Result<Secret> add_app_password(PrincipalId id, std::string_view name, const AppScope& scope) override;
  Result<> set_app_scope(PrincipalId id, std::uint32_t app, const AppScope& scope) override;
  Result<> remove_app_password(PrincipalId id, std::uint32_t app) override;
  Result<std::vector<AppPassword>> app_passwords(PrincipalId id) override;
  Result<Principal> verify_password(std::string_view name, const Secret& password,
                                    const SignInPurpose& purpose) override;
  bool is_for(PrincipalId id, const Secret& password, const SignInPurpose& purpose) override;
  bool is_known(std::string_view name) override {
    return sign_in_row(name).has_value() || (outside_ != nullptr && outside_->knows(name));
  }
  void set_policy(SecondFactorPolicy policy) override;
  Status status(const Principal& principal) override;
  Result<Secret> begin(PrincipalId id) override;
  Result<std::vector<Secret>> confirm(PrincipalId id, const Secret& code) override;
  Result<Outcome> use(PrincipalId id, const Secret& code) override;
  Result<std::vector<Secret>> renew_recovery_codes(PrincipalId id) override;
  Result<> disable(PrincipalId id) override;
  void set_age_policy(PasswordAgePolicy policy) override;
  PasswordStanding standing(const Principal& principal) override;
  Result<> check(const Principal& principal) override;
  Result<> demand_change(PrincipalId id, bool demanded) override;
  void set_outside(OutsideSignIn* outside) { outside_ = outside; }
  bool has_password(PrincipalId id);
  Result<std::optional<sasl::ScramVerifier>> scram_verifier(std::string_view name, std::string_view hash) override;

 private:
  // What a change is planned on, and what it is: rows to write, and the same in memory once they are durable.
  struct Current {
    const Index& index;
    std::uint64_t next_id;
    std::uint64_t change;  // the number that a change gets
  };
  struct Change {
    store::Batch batch;
    std::uint64_t next_id = 0;  // 0: stays
    std::function<void(Index&)> apply;
    bool shares = false;  // sharers() may answer otherwise now

    void put(std::string key, std::string value) { batch.writes.push_back({std::move(key), std::move(value)}); }
    void erase(std::string key) { batch.writes.push_back({std::move(key), std::nullopt}); }
  };
  using Plan = std::function<Result<>(const Current&, Change&)>;

  // Plans, commits, applies. `plan` runs again on what is new when somebody else has changed the partition; its errors
  // are passed on. A change without rows is none.
  Result<> write(const Plan& plan) GP_EXCLUDES(writer_, mutex_);
  Result<store::Version> write_planned(const Plan& plan, bool& shares) GP_EXCLUDES(writer_, mutex_);
  Result<> commit(Change& change) GP_REQUIRES(writer_) GP_EXCLUDES(mutex_);
  Result<> reload() GP_REQUIRES(writer_) GP_EXCLUDES(mutex_);

  ResolveRules rules() const { return {options_.recipient_delimiter, options_.postmaster}; }
  bool is_meant(std::string_view alias, PrincipalId id) GP_REQUIRES_SHARED(mutex_);
  Profile profile(const Principal& principal) const GP_REQUIRES_SHARED(mutex_);
  // The principal as it is after a change of it, or of what its entry shows besides; written with it.
  Principal touched(const Current& current, Change& change, Principal principal) const;
  // Groups that somebody comes into, or leaves, by their rules, when `before` becomes `after`; null: was not, is gone.
  void touch_rule_groups(const Current& current, Change& change, const Principal* before, const Principal* after,
                         std::vector<Principal>& changed) const;
  Result<Principal> add(Principal wanted);
  // Those that name it, without it; written with the change.
  static std::vector<AddressBook> address_books_without(const Current& current, Change& change, std::string_view name);
  std::shared_ptr<const Seen> seen_by(const std::vector<std::string>& books) GP_REQUIRES_SHARED(mutex_);
  Result<> put_alias(std::string_view address, const std::vector<std::string>& targets, bool is_there);
  struct Watchers;
  static std::shared_ptr<Watchers> make_watchers();
  void tell_watchers();
  Result<> change_some_members(PrincipalId group, const std::vector<std::string>& added,
                               const std::vector<std::string>& removed);
  // Takes back what was granted to one, in steps.
  Result<> revoke_all_of(PrincipalId grantee);
  // The same for those of `members` that are ours, added to `changed`.
  void touch_members(const Current& current, Change& change, const std::vector<std::string>& members,
                     std::vector<Principal>& changed) const;
  static Result<const PrincipalRow*> group_of(const Current& current, PrincipalId id);
  // Who signs in by this name; none if nobody.
  std::optional<PrincipalRow> sign_in_row(std::string_view name) GP_EXCLUDES(mutex_);
  std::optional<PrincipalRow> row(PrincipalId id) GP_EXCLUDES(mutex_);

  // By an app password; nullopt: it is none of theirs.
  Result<std::optional<Principal>> verify_app_password(std::string_view name, const Secret& password,
                                                       const SignInPurpose& purpose);
  Result<> check_use(const AppSecret& app, const SignInPurpose& purpose) const;
  // By whoever is outside; nullopt: nobody there is called so.
  Result<std::optional<Principal>> verify_outside(std::string_view name, const Secret& password,
                                                  const SignInPurpose& purpose);
  struct Proof {
    bool right = false;
    const AppSecret* app = nullptr;  // of the row's credentials; null: the main password
    bool remembered = false;         // true: nothing had to be calculated
  };
  Proof prove(const std::optional<PrincipalRow>& row, const Secret& prepared, const Secret& typed);
  // `kept`: whose salts stay, so that the password it replaces can be told from a guess.
  Result<PasswordRecord> make_record(const Secret& prepared, const PasswordRecord* kept,
                                     PasswordHasher::Patience patience);
  // What to remember of the password that `found` has when `fresh` takes its place.
  // Errc::forbidden: `purpose` cannot ask for the second factor that is wanted beside the main password.
  Result<> check_second_factor(const Principal& principal, const SignInPurpose& purpose);
  // Errc::expired: the main password of the row has to be replaced first.
  Result<> check_age(const PrincipalRow& row);
  PasswordStanding standing_of(const PrincipalRow& row);
  // Changes the second factor that is there. Errc::not_found: there is none.
  Result<> change_totp(PrincipalId id, const std::function<Result<>(TotpRecord&)>& change);
  Result<> check_history(const PrincipalRow& found, const PasswordRecord& fresh) const;
  std::vector<FormerPassword> former_after(const PrincipalRow& found, const PasswordRecord& fresh) const;
  void refresh_password(const PrincipalRow& row, const Secret& prepared);
  void note_use(PrincipalId id, std::uint32_t app, const SignInPurpose& purpose);

  store::KeyValue& keys_;
  const Options options_;
  const Clock& clock_;
  Random& random_;
  const std::unique_ptr<PasswordHasher> hasher_;
  SuccessCache successes_;
  std::string decoy_key_;  // constant after start()

  Mutex writer_;  // before mutex_
  store::Version version_ GP_GUARDED_BY(writer_) = 0;
  std::uint64_t next_id_ GP_GUARDED_BY(writer_) = 0;
  bool stale_ GP_GUARDED_BY(writer_) = true;  // the partition may have changed under us

  store::Watchers share_watchers_;
  OutsideSignIn* outside_ = nullptr;  // constant once sign-ins begin

  SharedMutex mutex_;
  Index index_ GP_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> change_ = 0;  // version_, for whoever wonders whether anything is new

  const std::shared_ptr<Watchers> watchers_ = make_watchers();  // shared with the watches

  // Second factors that are being set up, and wrong codes.
  struct Enrolment {
    Secret key;
    SteadyPoint begun;
  };
  struct WrongCodes {
    std::uint32_t count = 0;
    SteadyPoint since;
  };
  Mutex factors_mutex_;  // after the others
  SecondFactorPolicy factor_policy_ GP_GUARDED_BY(factors_mutex_);
  std::map<PrincipalId, Enrolment> enrolments_ GP_GUARDED_BY(factors_mutex_);
  std::map<PrincipalId, WrongCodes> wrong_codes_ GP_GUARDED_BY(factors_mutex_);  // of those who have a second factor

  Mutex ages_mutex_;  // after the others
  PasswordAgePolicy age_policy_ GP_GUARDED_BY(ages_mutex_);

  // What address book policies show, by the policies' names, as of one change of the directory.
  struct SeenAt {
    std::uint64_t change = 0;
    std::shared_ptr<const Seen> seen;
  };
  Mutex seen_mutex_;  // after the others
  std::map<std::vector<std::string>, SeenAt> seen_ GP_GUARDED_BY(seen_mutex_);

  struct Use {
    AppUse last;
    TimePoint stored;
  };
  Mutex uses_mutex_;  // after the others
  std::map<std::pair<PrincipalId, std::uint32_t>, Use> uses_ GP_GUARDED_BY(uses_mutex_);
};

inline std::unexpected<Error> no_principal() { return fail(Errc::not_found, "there is no such account"); }

}  // namespace gatepost::directory
