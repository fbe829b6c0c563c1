#include "mailflow/redirect.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "mime/header.hpp"
#include "mime/structure.hpp"
#include "mime/summary.hpp"

namespace gatepost::mailflow {
namespace {

constexpr std::string_view kField = "X-Sieve-Redirected-From";
constexpr std::size_t kCopiedAtOnce = 64 << 10;

}  // namespace

bool was_redirected_by(std::string_view header, std::string_view owner) {
  mime::HeaderReader reader(header);
  while (const auto field = reader.next()) {
    if (ascii::iequals(field->name, kField) && ascii::iequals(mime::unfold(field->value), owner)) return true;
  }
  return false;
}

Result<QueueId> redirect_message(account::Accounts& accounts, Queue& queue, const QueueEntry& entry,
                                 std::string_view owner, std::vector<RecipientState> recipients, TimePoint now) {
  QueueEntry out;
  out.reverse_path = entry.reverse_path.empty() ? std::string() : std::string(owner);
  out.body_type = entry.body_type;
  out.smtputf8 = entry.smtputf8;
  out.created = out.due = now;
  const bool local = std::ranges::any_of(recipients, [](const RecipientState& r) { return r.account.has_value(); });
  out.recipients = std::move(recipients);

  GP_TRY(const auto writer, accounts.new_body(entry.body.size));
  mime::StructureScanner scanner;
  const auto write = [&](std::string_view octets) -> Result<> {
    scanner.feed(octets);
    return octets.empty() ? Result<>() : writer->append(octets);
  };
  GP_CHECK(write((local ? fmt::format("Return-Path: <{}>\r\n", out.reverse_path) : std::string()) +
                 fmt::format("{}: {}\r\n", kField, owner)));
  std::string piece;
  for (std::uint64_t at = 0; at < entry.body.size; at += piece.size()) {
    piece.resize(std::min<std::uint64_t>(kCopiedAtOnce, entry.body.size - at));
    GP_CHECK(accounts.read_body(entry.body, at, piece));
    std::string_view rest = piece;
    // The return path of the delivery that ends here: one line, put there by the intake.
    if (at == 0 && ascii::istarts_with(rest, "Return-Path:")) {
      rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
    }
    GP_CHECK(write(rest));
  }
  GP_TRY(out.body, writer->finish());
  out.summary = mime::encode(scanner.finish());
  return queue.add(std::move(out));
}

}  // namespace gatepost::mailflow
