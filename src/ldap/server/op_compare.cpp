// Compare (RFC 4511 4.10).

#include <utility>

#include "ldap/protocol/ber.hpp"
#include "ldap/server/session.hpp"

namespace gatepost::ldap::server {

Task<Next> Session::compare(Operation operation) {
  const CompareRequest& request = std::get<CompareRequest>(operation.request);
  auto found = entry_named(operation, request.name);
  if (auto* const outcome = std::get_if<Outcome>(&found)) co_return answer(operation, std::move(*outcome));
  const Entry& entry = *std::get<EntryPtr>(found);
  if (const auto failed = assertion_fails(operation, entry)) co_return answer(operation, *failed);
  const AttributeType* const type = find_attribute(request.attribute);
  if (type == nullptr) co_return answer(operation, ResultCode::undefined_attribute_type, "no such attribute");
  std::string room;
  if (!values_of(entry, *type, room)) co_return answer(operation, ResultCode::no_such_attribute, "it has none");
  Filter filter;
  filter.nodes.push_back(
      {.kind = Filter::Kind::equality, .end = 1, .attribute = request.attribute, .value = request.value});
  const Matcher matcher = shared_.tree.matcher(filter);
  switch (matches(matcher, entry)) {
    case Truth::yes:
      co_return answer(operation, ResultCode::compare_true);
    case Truth::no:
      co_return answer(operation, ResultCode::compare_false);
    case Truth::undefined:
      break;
  }
  co_return answer(operation, ResultCode::invalid_attribute_syntax, "the value is none of this attribute");
}

}  // namespace gatepost::ldap::server
