#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jmap/context.hpp"

// Names of octets (RFC 8620 6). A message is "B" and its number, a part of it has "p" and its index behind; what was
// uploaded is named by its hash and a proof that it was uploaded here, since bodies are shared between all accounts.
namespace gatepost::jmap {

struct Blob {
  account::Body body;
  std::string summary;                // of a message: as Item has it
  std::optional<std::uint32_t> part;  // index into its structure
};

std::string blob_of_message(account::ItemId item);
std::string blob_of_part(std::string_view message_blob, std::uint32_t part);
// Errors: as Account::access_key(). Blocks.
Result<std::string> blob_of_upload(account::Account& account, const account::Body& body);

// Errc::not_found: there is none, or not for the user. Blocks.
Result<Blob> find_blob(const Access& access, std::string_view name);

}  // namespace gatepost::jmap
