#pragma once

#include <string_view>

#include "acme/messages.hpp"
#include "acme/outcome.hpp"

// An authority's refusal in an administrator's words.
namespace gatepost::acme {

// Of a request. `retry_after`: what the answer's header says.
Failure explain(const Problem& problem, std::chrono::seconds retry_after = {});
// Of a challenge (`type` as "http-01") for `name`: what the authority saw there and what to do about it.
Failure explain_challenge(std::string_view type, std::string_view name, const Problem& problem);

}  // namespace gatepost::acme
