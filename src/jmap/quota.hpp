#pragma once

#include "jmap/standard.hpp"

// Quotas (RFC 9425).
namespace gatepost::jmap {

// The state of the account's quotas.
Result<std::string> quota_state(const Access& access);
Answer quota_get(Call& call);
Answer quota_changes(Call& call);
Answer quota_query(Call& call);
Answer quota_query_changes(Call& call);

}  // namespace gatepost::jmap
