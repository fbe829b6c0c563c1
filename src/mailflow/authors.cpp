#include "mailflow/authors.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "directory/addresses.hpp"
#include "mailflow/field_text.hpp"
#include "mailflow/header_edit.hpp"
#include "mime/address.hpp"

namespace gatepost::mailflow {
namespace {

using Kind = directory::Authorship::Kind;

constexpr std::size_t kMaxAuthors = 100;
constexpr std::size_t kMaxShown = 100;

std::string shown(std::string_view text) { return utf8::sanitize(text.substr(0, kMaxShown)); }

// Who lacks which right, and what grants it.
std::string missing_right(directory::Directory& directory, const directory::Principal& submitter, std::string_view what,
                          std::string_view address) {
  const auto owner = directory.find(address);
  if (!owner) {
    return fmt::format("{}: {} is no address of {}: an alias makes it one (gatepost alias add {} {})", what,
                       shown(address), submitter.address, shown(address), submitter.address);
  }
  if (!owner->enabled) return fmt::format("{}: {} is disabled", what, owner->address);
  return fmt::format("{}: {} has neither send-as nor send-on-behalf for {} (gatepost rights grant {} send-as {})", what,
                     submitter.address, owner->address, owner->address, submitter.address);
}

// Fields of one kind, and the addresses in them.
struct Field {
  std::size_t count = 0;
  std::vector<std::string> addresses;
  bool whole = true;  // nothing in it is anything but an address

  void take(std::string_view value) {
    ++count;
    const mime::AddressList list = mime::read_addresses(value);
    for (const mime::Address& one : list.addresses) {
      if (!one.is_mailbox()) continue;
      if (addresses.size() > kMaxAuthors) break;
      addresses.push_back(mime::to_addr_spec(one));
      whole = whole && !one.host->empty();
    }
  }
};

// May be somebody's here, that is.
bool is_ours(directory::Directory& directory, std::string_view address) {
  // By its end alone: readers see it there however odd the rest is.
  std::string_view end = address.substr(address.rfind('@') + 1);
  while (end.ends_with('.')) end.remove_suffix(1);
  const auto domain = directory::canonical_domain(end);
  return domain && directory.is_local_domain(*domain).value_or(true);
}

}  // namespace

Result<> check_reverse_path(directory::Directory& directory, const directory::Principal& submitter,
                            std::string_view address) {
  GP_TRY(const auto authorship, directory.authorship(submitter.id, address));
  if (authorship.kind != Kind::none) return {};
  return fail(Errc::denied, missing_right(directory, submitter, "MAIL FROM", address));
}

Result<Authors> check_authors(directory::Directory& directory, const directory::Principal& submitter,
                              std::string_view header, ForeignFrom foreign) {
  Field from, sender;
  for_each_field(header, [&](std::string_view name, std::string_view value) {
    if (ascii::iequals(name, "From")) from.take(value);
    if (ascii::iequals(name, "Sender")) sender.take(value);
  });
  if (from.count > 1) return fail(Errc::invalid, "more than one From field");
  const bool strict = foreign == ForeignFrom::refused;
  if (strict && from.count == 1 && (from.addresses.empty() || !from.whole)) {
    return fail(Errc::invalid, "the From field names no address");
  }
  if (from.addresses.size() > kMaxAuthors) return fail(Errc::invalid, "too many addresses in From");

  Authors out;
  bool on_behalf = from.addresses.size() > 1;
  for (const std::string& address : from.addresses) {
    if (!strict && !is_ours(directory, address)) continue;
    GP_TRY(const auto authorship, directory.authorship(submitter.id, address));
    if (authorship.kind == Kind::none) {
      return fail(Errc::forbidden, missing_right(directory, submitter, "From", address));
    }
    on_behalf = on_behalf || authorship.kind == Kind::on_behalf;
    if (authorship.kind == Kind::own) continue;
    if (std::ranges::find(out.others, authorship.of, &directory::Authorship::of) == out.others.end()) {
      out.others.push_back(authorship);
    }
  }
  const auto usable = [&] {
    const auto ours = [&](const std::string& address) { return is_ours(directory, address); };
    if (!strict && !on_behalf && std::ranges::none_of(sender.addresses, ours)) return true;
    if (sender.count != 1 || sender.addresses.size() != 1 || !sender.whole) return false;
    const auto authorship = directory.authorship(submitter.id, sender.addresses.front());
    return authorship && authorship->kind >= (on_behalf ? Kind::own : Kind::send_as);
  };
  const bool keep = sender.count > 0 ? usable() : !on_behalf;
  if (!keep) out.sender = on_behalf ? mailbox_text(submitter.display_name, submitter.address) : std::string();
  return out;
}

}  // namespace gatepost::mailflow
