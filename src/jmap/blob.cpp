#include "jmap/blob.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/random.hpp"
#include "jmap/ids.hpp"
#include "mime/transfer.hpp"
#include "reading/message_reader.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::size_t kHashDigits = 64, kProofOctets = 16;

Result<std::string> secret_of(account::Account& account) {
  GP_TRY(const account::Folder inbox, account.find_folder("INBOX"));
  SystemRandom random;
  return account.access_key(inbox.id, random.hex(kProofOctets));
}

std::string proof_of(std::string_view secret, std::string_view what) {
  return to_hex(hmac_sha256(secret, "upload " + std::string(what)).substr(0, kProofOctets));
}

std::string described(const account::Body& body) {
  return to_hex({reinterpret_cast<const char*>(body.sha256.data()), body.sha256.size()}) + "-" +
         std::to_string(body.size);
}

std::optional<account::Body> read_described(std::string_view text) {
  if (text.size() < kHashDigits + 2 || text[kHashDigits] != '-') return std::nullopt;
  account::Body body;
  const auto hash = from_hex(text.substr(0, kHashDigits));
  if (!hash || hash->size() != body.sha256.size()) return std::nullopt;
  std::memcpy(body.sha256.data(), hash->data(), hash->size());
  const std::string_view size = text.substr(kHashDigits + 1);
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), body.size);
  if (error != std::errc() || end != size.data() + size.size()) return std::nullopt;
  return body;
}

}  // namespace

std::string blob_of_message(account::ItemId item) { return "B" + std::to_string(static_cast<std::uint64_t>(item)); }

std::string blob_of_part(std::string_view message_blob, std::uint32_t part) {
  return std::string(message_blob) + "p" + std::to_string(part);
}

Result<std::string> blob_of_upload(account::Account& account, const account::Body& body) {
  GP_TRY(const std::string secret, secret_of(account));
  const std::string what = described(body);
  return "G" + what + "-" + proof_of(secret, what);
}

Result<Blob> find_blob(const Access& access, std::string_view name) {
  const auto missing = fail(Errc::not_found, "no such blob");
  Blob blob;
  std::string_view whole = name;
  if (const std::size_t p = name.rfind('p'); p != std::string_view::npos) {
    const auto part = number_behind('p', "p" + std::string(name.substr(p + 1)));
    const bool first = name.substr(p + 1) == "0";
    if ((!part && !first) || (part && *part > 0xffffffff)) return missing;
    blob.part = first ? 0 : static_cast<std::uint32_t>(*part);
    whole = name.substr(0, p);
  }
  if (const auto number = number_behind('B', whole)) {
    // The octets of an email, which all its messages have.
    const account::ItemId email{*number};
    GP_TRY(const auto messages, access.account->messages_of(std::span(&email, 1)));
    const auto visible = std::ranges::find_if(
        messages[0], [&](const account::Placed& one) { return access.folder(one.folder).has_value(); });
    if (visible == messages[0].end()) return missing;
    GP_TRY(account::Item found, access.account->item(visible->row.item));
    blob.body = found.body;
    blob.summary = std::move(found.summary);
    return blob;
  }
  if (!whole.starts_with('G')) return missing;
  const std::size_t dash = whole.rfind('-');
  if (dash == std::string_view::npos) return missing;
  const std::string_view what = whole.substr(1, dash - 1);
  const auto body = read_described(what);
  if (!body) return missing;
  GP_TRY(const std::string secret, secret_of(*access.account));
  if (proof_of(secret, what) != whole.substr(dash + 1)) return missing;
  blob.body = *body;
  return blob;
}

Result<Download> open_blob(const Access& access, std::string_view name) {
  GP_TRY(const Blob blob, find_blob(access, name));
  Download out{.body = blob.body, .begin = 0, .end = blob.body.size, .encoding = {}, .account = access.account};
  if (!blob.part) return out;
  reading::MessageReader reader(*access.account);
  reader.open(blob.body);
  GP_TRY(const auto structure, reading::structure_of(reader, blob.summary));
  if (*blob.part >= structure.parts.size()) return fail(Errc::not_found, "no such part");
  const mime::Part& part = structure.parts[*blob.part];
  out.begin = part.body_begin;
  out.end = part.body_end;
  if (part.kind == mime::Part::Kind::single) out.encoding = part.encoding;
  return out;
}

std::optional<std::uint64_t> size_of(const Download& blob) {
  const auto encoding = mime::transfer_encoding(blob.encoding);
  if (!blob.encoding.empty() && encoding != mime::TransferEncoding::identity) return std::nullopt;
  return blob.end - blob.begin;
}

Result<std::uint64_t> read_blob(const Download& blob, std::uint64_t offset,
                                const std::function<bool(std::string_view)>& visit) {
  const bool plain = size_of(blob).has_value();
  mime::TransferDecoder decoder(mime::transfer_encoding(blob.encoding));
  std::uint64_t visited = 0;
  std::uint64_t skip = plain ? 0 : offset;
  std::string raw, decoded;
  const std::uint64_t first = plain ? blob.begin + std::min(offset, blob.end - blob.begin) : blob.begin;
  for (std::uint64_t at = first; at < blob.end; at += raw.size()) {
    raw.resize(std::min<std::uint64_t>(reading::kPieceOctets, blob.end - at));
    GP_CHECK(blob.account->read_body(blob.body, at, raw));
    std::string_view piece = raw;
    if (!plain) {
      decoded.clear();
      decoder.append(raw, decoded);
      if (at + raw.size() == blob.end) decoder.finish(decoded);
      piece = decoded;
    }
    const auto skipped = std::min<std::uint64_t>(skip, piece.size());
    piece.remove_prefix(skipped);
    skip -= skipped;
    if (piece.empty()) continue;
    visited += piece.size();
    if (!visit(piece)) break;
  }
  return visited;
}

}  // namespace gatepost::jmap
