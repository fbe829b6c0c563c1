#include "transfer/archive.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "transfer/account_transfer.hpp"
#include "transfer/folder_names.hpp"

namespace gatepost::transfer {
namespace {

constexpr std::size_t kMostLeftOut = 64 << 10;      // octets of their list
constexpr std::uint64_t kSurelySmall = 3ULL << 30;  // octets of a folder; its file is a little longer
constexpr std::size_t kNameOctets = 120;            // of one level

}  // namespace

Archive::Archive(account::Account& account, std::vector<File> first, TimePoint now)
    : account_(account), first_(std::move(first)), now_(now) {
  std::ranges::reverse(first_);
  source_ = export_from(account_, "", [this](const std::string& folder, account::Uid uid, const Error& error) {
    if (left_out_.size() > kMostLeftOut) return;
    left_out_ += fmt::format("{}, message {}: {}\n", folder, uid, to_string(error.code));
  });
}
Archive::~Archive() = default;

void Archive::add(const File& file, std::string& out) {
  zip_.begin(file.name, now_, false, out);
  zip_.write(file.content, out);
  zip_.end(out);
}

// As files are called on all systems, each once whatever their case.
std::string Archive::name_for(const std::string& folder) {
  std::string base = "mail";
  for (const std::string_view level : ascii::split(folder, '/')) {
    std::string name = directory_name(level);
    for (char& c : name) {
      if (std::string_view("<>:\"|?*\\").contains(c)) c = '_';
    }
    std::size_t end = std::min(name.size(), kNameOctets);
    while (end < name.size() && end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
    name.resize(end);
    base += "/" + name;
  }
  for (std::size_t n = 1;; ++n) {
    std::string name = base + (n == 1 ? "" : fmt::format(" ({})", n)) + ".mbox";
    if (names_.insert(ascii::to_lower(name)).second) return name;
  }
}

Result<> Archive::begin_message(const Message& message, std::string& out) {
  if (in_folder_ && folder_ != message.folder) {
    zip_.end(out);
    in_folder_ = false;
  }
  if (!in_folder_) {
    const auto folder = account_.find_folder(message.folder);
    folder_ = message.folder;
    in_folder_ = true;
    zip_.begin(name_for(folder_), now_, !folder || folder->octets > kSurelySmall, out);
  }
  std::string text;
  mbox_.begin(message, text);
  zip_.write(text, out);
  in_message_ = true;
  return {};
}

Result<bool> Archive::next(std::string& out) {
  const std::size_t enough = out.size() + kPieceOctets;
  std::string piece(kPieceOctets, '\0'), text;
  while (out.size() < enough) {
    if (!first_.empty()) {
      add(first_.back(), out);
      first_.pop_back();
    } else if (in_message_) {
      text.clear();
      GP_TRY(const std::size_t read, source_->read(piece));
      if (read > 0) {
        mbox_.write(std::string_view(piece).substr(0, read), text);
      } else {
        mbox_.end(text);
        in_message_ = false;
      }
      zip_.write(text, out);
    } else {
      GP_TRY(const auto message, source_->next());
      if (message) {
        GP_CHECK(begin_message(*message, out));
        continue;
      }
      if (in_folder_) zip_.end(out);
      if (!left_out_.empty()) add({"not exported.txt", left_out_}, out);
      zip_.finish(out);
      return false;
    }
  }
  return true;
}

}  // namespace gatepost::transfer
