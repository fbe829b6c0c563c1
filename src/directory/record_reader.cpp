// Reads all that is kept into memory.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <tuple>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "directory/member_rule.hpp"
#include "directory/octets.hpp"
#include "directory/photo.hpp"
#include "directory/record_formats.hpp"
#include "directory/records.hpp"
#include "directory/second_factor.hpp"
#include "store/keys.hpp"

namespace gatepost::directory {
namespace {

constexpr std::size_t kRowsAtOnce = 1000;  // rows read at once
constexpr std::chrono::seconds kMaxLoadTime{60};

std::uint8_t newest_format(std::string_view key) {
  if (key.starts_with('p')) return kThirdFormat;
  const bool has_second = std::string_view("bfostuxz").contains(key.empty() ? '\0' : key.front());
  return has_second ? kSecondFormat : store::kRecordFormat;
}

// A time that the clock cannot express is damage: the reader fails.
TimePoint get_time(ByteReader& in) {
  constexpr auto kLimit = std::chrono::duration_cast<std::chrono::microseconds>(TimePoint::duration::max()).count();
  const auto micros = static_cast<std::int64_t>(in.u64());
  if (micros <= kLimit && micros >= -kLimit) return TimePoint(std::chrono::microseconds(micros));
  in.take(in.rest().size() + 1);
  return {};
}

IpAddress get_address(ByteReader& in) {
  IpAddress address;
  const std::string_view octets = in.take(address.octets.size());
  if (octets.size() == address.octets.size()) std::ranges::copy(octets, address.octets.begin());
  return address;
}

bool get_scope(ByteReader& in, AppScope& scope) {
  const std::uint8_t blocked = in.u8();
  scope.blocked = blocked == 1;
  scope.expires = get_time(in);
  const std::uint64_t services = in.varint();
  if (blocked > 1 || services > kAppServices.size()) return false;
  for (std::uint64_t i = 0; i < services; ++i) scope.services.emplace_back(in.text());
  const std::uint64_t networks = in.varint();
  if (networks > kMaxAppNetworks) return false;
  for (std::uint64_t i = 0; i < networks; ++i) {
    Network network{.address = get_address(in)};
    network.prefix = in.u8();
    if (network.prefix > 128) return false;
    scope.networks.push_back(network);
  }
  // A scope that says nothing is written in the first form.
  return in.ok() && scope != AppScope{};
}

sasl::ScramVerifier get_verifier(ByteReader& in) {
  sasl::ScramVerifier v;
  const std::uint64_t iterations = in.varint();
  v.iterations = iterations <= UINT32_MAX ? static_cast<std::uint32_t>(iterations) : 0;
  v.salt = in.text();
  v.stored_key = in.text();
  v.server_key = in.text();
  return v;
}

bool is_verifier(const sasl::ScramVerifier& v, std::size_t key_octets) {
  return v.iterations > 0 && !v.salt.empty() && v.stored_key.size() == key_octets && v.server_key.size() == key_octets;
}

// Only what the rest relies on: how an address is made canonical may change with a library.
bool is_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size();
}

// Takes one row after the other; rows of a principal come after the principal's own, by the order of the families.
class Loader {
 public:
  explicit Loader(Stored& into) : into_(into) {}

  Result<> take(store::Entry row) {
    ByteReader value(row.value);
    format_ = value.u8();
    if (format_ > newest_format(row.key)) {
      return fail(Errc::unsupported,
                  fmt::format("directory record {} has format {}, made by a newer version", shown(row), format_));
    }
    const bool taken = format_ >= store::kRecordFormat && take_family(row, value);
    if (!taken || !value.ok() || !value.at_end())
      return fail(Errc::corrupt, fmt::format("directory record {}", shown(row)));
    return {};
  }

  // When all rows are taken: does everything have what it belongs to?
  Result<> finish() {
    for (const auto& [id, row] : into_.index.principals()) {
      if (into_.index.domain(home_domain(row.principal)) == nullptr) return homeless(row.principal.address);
    }
    for (const Alias& alias : into_.index.aliases()) {
      if (into_.index.domain(domain_of(alias.address)) == nullptr) return homeless(alias.address);
    }
    // A number must never be given to a second one: the mail of the first would be his.
    if (!into_.index.principals().empty() &&
        into_.next_id <= static_cast<std::uint64_t>(into_.index.principals().rbegin()->first)) {
      return fail(Errc::corrupt, "directory: the next number is one that is taken");
    }
    for (const auto& [app, at] : into_.uses) {
      const auto owner = credentials_.find(app.first);
      if (owner == credentials_.end() ||
          std::ranges::find(owner->second.app_secrets, app.second, &AppSecret::id) == owner->second.app_secrets.end()) {
        return fail(Errc::corrupt, "directory: a use of no app password");
      }
    }
    for (auto& [id, former] : former_) {
      const auto owner = credentials_.find(id);
      if (owner == credentials_.end() || !owner->second.password) {
        return fail(Errc::corrupt, "directory: a former password without one");
      }
      owner->second.former = std::move(former);
    }
    for (const auto& [name, book] : into_.index.address_books()) {
      for (const std::string& one : book.viewers) {
        if (!is_there(one))
          return fail(Errc::corrupt, fmt::format("directory: the address book {} is of nobody", name));
      }
      for (const std::string& one : book.shown) {
        if (!is_there(one))
          return fail(Errc::corrupt, fmt::format("directory: the address book {} shows nobody", name));
      }
    }
    for (const auto& [group, member] : members_) {
      const PrincipalRow* row = into_.index.principal(group);
      const auto named = principal_of(member);
      const bool there = named ? into_.index.principal(*named) != nullptr : is_address(member);
      if (row == nullptr || row->principal.kind != PrincipalKind::group || !there) {
        return fail(Errc::corrupt, fmt::format("directory: a member {} of no group, or of nobody", member));
      }
      into_.index.put_member(group, member);
    }
    for (auto& [id, credentials] : credentials_) {
      into_.index.put_credentials(id, std::make_shared<const Credentials>(std::move(credentials)));
    }
    return {};
  }

 private:
  // What address books name: somebody, or a domain.
  bool is_there(const std::string& one) const {
    const auto id = principal_of(one);
    return id ? into_.index.principal(*id) != nullptr : into_.index.domain(one) != nullptr;
  }
  static std::unexpected<Error> homeless(const std::string& address) {
    return fail(Errc::corrupt, fmt::format("directory: the domain of {} is missing", address));
  }
  static std::string shown(const store::Entry& row) { return to_hex(row.key); }

  bool take_family(store::Entry row, ByteReader& value) {
    if (row.key.empty()) return false;
    const std::string_view rest = row.key.substr(1);
    switch (row.key.front()) {
      case 'a':
        return take_alias(rest, value);
      case 'b':
        return take_address_book(rest, value);
      case 'd':
        return take_domain(rest, value);
      case 'f':
        return take_former(rest, value);
      case 'g':
        return take_member(rest);
      case 'k':
        into_.decoy_key = value.take(kDecoyKeyOctets);
        return true;
      case 'n':
        into_.next_id = value.u64();
        return true;
      case 'o':
        into_.index.set_ages_since(get_time(value));
        return true;
      case 'p':
        return take_principal(rest, value);
      case 'q':
        return take_message_quota(rest, value);
      case 'r':
        return take_totp(rest, value);
      case 's':
        return take_password(rest, value);
      case 't':
        return take_app(rest, value);
      case 'u':
        return take_use(rest, value);
      case 'v':
        return take_share(rest);
      case 'w':
        return take_sender(rest, value);
      case 'x':
        return take_removed(rest, value);
      case 'y':
        return take_copy_sent(rest);
      case 'z':
        return take_never_expires(rest);
      default:
        return false;
    }
  }

  bool take_alias(std::string_view rest, ByteReader& value) {
    std::vector<std::string> targets;
    while (value.ok() && !value.at_end()) targets.emplace_back(value.text());
    if (!is_address(rest) || targets.empty() || !std::ranges::all_of(targets, is_address)) return false;
    into_.index.put_alias(std::string(rest), std::move(targets));
    return true;
  }

  bool take_domain(std::string_view rest, ByteReader& value) {
    Domain domain{std::string(rest), {}, get_time(value)};
    domain.catch_all = value.text();
    if (rest.empty() || !(domain.catch_all.empty() || is_address(domain.catch_all))) return false;
    into_.index.put_domain(std::move(domain));
    return true;
  }

  bool take_principal(std::string_view rest, ByteReader& value) {
    Principal p;
    ByteReader key(rest);
    p.id = PrincipalId{key.u64()};
    const std::uint8_t kind = value.u8();
    if (!key.ok() || !key.at_end() || kind > static_cast<std::uint8_t>(kLastPrincipalKind)) return false;
    p.kind = static_cast<PrincipalKind>(kind);
    const std::uint8_t enabled = value.u8();
    p.enabled = enabled == 1;
    p.created = get_time(value);
    p.quota_octets = value.varint();
    p.address = value.text();
    p.display_name = value.text();
    if (format_ < kPrincipalFormat) {
      p.changed = p.created;
    } else if (!take_rest_of_principal(value, p)) {
      return false;
    }
    if (enabled > 1 || p.id < PrincipalId{store::kFirstAccount} || !is_address(p.address)) return false;
    if (into_.index.address(p.address) != nullptr) return false;  // taken
    if ((p.kind == PrincipalKind::contact) == p.home.empty()) return false;
    if (!p.rule.empty() && (p.kind != PrincipalKind::group || !MemberRule::compile(p.rule))) return false;
    into_.index.put_principal(std::move(p));
    return true;
  }

  bool take_address_book(std::string_view rest, ByteReader& value) {
    AddressBook book{.name = std::string(rest)};
    for (std::vector<std::string>* list : {&book.viewers, &book.shown}) {
      const std::uint64_t count = value.varint();
      if (count > kMaxAddressBookNames) return false;
      for (std::uint64_t i = 0; i < count; ++i) list->emplace_back(value.text());
    }
    into_.index.put_address_book(std::move(book));
    return !rest.empty();
  }

  static bool take_picture(ByteReader& value, PhotoMark& photo) {
    const std::uint8_t type = value.u8();
    if (type > static_cast<std::uint8_t>(PhotoType::png)) return false;
    photo.type = static_cast<PhotoType>(type);
    if (photo.type == PhotoType::none) return true;
    photo.octets = value.u32();
    const std::string_view digest = value.take(photo.digest.size());
    if (digest.size() != photo.digest.size() || photo.octets == 0 || photo.octets > kMaxPhotoOctets) return false;
    std::ranges::copy(digest, photo.digest.begin());
    return true;
  }

  bool take_rest_of_principal(ByteReader& value, Principal& p) {
    const std::uint8_t role = value.u8();
    if (role > static_cast<std::uint8_t>(Role::admin)) return false;
    p.role = static_cast<Role>(role);
    p.changed = get_time(value);
    p.change = value.varint();
    if (format_ == kThirdFormat) {
      p.home = value.text();
      p.rule = value.text();
      if (!take_picture(value, p.photo)) return false;
    }
    Contact contact;
    while (value.ok() && !value.at_end()) {
      const std::uint8_t field = value.u8();
      if (field == 0 || field > static_cast<std::uint8_t>(kLastContactField)) return false;
      contact.emplace_back(static_cast<ContactField>(field), value.text());
    }
    contact.shrink_to_fit();  // half of it is room to grow, times everybody
    if (!contact.empty()) p.contact = std::make_shared<const Contact>(std::move(contact));
    return true;
  }

  // Groups come before the principals they name, by the order of the families: looked at when all are there.
  bool take_member(std::string_view rest) {
    ByteReader key(rest);
    const PrincipalId group{key.u64()};
    if (!key.ok() || key.rest().empty()) return false;
    members_.emplace_back(group, key.rest());
    return true;
  }

  bool take_removed(std::string_view rest, ByteReader& value) {
    Removed removed;
    ByteReader key(rest);
    removed.change = key.u64();
    removed.id = PrincipalId{value.u64()};
    const std::uint8_t kind = value.u8();
    removed.address = value.text();
    if (format_ == kSecondFormat) removed.home = value.text();
    if (!key.ok() || !key.at_end() || kind > static_cast<std::uint8_t>(kLastPrincipalKind)) return false;
    removed.kind = static_cast<PrincipalKind>(kind);
    into_.index.put_removed(std::move(removed));
    return true;
  }

  bool take_message_quota(std::string_view rest, ByteReader& value) {
    ByteReader key(rest);
    const PrincipalRow* row = into_.index.principal(PrincipalId{key.u64()});
    if (!key.ok() || !key.at_end() || row == nullptr) return false;
    Principal p = row->principal;
    p.quota_messages = value.varint();
    into_.index.put_principal(std::move(p));
    return true;
  }

  bool take_share(std::string_view rest) {
    ByteReader key(rest);
    const PrincipalId account{key.u64()};
    if (!key.ok() || key.rest().empty() || into_.index.principal(account) == nullptr) return false;
    into_.index.put_share(std::string(key.rest()), account);
    return true;
  }

  bool take_sender(std::string_view rest, ByteReader& value) {
    ByteReader key(rest);
    const PrincipalId of{key.u64()}, grantee{key.u64()};
    const std::uint8_t bits = value.u8();
    if (!key.ok() || !key.at_end() || of == grantee || bits == 0 || bits > (kSendAsBit | kOnBehalfBit)) return false;
    if (into_.index.principal(of) == nullptr || into_.index.principal(grantee) == nullptr) return false;
    into_.index.put_sender(of, grantee, {.as = (bits & kSendAsBit) != 0, .on_behalf = (bits & kOnBehalfBit) != 0});
    return true;
  }

  bool take_copy_sent(std::string_view rest) {
    ByteReader key(rest);
    const PrincipalRow* row = into_.index.principal(PrincipalId{key.u64()});
    if (!key.ok() || !key.at_end() || row == nullptr) return false;
    Principal p = row->principal;
    p.copy_sent = true;
    into_.index.put_principal(std::move(p));
    return true;
  }

  bool take_never_expires(std::string_view rest) {
    ByteReader key(rest);
    const PrincipalRow* row = into_.index.principal(PrincipalId{key.u64()});
    if (!key.ok() || !key.at_end() || row == nullptr) return false;
    Principal p = row->principal;
    p.password_never_expires = true;
    into_.index.put_principal(std::move(p));
    return true;
  }

  bool take_password(std::string_view rest, ByteReader& value) {
    ByteReader key(rest);
    const PrincipalId id{key.u64()};
    PasswordRecord record;
    record.argon2id = value.text();
    record.scram_sha256 = get_verifier(value);
    record.scram_sha1 = get_verifier(value);
    if (format_ == kSecondFormat) {
      record.facts.changed = get_time(value);
      const std::uint8_t must_change = value.u8();
      record.facts.must_change = must_change == 1;
      // What says nothing is written in the first form.
      if (must_change > 1 || record.facts == PasswordFacts{}) return false;
    }
    if (!key.ok() || !key.at_end() || into_.index.principal(id) == nullptr) return false;
    if (!record.argon2id.starts_with("$argon2id$") || record.argon2id.contains('\0')) return false;
    if (!is_verifier(record.scram_sha256, 32) || !is_verifier(record.scram_sha1, 20)) return false;
    credentials_[id].password = std::move(record);
    return true;
  }

  bool take_app(std::string_view rest, ByteReader& value) {
    ByteReader key(rest);
    const PrincipalId id{key.u64()};
    AppSecret app;
    app.id = key.u32();
    app.created = get_time(value);
    app.name = value.text();
    app.salt = value.text();
    app.digest = value.text();
    if (format_ == kSecondFormat && !get_scope(value, app.scope)) return false;
    if (!key.ok() || !key.at_end() || into_.index.principal(id) == nullptr) return false;
    credentials_[id].app_secrets.push_back(std::move(app));
    return true;
  }

  bool take_use(std::string_view rest, ByteReader& value) {
    ByteReader key(rest);
    const PrincipalId id{key.u64()};
    const std::uint32_t app = key.u32();
    AppUse use;
    use.last = get_time(value);
    if (format_ == kSecondFormat) {
      use.service = value.text();
      use.remote = get_address(value);
      if (use.service.empty()) return false;
    }
    into_.uses[{id, app}] = std::move(use);
    return key.ok() && key.at_end();
  }

  bool take_totp(std::string_view rest, ByteReader& value) {
    ByteReader key(rest);
    const PrincipalId id{key.u64()};
    TotpRecord totp;
    totp.since = get_time(value);
    totp.key = value.text();
    totp.last_step = value.u64();
    totp.salt = value.text();
    while (value.ok() && !value.at_end()) {
      if (totp.recovery.size() == SecondFactors::kRecoveryCodes) return false;
      totp.recovery.emplace_back(value.take(std::tuple_size_v<Sha256Value>));
    }
    if (!key.ok() || !key.at_end() || into_.index.principal(id) == nullptr || totp.key.empty()) return false;
    credentials_[id].totp = std::move(totp);
    return true;
  }

  // Before the passwords they belong to, by the order of the families.
  bool take_former(std::string_view rest, ByteReader& value) {
    ByteReader key(rest);
    const PrincipalId id{key.u64()};
    std::vector<FormerPassword>& list = former_[id];
    while (value.ok() && !value.at_end()) {
      if (list.size() == (format_ == kSecondFormat ? kMaxHistory : kMaxFormerPasswords)) return false;
      FormerPassword one;
      one.replaced = get_time(value);
      one.stored_key_sha256 = value.take(32);
      one.stored_key_sha1 = value.take(20);
      list.push_back(std::move(one));
    }
    return key.ok() && key.at_end() && !list.empty();
  }

  Stored& into_;
  std::uint8_t format_ = 0;  // of the row that is being taken
  std::map<PrincipalId, Credentials> credentials_;
  std::map<PrincipalId, std::vector<FormerPassword>> former_;
  std::vector<std::pair<PrincipalId, std::string>> members_;
};

}  // namespace

Result<std::string> read_photo_piece(std::string_view value) {
  if (value.empty() || value.front() != static_cast<char>(kSecondFormat)) {
    return fail(Errc::corrupt, "a picture in the directory");
  }
  return std::string(value.substr(1));
}

Result<Stored> load(store::KeyValue& keys, const Index& previous) {
  Stored stored;
  stored.index.start_after(previous);
  GP_TRY(const auto snapshot, keys.snapshot(store::kDirectoryPartition, kMaxLoadTime));
  stored.version = snapshot->version();
  Loader loader(stored);
  Result<> taken;
  const auto take = [&](store::Entry row) {
    taken = loader.take(row);
    return taken.has_value();
  };
  // Not the pictures, which may be as much as all the rest many times over.
  GP_CHECK(snapshot->scan("", "i", false, kRowsAtOnce, take));
  GP_CHECK(taken);
  GP_CHECK(snapshot->scan("j", "", false, kRowsAtOnce, take));
  GP_CHECK(taken);
  GP_CHECK(loader.finish());
  return stored;
}

}  // namespace gatepost::directory
