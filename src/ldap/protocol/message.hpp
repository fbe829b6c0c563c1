#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "ldap/protocol/filter.hpp"

// LDAPMessage and what is in it (RFC 4511 4).
namespace gatepost::ldap {

inline constexpr std::size_t kMaxControls = 32;
inline constexpr std::size_t kMaxSelectedAttributes = 1024;
inline constexpr std::size_t kMaxChanges = 1024;         // of one modify or add
inline constexpr std::size_t kMaxValuesOfOne = 100'000;  // of one attribute

// RFC 4511 4.1.9, RFC 3909 2.3, RFC 4528 4, RFC 4533 2.
enum class ResultCode : std::uint16_t {
  success = 0,
  operations_error = 1,
  protocol_error = 2,
  time_limit_exceeded = 3,
  size_limit_exceeded = 4,
  compare_false = 5,
  compare_true = 6,
  auth_method_not_supported = 7,
  stronger_auth_required = 8,
  admin_limit_exceeded = 11,
  unavailable_critical_extension = 12,
  confidentiality_required = 13,
  sasl_bind_in_progress = 14,
  no_such_attribute = 16,
  undefined_attribute_type = 17,
  inappropriate_matching = 18,
  constraint_violation = 19,
  attribute_or_value_exists = 20,
  invalid_attribute_syntax = 21,
  no_such_object = 32,
  invalid_dn_syntax = 34,
  inappropriate_authentication = 48,
  invalid_credentials = 49,
  insufficient_access_rights = 50,
  busy = 51,
  unavailable = 52,
  unwilling_to_perform = 53,
  sort_control_missing = 60,
  offset_range_error = 61,
  naming_violation = 64,
  object_class_violation = 65,
  not_allowed_on_non_leaf = 66,
  not_allowed_on_rdn = 67,
  entry_already_exists = 68,
  object_class_mods_prohibited = 69,
  other = 80,
  canceled = 118,
  no_such_operation = 119,
  too_late = 120,
  cannot_cancel = 121,
  assertion_failed = 122,
  authorization_denied = 123,
  sync_refresh_required = 4096,
};

struct Control {
  std::string oid;
  bool critical = false;
  std::optional<std::string> value;
  bool operator==(const Control&) const = default;
};

struct BindRequest {
  std::int64_t version = 3;
  std::string name;
  struct Simple {
    Secret password;
  };
  struct Sasl {
    std::string mechanism;
    std::optional<std::string> credentials;
  };
  struct Unknown {};  // a choice that RFC 4511 4.2 does not have
  std::variant<Simple, Sasl, Unknown> authentication;
};
struct UnbindRequest {};
enum class Scope : std::uint8_t { base, one, subtree };
struct SearchRequest {
  std::string base;
  Scope scope = Scope::base;
  std::uint8_t dereference = 0;                          // never 0, in searching 1, finding the base 2, always 3
  std::uint32_t size_limit = 0, time_limit_seconds = 0;  // 0: none
  bool types_only = false;
  Filter filter;
  std::vector<std::string> attributes;
};
struct Attribute {
  std::string type;
  std::vector<std::string> values;
  bool operator==(const Attribute&) const = default;
};
struct ModifyRequest {
  enum class Kind : std::uint8_t { add, remove, replace };
  struct Change {
    Kind kind = Kind::add;
    Attribute attribute;
  };
  std::string name;
  std::vector<Change> changes;
};
struct AddRequest {
  std::string name;
  std::vector<Attribute> attributes;
};
struct DeleteRequest {
  std::string name;
};
struct ModifyDnRequest {
  std::string name, new_rdn;
  bool delete_old = false;
  std::optional<std::string> new_superior;
};
struct CompareRequest {
  std::string name, attribute, value;
};
struct AbandonRequest {
  std::int32_t message = 0;
};
struct ExtendedRequest {
  std::string oid;
  std::optional<std::string> value;
};

using Request = std::variant<BindRequest, UnbindRequest, SearchRequest, ModifyRequest, AddRequest, DeleteRequest,
                             ModifyDnRequest, CompareRequest, AbandonRequest, ExtendedRequest>;

// What every LDAPMessage has, whatever is in it. Views point into the input.
struct Envelope {
  std::int32_t id = 0;
  std::uint8_t tag = 0;        // of the operation
  std::string_view operation;  // the whole element
  std::string_view controls;   // the content of the [0] element, or empty
};
// Errc::invalid: after this nothing can be answered but the notice of disconnection (RFC 4511 4.1.1).
Result<Envelope> parse_envelope(std::string_view message);
// Is it a request at all?
bool is_request(std::uint8_t tag);
// Errc::invalid: protocolError. Errc::limit: adminLimitExceeded.
Result<Request> parse_request(const Envelope& envelope);
Result<std::vector<Control>> parse_controls(std::string_view content);

// LDAPResult, with a word for people.
struct Outcome {
  ResultCode code = ResultCode::success;
  std::string text;
  std::string matched;  // the part of a name that exists
};

// What answers which request: the tags of RFC 4511 4.2 to 4.12.
enum class Answer : std::uint8_t {
  bind = 1,
  search_done = 5,
  modify = 7,
  add = 9,
  remove = 11,
  modify_dn = 13,
  compare = 15,
  extended = 24,
};
std::optional<Answer> answer_to(std::uint8_t request_tag);  // none: unbind and abandon have none

struct Reply {
  std::int32_t id = 0;
  Answer answer = Answer::extended;
  Outcome outcome;
  std::vector<Control> controls;
  std::optional<std::string> sasl;   // bind: serverSaslCreds
  std::string oid;                   // extended: responseName; empty: none
  std::optional<std::string> value;  // extended: responseValue
};
void write(std::string& out, const Reply& reply);

// SearchResultEntry. `attributes`: PartialAttribute elements one after the other, as append_attribute() writes them.
void write_entry(std::string& out, std::int32_t id, std::string_view dn, std::string_view attributes,
                 std::string_view encoded_controls = {});
// IntermediateResponse (RFC 4511 4.13).
void write_intermediate(std::string& out, std::int32_t id, std::string_view oid, std::string_view value);
void append_attribute(std::string& out, std::string_view type, const std::vector<std::string>& values);
// The same with the content of the SET of values as it is.
void append_attribute_set(std::string& out, std::string_view type, std::string_view set);
// The [0] element, or nothing.
void append_controls(std::string& out, const std::vector<Control>& controls);

// A request as a client writes it.
void write(std::string& out, std::int32_t id, const Request& request, const std::vector<Control>& controls = {});

}  // namespace gatepost::ldap
