#pragma once

#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "sasl/mechanism.hpp"

namespace gatepost::sasl {

struct PlainMessage {
  std::string authzid;  // "" = the same as authcid
  std::string authcid;
  Secret password;
};
// message = [authzid] UTF8NUL authcid UTF8NUL passwd (RFC 4616 2). Errc::invalid otherwise, and over the limits.
Result<PlainMessage> parse_plain(std::string_view message);
std::string write_plain(const PlainMessage& message);

std::unique_ptr<Exchange> make_plain_exchange();
std::unique_ptr<ClientExchange> make_plain_client(std::string_view name, const Secret& password);

// What a name that a client gives must be to be looked up at all: UTF-8 without controls, not empty, not endless.
bool is_acceptable_name(std::string_view name);
// Is it the same person? An authorization identity that differs asks to act for somebody else, which nobody may.
bool same_identity(std::string_view authzid, std::string_view authcid);

}  // namespace gatepost::sasl
