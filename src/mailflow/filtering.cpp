#include "mailflow/filtering.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "mailflow/header_edit.hpp"
#include "mailflow/memory.hpp"
#include "sieve/interpreter.hpp"
#include "sieve/limits.hpp"

namespace gatepost::mailflow {
namespace {

// RFC 6154 2.
constexpr std::array<std::pair<std::string_view, account::Role>, 8> kUses = {{
    {"\\All", account::Role::all},
    {"\\Archive", account::Role::archive},
    {"\\Drafts", account::Role::drafts},
    {"\\Flagged", account::Role::flagged},
    {"\\Important", account::Role::important},
    {"\\Junk", account::Role::junk},
    {"\\Sent", account::Role::sent},
    {"\\Trash", account::Role::trash},
}};

account::Role role_of(std::string_view attribute) {
  const auto found = std::ranges::find_if(kUses, [&](const auto& use) { return ascii::iequals(use.first, attribute); });
  return found == kUses.end() ? account::Role::none : found->second;
}

std::optional<std::string> folder_of(account::Account& account, account::Role role) {
  const auto folders = account.folders();
  if (role == account::Role::none || !folders) return std::nullopt;
  const auto found =
      std::ranges::find_if(**folders, [role](const account::Folder& f) { return f.role == role && f.selectable; });
  return found == (*folders)->end() ? std::nullopt : std::optional(found->path);
}

bool is_there(account::Account& account, std::string_view path) {
  const auto found = account.find_folder(path);
  return found && found->selectable;
}

// Reads from the store what the script looks at, once.
class StoredMessage final : public sieve::Message {
 public:
  StoredMessage(account::Accounts& accounts, const account::Body& body, std::string header)
      : accounts_(accounts), body_(body), header_(std::move(header)) {}
  std::string_view header() override { return header_; }
  std::uint64_t octets() override { return body_.size; }
  Result<std::string_view> beginning() override {
    if (!read_) {
      beginning_.resize(std::min<std::uint64_t>(body_.size, header_.size() + sieve::kMaxBodyOctets));
      GP_CHECK(accounts_.read_body(body_, 0, beginning_));
      read_ = true;
    }
    return std::string_view(beginning_);
  }

 private:
  account::Accounts& accounts_;
  const account::Body body_;
  const std::string header_;
  std::string beginning_;
  bool read_ = false;
};

class AccountSurroundings final : public sieve::Surroundings {
 public:
  explicit AccountSurroundings(const FilterInput& input) : input_(input) {}
  TimePoint now() override { return input_.now; }
  int zone_minutes() override {
    const std::time_t now = std::chrono::system_clock::to_time_t(input_.now);
    std::tm local{};
    return localtime_r(&now, &local) == nullptr ? 0 : static_cast<int>(local.tm_gmtoff / 60);
  }
  bool mailbox_exists(std::string_view path) override { return is_there(input_.account, path); }
  std::optional<std::string> special_use(std::string_view attribute) override {
    return folder_of(input_.account, role_of(attribute));
  }
  bool was_seen(std::string_view id) override {
    // RFC 7352 3: rather a duplicate than a message that is wrongly taken for one.
    return remembers(input_.account, kSeenMemory, id, input_.now).value_or(false);
  }
  std::optional<std::string> environment(std::string_view item) override {
    const std::size_t dot = input_.hostname.find('.');
    if (item == "host") return std::string(input_.hostname);
    if (item == "domain") return std::string(input_.hostname.substr(dot == std::string_view::npos ? 0 : dot + 1));
    if (item == "name") return "Gatepost";
    if (item == "location") return "MDA";
    if (item == "phase") return "during";
    return std::nullopt;
  }

 private:
  const FilterInput& input_;
};

sieve::Actions kept(sieve::ScriptError error) {
  sieve::Actions out;
  out.filings.push_back({.mailbox = "INBOX"});
  out.error = std::move(error);
  return out;
}

}  // namespace

Result<std::string> read_header(account::Accounts& accounts, const account::Body& body) {
  std::string text(std::min<std::uint64_t>(body.size, sieve::kMaxHeaderOctets), '\0');
  GP_CHECK(accounts.read_body(body, 0, text));
  if (const std::size_t end = header_end(text); end != std::string::npos) text.resize(end);
  return text;
}

sieve::Actions run_script(const ActiveScript& script, const FilterInput& input) {
  if (!script.program) return kept(script.program.error());
  auto header = read_header(input.accounts, input.entry.body);
  if (!header) return kept({0, "the message could not be read: " + header.error().detail});
  StoredMessage message(input.accounts, input.entry.body, *std::move(header));
  AccountSurroundings surroundings(input);
  return sieve::run(**script.program, message, {input.entry.reverse_path, input.recipient.original}, surroundings);
}

Placement place(account::Account& account, const sieve::Filing& filing) {
  Placement out;
  out.cause = filing.cause;
  for (const std::string& flag : filing.flags) {
    using namespace account::flag;
    constexpr std::array<std::pair<std::string_view, std::uint8_t>, 5> kBits = {{{"\\Seen", kSeen},
                                                                                 {"\\Answered", kAnswered},
                                                                                 {"\\Flagged", kFlagged},
                                                                                 {"\\Deleted", kDeleted},
                                                                                 {"\\Draft", kDraft}}};
    const auto bit = std::ranges::find(kBits, flag, &std::pair<std::string_view, std::uint8_t>::first);
    if (bit != kBits.end()) {
      out.system_flags |= bit->second;
    } else {
      out.keywords.push_back(flag);
    }
  }
  const account::Role role = filing.special_use ? role_of(*filing.special_use) : account::Role::none;
  if (auto found = folder_of(account, role)) {
    out.folder = *std::move(found);
  } else if (is_there(account, filing.mailbox)) {
    out.folder = filing.mailbox;
  } else if (filing.create) {
    // RFC 8579 4: what is made for a use gets it. Another delivery may have made it first.
    const auto made = account.create_folder(filing.mailbox, role);
    if (made || is_there(account, filing.mailbox)) out.folder = filing.mailbox;
  }
  if (out.folder.empty()) out.wished = filing.mailbox;
  if (ascii::iequals(out.folder, "INBOX")) out.folder.clear();
  return out;
}

std::string in_words(const sieve::Cause& cause) {
  if (cause.line == 0) return cause.rule;
  return cause.rule.empty() ? fmt::format("line {}", cause.line)
                            : fmt::format("rule \"{}\" (line {})", cause.rule, cause.line);
}

}  // namespace gatepost::mailflow
