#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "jmap/standard.hpp"

// Identities and submissions (RFC 8621 6, 7).
namespace gatepost::jmap {

Answer identity_get(Call& call);
Answer identity_changes(Call& call);
Answer identity_set(Call& call);
Answer submission_get(Call& call);
Answer submission_changes(Call& call);
Answer submission_query(Call& call);
Answer submission_query_changes(Call& call);
Answer submission_set(Call& call);

// One identity as it is kept and told (RFC 8621 6). `json`: the object.
struct Identity {
  std::string id, email;
  json::object json;
};
// Those of the account's owner. The first one is always there: his own address.
Result<std::vector<Identity>> identities_of(const Access& access);

// What was submitted lately. A submission is done when the server has taken the message (undoStatus is "final"), so
// that its object is of use for a while only; RFC 8621 7 lets a server drop it. Thread-safe.
class Submissions {
 public:
  static constexpr std::size_t kKept = 200;  // of an account
  // Value: its id.
  std::string add(account::AccountId account, json::object submission);
  std::optional<json::object> find(account::AccountId account, std::string_view id) const;
  std::vector<json::object> all(account::AccountId account) const;
  bool remove(account::AccountId account, std::string_view id);
  std::string state(account::AccountId account) const;

 private:
  struct OfAccount {
    std::uint64_t changes = 0;
    std::deque<json::object> list;
  };
  mutable std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::map<account::AccountId, OfAccount> accounts_;
};

}  // namespace gatepost::jmap
