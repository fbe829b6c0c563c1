#include "sharing/notices.hpp"

#include <algorithm>
#include <limits>

#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace gatepost::sharing {
namespace {

constexpr account::Reader kReader = std::numeric_limits<account::Reader>::max() - 9;
constexpr std::string_view kPrefix = "/notice/";
constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kMostNameOctets = 1'000;

std::uint64_t seconds_of(TimePoint t) {
  return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count());
}

std::string encode(const Notice& notice) {
  std::string out;
  put_u8(out, kFormat);
  put_u64(out, seconds_of(notice.created));
  put_varint(out, notice.by ? static_cast<std::uint64_t>(*notice.by) : 0);
  put_text(out, notice.by_name.substr(0, kMostNameOctets));
  put_text(out, notice.by_address);
  put_varint(out, static_cast<std::uint64_t>(notice.account));
  put_varint(out, static_cast<std::uint32_t>(notice.folder));
  put_text(out, notice.path.substr(0, kMostNameOctets));
  put_varint(out, notice.before.bits());
  put_varint(out, notice.now.bits());
  return out;
}

std::optional<Notice> decode(const account::Annotation& kept) {
  if (!kept.name.starts_with(kPrefix)) return std::nullopt;
  ByteReader in(kept.value);
  if (in.u8() != kFormat) return std::nullopt;
  Notice out;
  out.id = kept.name.substr(kPrefix.size());
  constexpr std::uint64_t kMost = std::uint64_t{1} << 33;
  out.created = TimePoint(std::chrono::seconds(static_cast<std::int64_t>(std::min(in.u64(), kMost))));
  if (const std::uint64_t by = in.varint(); by != 0) out.by = directory::PrincipalId{by};
  out.by_name = in.text();
  out.by_address = in.text();
  out.account = account::AccountId{in.varint()};
  out.folder = account::FolderId{static_cast<std::uint32_t>(in.varint())};
  out.path = in.text();
  out.before = Rights::of_bits(static_cast<std::uint16_t>(in.varint()));
  out.now = Rights::of_bits(static_cast<std::uint16_t>(in.varint()));
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return out;
}

// Names sort by time: they begin with it. Two of one moment differ by what they say, or are the same.
std::string new_id(TimePoint now, std::string_view record) {
  std::string time;
  put_u64(time, static_cast<std::uint64_t>(now.time_since_epoch().count()));
  const Sha256Value hash = sha256(record);
  return "n" + to_hex(time) + to_hex({reinterpret_cast<const char*>(hash.data()), 4});
}

account::AnnotationChange change(std::string_view id, std::optional<std::string> value) {
  return {.reader = kReader, .name = std::string(kPrefix) + std::string(id), .value = std::move(value)};
}

// Those whose rights a grant to `who` is about.
Result<std::vector<directory::PrincipalId>> concerned(directory::Directory& directory, std::string_view who) {
  std::vector<directory::PrincipalId> out;
  std::string address(who);
  if (const auto one = directory::principal_of(who)) {
    const auto principal = directory.principal(*one);
    if (!principal && principal.error().code == Errc::not_found) return out;
    if (!principal) return std::unexpected(principal.error());
    if (principal->kind != directory::PrincipalKind::group) return std::vector{*one};
    address = principal->address;
  }
  if (address.find('@') == std::string::npos) return out;
  auto destinations = directory.resolve(address);
  if (!destinations && (destinations.error().code == Errc::not_found || destinations.error().code == Errc::denied)) {
    return out;
  }
  if (!destinations) return std::unexpected(std::move(destinations).error());
  for (const directory::Destination& one : *destinations) {
    if (one.kind == directory::Destination::Kind::account) out.push_back(one.account);
  }
  if (out.size() > kMostConcerned) out.clear();
  return out;
}

}  // namespace

Result<std::vector<Notice>> notices_of(account::Account& account) {
  GP_TRY(const auto kept, account.annotations(account::kRoot, kReader));
  std::vector<Notice> out;
  for (const account::Annotation& one : kept) {
    if (auto notice = decode(one)) out.push_back(*std::move(notice));
  }
  return out;
}

Result<> dismiss(account::Account& account, std::string_view id) {
  const account::AnnotationChange gone = change(id, std::nullopt);
  return account.set_annotations(account::kRoot, std::span(&gone, 1), 0);
}

Result<> tell(directory::Directory& directory, account::Accounts& accounts, const Author& author,
              const RightsChange& rights) {
  if (rights.before == rights.now || rights.folder == account::kRoot) return {};
  GP_TRY(const auto people, concerned(directory, rights.who));
  if (people.empty()) return {};
  const directory::PrincipalId owner{static_cast<std::uint64_t>(rights.account.id())};
  Notice notice{.id = {},
                .created = author.clock.now(),
                .by = author.who,
                .by_name = {},
                .by_address = {},
                .account = rights.account.id(),
                .folder = rights.folder,
                .path = {},
                .before = rights.before,
                .now = rights.now};
  if (author.who) {
    GP_TRY(const auto by, directory.principal(*author.who));
    notice.by_name = by.display_name;
    notice.by_address = by.address;
  }
  GP_TRY(const auto folder, rights.account.folder(rights.folder));
  notice.path = folder.path;
  const std::string record = encode(notice);
  for (const directory::PrincipalId id : people) {
    if (id == author.who || id == owner) continue;
    GP_TRY(const auto account, accounts.open(static_cast<account::AccountId>(static_cast<std::uint64_t>(id))));
    GP_TRY(const auto kept, account->annotations(account::kRoot, kReader));
    std::vector<account::AnnotationChange> changes;
    for (std::size_t i = 0; i + kMostNotices <= kept.size(); ++i) {
      changes.push_back({.reader = kReader, .name = kept[i].name, .value = std::nullopt});
    }
    changes.push_back(change(new_id(author.clock.now(), record), record));
    GP_CHECK(account->set_annotations(account::kRoot, changes, 0));
  }
  return {};
}

}  // namespace gatepost::sharing
