#pragma once

#include <string>
#include <vector>

#include "jmap/standard.hpp"
#include "jmap/submissions.hpp"
#include "mailflow/envelope.hpp"

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
  directory::Authorship::Kind kind = directory::Authorship::Kind::own;
};
// Those of the account's owner that he may send as. The first one is always there: his own address. Behind what he made
// himself comes one for each who granted him a right to send, "P1024" as its principal, until that is taken back.
Result<std::vector<Identity>> identities_of(const Access& access, directory::Directory& directory);
Result<std::string> identity_state(const Access& access, directory::Directory& directory);

// Whose mail it is that is sent.
mailflow::Source submission_source(const Context& context);

// Sends an email as one is told to; value: what the client does not know of the submission that was made.
Outcome<json::object> send(SetRun& run, const json::object& given);

}  // namespace gatepost::jmap
