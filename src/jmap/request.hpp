#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "jmap/json.hpp"

namespace gatepost::jmap {

// RFC 8620 3.2.
struct Invocation {
  std::string name;
  json::object arguments;
  std::string id;
};

// RFC 8620 3.3.
struct Request {
  std::set<std::string> uses;
  std::vector<Invocation> calls;
  std::map<std::string, std::string> created;  // ids that the client knows from earlier requests
  bool tells_created = false;                  // the response names them all
};

// Why a whole request is refused (RFC 8620 3.6.1, RFC 7807).
struct Problem {
  std::string type;  // "urn:ietf:params:jmap:error:notJSON"
  int status = 400;
  std::string detail;
  std::string limit;  // of the type "limit": its name
};
std::string to_text(const Problem& problem);

// Checks the form and the capabilities. `max_calls`: RFC 8620 2, maxCallsInRequest.
std::expected<Request, Problem> read_request(std::string_view text, std::size_t max_calls);

// RFC 8620 3.7: puts what "#name" arguments refer to in their place. `earlier`: the responses so far; `octets`: how
// much the request's references may still lead to. Errors: invalidResultReference, invalidArguments, requestTooLarge.
Outcome<> resolve_references(json::object& arguments, const std::vector<Invocation>& earlier, std::size_t& octets);

}  // namespace gatepost::jmap
