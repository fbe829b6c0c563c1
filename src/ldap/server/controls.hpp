#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/protocol/message.hpp"
#include "ldap/protocol/schema.hpp"

namespace gatepost::ldap::server {

// Which operations a control goes with.
enum class On : std::uint16_t {
  search = 1,
  compare = 2,
  modify = 4,
  add = 8,
  remove = 16,
  modify_dn = 32,
  extended = 64,
  bind = 128,
  none = 0,
};

// RFC 2696
struct Paged {
  std::uint32_t size = 0;
  std::string cookie;
};
// RFC 2891
struct SortKey {
  std::string name;
  const AttributeType* type = nullptr;  // null: no such attribute
  Rule rule = Rule::none;               // none: it cannot be sorted by
  bool reverse = false;
};
// draft-ietf-ldapext-ldapv3-vlv-09: a window of the sorted list, around a place or a value.
struct ListView {
  std::uint32_t before = 0, after = 0;
  std::optional<std::string> value;       // the first entry that is not less
  std::uint32_t offset = 1, content = 0;  // else a place in a list of so many as the client believes
};

// RFC 4533 2.2
struct SyncRequest {
  bool persist = false;
  std::optional<std::string> cookie;
};

// [MS-ADTS] 3.1.1.3.4.1.3: what has changed since the state of a cookie; empty: all there is.
struct DirSyncRequest {
  bool object_security = false;  // what the client may see is enough for it
  std::uint32_t max_octets = 0;  // of one answer, roughly; 0: as the server likes
  std::string cookie;
};

// The controls of one request that we know and that go with its operation.
struct Controls {
  std::optional<Paged> paged;
  std::optional<std::vector<SortKey>> sort;
  bool sort_critical = false;
  std::optional<ListView> view;
  std::optional<std::vector<Filter>> matched_values;            // RFC 3876
  std::optional<Filter> assertion;                              // RFC 4528
  std::optional<std::vector<std::string>> pre_read, post_read;  // RFC 4527: attributes
  std::optional<bool> subentries;                               // RFC 3672
  std::optional<SyncRequest> sync;
  std::optional<DirSyncRequest> dirsync;
  std::optional<std::string> authorization;  // RFC 4370: whose rights are wanted
  bool password_policy = false;              // whether the answer is to say how the password stands
};

struct Refusal {
  ResultCode code = ResultCode::protocol_error;
  std::string text;
};
// The refusal of a critical control that we do not have (RFC 4511 4.1.11), or of one that is broken.
std::optional<Refusal> read_controls(const std::vector<Control>& controls, On operation, Controls& into);

// supportedControl.
std::vector<std::string_view> known_controls();

// How a password stands, in answers (draft-behera-ldap-password-policy-11 6.2).
struct PasswordPolicyAnswer {
  enum class Problem : std::uint8_t {
    expired = 0,
    change_after_reset = 2,
    must_supply_old = 4,
    insufficient_quality = 5,
  };
  std::optional<std::chrono::seconds> ends_in;  // soon enough to be told
  std::optional<Problem> problem;
};

// Values of response controls.
std::string write_password_policy(const PasswordPolicyAnswer& answer);
std::string write_paged(std::uint32_t estimate, std::string_view cookie);
std::string write_sort_result(ResultCode code, std::string_view attribute);
std::string write_view_result(std::uint32_t position, std::uint32_t count, ResultCode code);

}  // namespace gatepost::ldap::server
