#include "transcripts/world.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "directory/password_age.hpp"
#include "mime/structure.hpp"
#include "mime/summary.hpp"
#include "sharing/sharing.hpp"

namespace gatepost::transcripts {
namespace {

template <class T>
T must(Result<T> result, std::string_view what) {
  if (!result) throw std::runtime_error(fmt::format("{}: {}", what, result.error().detail));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace

Variables variables() {
  return {{"domain", std::string(kDomain)},
          {"host", std::string(kHost)},
          {"user1", fmt::format("user1@{}", kDomain)},
          {"pass1", "pass-of-the-first"},
          {"user2", fmt::format("user2@{}", kDomain)},
          {"pass2", "pass-of-the-second"}};
}

World::World(const Transcript& transcript) {
  store = must(store::open({.engine = "memory"}, log, metrics, clock), "store");
  directory =
      must(directory::Directory::open(store->keys(), {.argon2_memory_kib = 8, .argon2_iterations = 1}, clock, random),
           "directory");
  auto quota_of = [this](account::AccountId id) -> account::QuotaLimits {
    const auto principal = directory->principal(static_cast<directory::PrincipalId>(id));
    if (!principal) return {};
    return {principal->quota_octets, principal->quota_messages};
  };
  accounts = account::Accounts::create(*store, {}, quota_of, clock, random, log, metrics);
  queue = must(mailflow::Queue::open(*store, random, log, metrics), "queue");
  mailflow::ReceptionOptions options{.hostname = std::string(kHost)};
  directory::DoorPolicy policy;
  for (const auto& [name, value] : transcript.head) {
    if (name != "set") continue;
    const auto words = ascii::split(value, ' ');
    if (words[0] == "max_message_octets") options.max_message_octets = number(words[1]);
    if (words[0] == "max_received") options.max_received = number(words[1]);
    if (words[0] == "sign_in_without_tls") policy.without_tls = words[1] == "yes";
    if (words[0] == "sessions_per_account") policy.sessions_per_account = number(words[1]);
    if (words[0] == "mechanism") policy.mechanisms.emplace_back(words[1]);
  }
  reception = mailflow::Reception::create(options, *directory, *accounts, *queue, workers, clock, random, log, metrics);
  library = must(sasl::Library::create("decoy"), "sasl");
  authenticator =
      std::make_unique<directory::Authenticator>(*directory, directory::SignInLimits{}, clock, log, metrics);
  door = std::make_unique<directory::Door>(*library, *authenticator, policy, log, metrics);

  must(directory->add_domain(kDomain), "domain");
  const Variables names = variables();
  add_account(names.at("user1"), names.at("pass1"));
  add_account(names.at("user2"), names.at("pass2"));
  for (const auto& [name, value] : transcript.head) {
    const auto words = ascii::split(value, ' ');
    if (name == "account") add_account(words.at(0), words.at(1));
    if (name == "shared") must(directory->add_principal(directory::PrincipalKind::shared_mailbox, value, ""), value);
    if (name == "group") {
      const auto group = must(directory->add_principal(directory::PrincipalKind::group, words.at(0), ""), value);
      must(directory->add_members(group.id, std::vector<std::string>(words.begin() + 1, words.end())), value);
    }
  }
  for (const auto& [name, value] : transcript.head) {
    const auto words = ascii::split(value, ' ');
    if (name == "grant") must(grant(words.at(0), words.at(1), words.at(2), words.at(3)), value);
    if (name == "own_seen") must(must(open(value), value)->set_own_seen(true), value);
    if (name == "alias") {
      must(directory->add_alias(words.at(0), std::vector<std::string>(words.begin() + 1, words.end())), "alias");
    }
    if (name == "initial") {
      const auto principal = must(directory->find(value), value);
      must(directory::password_ages(*directory).demand_change(principal.id, true), value);
    }
    if (name == "quota" || name == "disabled") {
      auto principal = must(directory->find(words.at(0)), value);
      if (name == "quota") principal.quota_octets = number(words.at(1));
      if (name == "quota" && words.size() > 2) principal.quota_messages = number(words.at(2));
      if (name == "disabled") principal.enabled = false;
      must(directory->update_principal(principal), value);
    }
  }
}

void World::add_account(std::string_view address, std::string_view password) {
  const auto principal = must(directory->add_principal(directory::PrincipalKind::person, address, address), address);
  must(directory->set_password(principal.id, Secret(password)), address);
}

Result<std::shared_ptr<account::Account>> World::open(std::string_view address) {
  GP_TRY(const auto principal, directory->find(address));
  return accounts->open(static_cast<account::AccountId>(principal.id));
}

Result<std::string> World::newest(std::string_view address, std::string_view folder) {
  GP_TRY(const auto account, open(address));
  GP_TRY(const auto found, account->find_folder(folder));
  std::optional<account::Row> last;
  GP_CHECK(account->rows(found.id, NumberSet::of(1, 0xffffffff), [&](const account::Row& row) {
    last = row;
    return true;
  }));
  if (!last) return fail(Errc::not_found, "the folder is empty");
  GP_TRY(const auto item, account->item(last->item));
  std::string text(item.body.size, '\0');
  GP_CHECK(accounts->read_body(item.body, 0, text));
  return text;
}

Result<> World::disable(std::string_view address) {
  GP_TRY(auto principal, directory->find(address));
  principal.enabled = false;
  GP_CHECK(directory->update_principal(principal));
  door->revoke(principal.id);
  return {};
}

Result<> World::grant(std::string_view address, std::string_view folder, std::string_view identifier,
                      std::string_view rights) {
  const bool revokes = rights.starts_with('-');
  if (const auto right = directory::send_right_named(rights.substr(revokes ? 1 : 0))) {
    GP_TRY(const auto of, directory->find(address));
    GP_TRY(const auto who, directory->find(identifier));
    const std::vector<directory::PrincipalId> one{who.id}, none;
    return directory->change_senders(of.id, *right, revokes ? none : one, revokes ? one : none);
  }
  const sharing::Sharing sharing(*directory, *accounts);
  const auto parsed = sharing::parse_rights(rights == "-" ? "" : rights);
  if (!parsed) return fail(Errc::invalid, "no rights");
  GP_TRY(const auto account, open(address));
  if (folder != "*") {
    GP_TRY(const auto found, account->find_folder(folder));
    return sharing.set(*account, found.id, identifier, sharing::Change::replace, *parsed);
  }
  GP_CHECK(sharing.set(*account, account::kRoot, identifier, sharing::Change::replace, *parsed));
  GP_TRY(const auto all, account->folders());
  for (const account::Folder& each : *all) {
    GP_CHECK(sharing.set(*account, each.id, identifier, sharing::Change::replace, *parsed));
  }
  return {};
}

Result<> World::add(std::string_view address, std::string_view folder, std::string_view message) {
  GP_TRY(const auto account, open(address));
  GP_TRY(const auto found, account->find_folder(folder));
  GP_TRY(const auto writer, accounts->new_body(message.size()));
  GP_CHECK(writer->append(message));
  account::NewItem item;
  GP_TRY(item.body, writer->finish());
  mime::StructureScanner scanner;
  scanner.feed(message);
  item.summary = mime::encode(scanner.finish());
  item.received = clock.now();
  GP_CHECK(account->append(found.id, std::span(&item, 1)));
  return {};
}

}  // namespace gatepost::transcripts
