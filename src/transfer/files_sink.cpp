#include <unistd.h>

#include <map>
#include <set>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "transfer/file.hpp"
#include "transfer/files.hpp"
#include "transfer/folder_names.hpp"
#include "transfer/line_ends.hpp"
#include "transfer/marks.hpp"

// Writing files for other programs.
namespace gatepost::transfer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxWrittenSmallFile = 1 << 20;

Result<> make_directory(const fs::path& path) {
  std::error_code ec;
  fs::create_directories(path, ec);
  if (ec) return fail(Errc::denied, fmt::format("{}: {}", path.string(), ec.message()));
  return {};
}

Result<> move_file(const fs::path& from, const fs::path& to) {
  std::error_code ec;
  fs::rename(from, to, ec);
  if (ec) return fail(Errc::denied, fmt::format("{}: {}", to.string(), ec.message()));
  return {};
}

// Where folders lie below `root`.
class Places {
 public:
  explicit Places(fs::path root)
      : root_(std::move(root)), names_(LongNames::parse(read_small(root_ / LongNames::kFile, kMaxWrittenSmallFile))) {}

  Result<fs::path> of_maildir(const std::string& path) {
    const std::size_t before = names_.size();
    const fs::path place = root_ / names_.fit(maildir_name(path), path);
    GP_CHECK(keep(before));
    return place;
  }
  // A directory for each level.
  Result<fs::path> nested(std::string_view path) {
    const std::size_t before = names_.size();
    fs::path place = root_;
    for (const std::string_view name : ascii::split(path, '/')) place /= names_.fit(directory_name(name), name);
    GP_CHECK(keep(before));
    return place;
  }

 private:
  // Before the folder is there.
  Result<> keep(std::size_t before) {
    if (names_.size() == before) return {};
    const fs::path fresh = root_ / ".gatepost-names.new";
    std::error_code ignored;
    fs::remove(fresh, ignored);
    GP_TRY(File file, File::create(fresh));
    GP_CHECK(file.write(names_.format()));
    return move_file(fresh, root_ / LongNames::kFile);
  }

  const fs::path root_;
  LongNames names_;
};

// Maildir and EML.
class FilesSink final : public Sink {
 public:
  FilesSink(Format format, fs::path to) : maildir_(format == Format::maildir), places_(std::move(to)) {}

  Result<> begin(const Message& message) override {
    GP_TRY(Folder* const folder, open_folder(message.folder));
    const std::string name = message.id.empty() ? fmt::format("n{}", ++unnamed_) : message.id;
    if (folder->there.contains(name)) {
      skip_ = true;
      return {};
    }
    skip_ = false;
    folder->there.insert(name);
    const std::size_t known = folder->keywords.size();
    const std::string letters = letters_of(message, folder->keywords);
    // Before the first file that uses them: a letter without a meaning would be a keyword lost.
    if (folder->keywords.size() > known) GP_CHECK(write_keywords(*folder));
    received_ = message.received;
    const fs::path& directory = folder->path;
    if (maildir_) {
      const auto seconds = std::chrono::floor<std::chrono::seconds>(message.received.value_or(TimePoint()));
      target_ =
          directory / "cur" / fmt::format("{}.{}.gatepost:2,{}", seconds.time_since_epoch().count(), name, letters);
    } else {
      target_ = directory / fmt::format("{},2={}.eml", name, letters);
    }
    temporary_ = (maildir_ ? directory / "tmp" : directory) / fmt::format(".{}.{}", name, ::getpid());
    std::error_code ignored;
    fs::remove(temporary_, ignored);
    GP_TRY(file_, File::create(temporary_));
    lf_ = {};
    return {};
  }

  Result<> write(std::string_view octets) override {
    if (skip_) return {};
    // A Maildir has the line ends of its system, a message file those of mail.
    if (!maildir_) return file_.write(octets);
    std::string text;
    lf_.append(octets, text);
    return file_.write(text);
  }

  Result<> end() override {
    if (skip_) return {};
    std::string text;
    lf_.flush(text);
    GP_CHECK(file_.write(text));
    if (received_) GP_CHECK(file_.set_time(*received_));
    file_ = {};
    return move_file(temporary_, target_);
  }

  Result<> finish() override {
    ::sync();  // cheaper than a sync for each of a hundred thousand files
    return {};
  }

 private:
  struct Folder {
    fs::path path;
    std::set<std::string> there;  // names of messages
    KeywordLetters keywords;
  };

  static Result<> write_keywords(const Folder& folder) {
    const fs::path fresh = folder.path / ".dovecot-keywords.new";
    std::error_code ignored;
    fs::remove(fresh, ignored);
    GP_TRY(File file, File::create(fresh));
    GP_CHECK(file.write(format_keyword_letters(folder.keywords)));
    return move_file(fresh, folder.path / "dovecot-keywords");
  }

  Result<Folder*> open_folder(const std::string& path) {
    if (const auto known = folders_.find(path); known != folders_.end()) return &known->second;
    Folder folder;
    GP_TRY(folder.path, maildir_ ? places_.of_maildir(path) : places_.nested(path));
    if (maildir_) {
      for (const char* part : {"cur", "new", "tmp"}) GP_CHECK(make_directory(folder.path / part));
      if (path != "INBOX" && !fs::exists(folder.path / "maildirfolder")) {
        GP_TRY(const File mark, File::create(folder.path / "maildirfolder"));
      }
    } else {
      GP_CHECK(make_directory(folder.path));
    }
    folder.keywords = parse_keyword_letters(read_small(folder.path / "dovecot-keywords", kMaxWrittenSmallFile));
    std::error_code ec;
    for (fs::directory_iterator i(maildir_ ? folder.path / "cur" : folder.path, ec);
         !ec && i != fs::directory_iterator(); i.increment(ec)) {
      const std::string name = i->path().filename().string();
      if (name.starts_with('.')) continue;
      if (maildir_) {
        // "<seconds>.<id>.gatepost:2,<letters>"
        const std::size_t first = name.find('.'), last = name.rfind(".gatepost");
        if (last != std::string::npos && first < last) folder.there.insert(name.substr(first + 1, last - first - 1));
      } else {
        folder.there.insert(name.substr(0, name.find(',')));
      }
    }
    return &folders_.emplace(path, std::move(folder)).first->second;
  }

  const bool maildir_;
  Places places_;
  std::map<std::string, Folder> folders_;
  std::uint64_t unnamed_ = 0;
  bool skip_ = false;
  std::optional<TimePoint> received_;
  fs::path temporary_, target_;
  File file_;
  ToLf lf_;
};

// A file for each folder, written anew and put in place at the end.
class MboxSink final : public Sink {
 public:
  MboxSink(MboxQuoting quoting, fs::path to) : writer_(quoting), places_(std::move(to)) {}

  Result<> begin(const Message& message) override {
    if (message.folder != folder_ || !file_) {
      GP_TRY(const fs::path place, places_.nested(message.folder));
      const fs::path target = place.string() + ".mbox";
      // Folder by folder, as an account gives them; if one comes again it goes on in the same file.
      GP_CHECK(close());
      folder_ = message.folder;
      if (parts_.contains(target)) {
        GP_TRY(file_, File::append(fresh(target)));
      } else {
        GP_CHECK(make_directory(target.parent_path()));
        std::error_code ignored;
        fs::remove(fresh(target), ignored);
        GP_TRY(file_, File::create(fresh(target)));
        parts_.insert(target);
      }
    }
    text_.clear();
    writer_.begin(message, text_);
    return {};
  }
  Result<> write(std::string_view octets) override {
    writer_.write(octets, text_);
    return text_.size() < kPieceOctets ? Result<>{} : flush();
  }
  Result<> end() override {
    writer_.end(text_);
    return flush();
  }
  Result<> finish() override {
    GP_CHECK(close());
    for (const fs::path& target : parts_) GP_CHECK(move_file(fresh(target), target));
    parts_.clear();
    return {};
  }

 private:
  static fs::path fresh(const fs::path& target) {
    return target.parent_path() / ("." + target.filename().string() + ".new");
  }
  // One is open at a time: an account may have more folders than a process may have files.
  Result<> close() {
    if (file_) GP_CHECK(file_.sync());
    file_ = {};
    return {};
  }
  Result<> flush() {
    GP_CHECK(file_.write(text_));
    text_.clear();
    return {};
  }

  MboxWriter writer_;
  Places places_;
  std::set<fs::path> parts_;  // begun
  std::string folder_;        // whose file is open
  File file_;
  std::string text_;
};

}  // namespace

Result<std::unique_ptr<Sink>> create_files(Format format, const fs::path& to) {
  GP_CHECK(make_directory(to));
  if (format == Format::mboxrd) return std::make_unique<MboxSink>(MboxQuoting::mboxrd, to);
  if (format == Format::mboxo) return std::make_unique<MboxSink>(MboxQuoting::mboxo, to);
  return std::make_unique<FilesSink>(format, to);
}

}  // namespace gatepost::transfer
