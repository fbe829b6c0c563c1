#pragma once

#include <cstdint>
#include <functional>
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
// Where its octets are. Errors as of find_blob(). Blocks.
Result<Download> open_blob(const Access& access, std::string_view name);
// Goes through the octets from `offset` on, encoding undone, in pieces; visit returns false to stop. Value: how many
// were visited. Blocks.
Result<std::uint64_t> read_blob(const Download& blob, std::uint64_t offset,
                                const std::function<bool(std::string_view piece)>& visit);
// nullopt: that shows when all is read.
std::optional<std::uint64_t> size_of(const Download& blob);

}  // namespace gatepost::jmap
