#pragma once

#include <string>
#include <vector>

#include "jmap/email.hpp"

// Where emails are put, and emails that are made (RFC 8621 4.6 to 4.8). All of it blocks.
namespace gatepost::jmap {

// Where an email goes: each folder once, at least one. Errors: invalidProperties, tooManyMailboxes.
Outcome<std::vector<account::Folder>> folders_for(Context& context, const Access& access, const json::value* ids);
// Why names of keywords could not be had.
Refusal refusal_of_keywords(const Error& error);
// Of Email/set. What the answer says of it.
Outcome<json::object> create_email(Context& context, Access& access, const json::object& given);

}  // namespace gatepost::jmap
