#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "directory/door.hpp"
#include "ldap/protocol/dn.hpp"
#include "ldap/protocol/message.hpp"
#include "ldap/server/controls.hpp"
#include "ldap/server/server.hpp"
#include "ldap/server/sync.hpp"
#include "ldap/server/tree.hpp"
#include "runtime/session.hpp"
#include "runtime/workers.hpp"

namespace gatepost::ldap::server {

class Selector;

using runtime::Next;
using runtime::Task;

// What all sessions of a server share.
struct Shared {
  explicit Shared(const Services& s);
  Services services;
  Tree tree;
  SyncWakers wakers;
  std::unique_ptr<directory::Directory::Watch> watch;  // wakes them; after what it uses
  Counter &sessions, &searches, &entries, &changes;
};

// A search that goes on: what its owner keeps a copy of, and how much of it he has.
struct SyncWatch {
  std::int32_t id = 0;
  Viewer viewer;
  std::string base;  // normal form
  SearchRequest request;
  std::uint64_t since = 0;
};

std::string cookie_of(const SyncWatch& watch);

// One request on its way.
struct Operation {
  std::int32_t id = 0;
  std::optional<Answer> answer;  // none: it gets none
  Request request;
  Controls controls;
  Viewer viewer;  // in whose name, after proxied authorization
};

// One conversation (RFC 4511). Each request is a function of op_*.cpp; the table that names them is in operations.cpp.
class Session final : public runtime::Session {
 public:
  Session(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer, runtime::Output& output,
          std::shared_ptr<runtime::Waker> waker, bool offers_tls);
  ~Session() override { end_watches(); }

  Task<runtime::Step> opened() override { co_return runtime::Step{}; }  // the client speaks first
  Task<runtime::Step> step(std::string_view input) override;
  Task<runtime::Step> woken() override;
  void tls_started(const runtime::TlsFacts& facts) override;
  bool timed_out() override;
  void stopping() override;
  void turned_away(std::string_view why) override;
  runtime::Waiting waiting() const override;
  std::size_t max_buffered() const override { return max_message() + 64; }

  // op_bind.cpp
  Task<Next> bind(Operation operation);
  Task<Next> unbind(Operation operation);
  // op_search.cpp
  Task<Next> search(Operation operation);
  // op_dirsync.cpp
  Task<Next> dirsync(Operation operation, std::string base);
  Task<> append_photo(std::string& room, const Selector& selector, const Entry& entry);
  // op_compare.cpp
  Task<Next> compare(Operation operation);
  // op_change.cpp
  Task<Next> modify(Operation operation);
  Task<Next> add(Operation operation);
  Task<Next> remove(Operation operation);
  Task<Next> modify_dn(Operation operation);
  // op_extended.cpp
  Task<Next> abandon(Operation operation);
  Task<Next> extended(Operation operation);
  Next start_tls(const Operation& operation);
  Next who_am_i(const Operation& operation);
  Next cancel(const Operation& operation, const std::optional<std::string>& value);
  Task<Next> password_modify(Operation operation);

  bool tls() const { return peer_.tls.has_value(); }
  bool may_start_tls() const { return offers_tls_ && !tls(); }

 private:
  // session.cpp
  std::size_t max_message() const;
  Task<Next> message(std::string_view octets);
  Task<Next> run(Envelope envelope, Operation operation);
  Next disconnect(ResultCode code, std::string_view text, std::string_view detail);
  // The same for what is no LDAP at all, which counts against the peer.
  Next broken(std::string_view text, std::string_view detail);
  Next answer(const Operation& operation, Outcome outcome, std::vector<Control> controls = {});
  Next answer(const Operation& operation, ResultCode code, std::string_view text = {}) {
    return answer(operation, Outcome{code, std::string(text), {}});
  }
  Next bad(const Operation& operation, ResultCode code, std::string_view text);
  std::optional<Refusal> take_authorization(Operation& operation);
  directory::DoorContext door_context() const;
  Viewer viewer_of(const directory::Principal& principal) const;
  // The entry of a name, or the refusal that says how much of it there is.
  std::variant<EntryPtr, Outcome> entry_named(const Operation& operation, std::string_view name);
  std::variant<EntryPtr, Outcome> entry_at(const Operation& operation, const Dn& dn, std::string_view normal);
  std::optional<Outcome> assertion_fails(const Operation& operation, const Entry& entry);
  // The response control, where the request asks for one.
  static std::vector<Control> policy_control(const Operation& operation, const PasswordPolicyAnswer& said);
  std::string& out() { return output_.buffer(); }

  // op_bind.cpp
  Task<Next> simple(Operation operation, std::string name, Secret password);
  Task<Next> sasl(Operation operation, BindRequest::Sasl request);
  std::string sign_in_name(std::string_view name);
  std::string authorization_name(const std::optional<std::string>& given);
  // `name`: who signs in, where the bind says it.
  Next settle(const Operation& operation, directory::SignInStep step, std::string_view name = {});
  // Who has shown the right password, and has to replace it first.
  Next expired(const Operation& operation, std::string_view name);

  // op_sync.cpp
  Task<Next> synchronize(Operation operation, std::string base);
  Task<bool> send_everything(SyncWatch& watch);  // false: the peer is gone; likewise below
  Task<bool> send_changes(SyncWatch& watch, bool refreshing, bool& complete);
  Task<bool> feed_watches();
  bool end_watch(std::int32_t id);
  void end_watches();

  // op_change.cpp
  void log_change(const Event& event, std::string_view operation, std::string_view entry);
  Next refuse_change(const Operation& operation, Outcome outcome, std::string_view what, std::string_view entry);

  // root_dse.cpp
  std::string root_dse();
  // op_search.cpp
  Next answer_special(const Operation& operation, const SearchRequest& request, const std::string& attributes,
                      std::string_view dn);
  Task<Next> stream(const Operation& operation, const SearchRequest& request, std::string base);
  Task<Next> sorted(const Operation& operation, const SearchRequest& request, std::string base);

  Shared& shared_;
  std::shared_ptr<const Settings> settings_;  // shared by the sessions that began under them
  runtime::Peer& peer_;
  runtime::Output& output_;
  std::shared_ptr<runtime::Waker> waker_;  // shared with what may outlive the session
  bool offers_tls_;

  std::unique_ptr<directory::SignIn> sign_in_;  // a SASL exchange is running ...
  std::string mechanism_;                       // ... of this mechanism
  std::unique_ptr<directory::SignedIn> signed_in_;
  // Who has bound by a password that was set for him: he may replace it, and nothing else. Never beside signed_in_.
  std::optional<directory::PrincipalId> has_to_change_;
  std::vector<SyncWatch> watches_;  // searches that go on
  std::uint32_t bad_messages_ = 0, failed_sign_ins_ = 0;
  bool heard_ = false;
};

}  // namespace gatepost::ldap::server
