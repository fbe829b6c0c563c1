#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <tuple>

#include "base/ascii.hpp"
#include "transfer/file.hpp"
#include "transfer/files.hpp"
#include "transfer/folder_names.hpp"
#include "transfer/line_ends.hpp"
#include "transfer/marks.hpp"
#include "transfer/uid_list.hpp"

// Reading the files of other programs.
namespace gatepost::transfer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDepth = 50;  // of directories within directories
constexpr std::size_t kMaxReadSmallFile = 256 << 20;
constexpr std::string_view kEml = ".eml";

struct Directory {
  fs::path path;
  std::string folder;
};

// Plain directories, or plain files, in a directory, by name; none where there is no such directory.
std::vector<fs::path> entries(const fs::path& directory, bool directories, const Problem& problem) {
  std::vector<fs::path> found;
  std::error_code ec;
  for (fs::directory_iterator i(directory, ec); !ec && i != fs::directory_iterator(); i.increment(ec)) {
    const auto kind = i->symlink_status(ec).type();
    if (kind == (directories ? fs::file_type::directory : fs::file_type::regular)) found.push_back(i->path());
    ec.clear();
  }
  if (ec && ec != std::errc::no_such_file_or_directory) problem(directory, ec.message());
  std::ranges::sort(found);
  return found;
}

LongNames long_names(const fs::path& from) {
  return LongNames::parse(read_small(from / LongNames::kFile, kMaxReadSmallFile));
}

std::string name_on_disk(const LongNames& names, const std::string& name) {
  const std::string* const known = names.find(name);
  return known != nullptr ? *known : name_of_directory(name);
}

// One message a file: Maildir and EML.
class FilesSource final : public Source {
 public:
  FilesSource(Format format, const fs::path& from, const std::string& folder, Problem problem, Pop3Names pop3_names)
      : format_(format), problem_(std::move(problem)), pop3_names_(std::move(pop3_names)), names_(long_names(from)) {
    walk(from, folder, 0);
  }

  Result<std::optional<Message>> next() override {
    for (;;) {
      while (files_.empty()) {
        if (directories_.empty()) return std::nullopt;
        list(directories_.front());
        directories_.pop_front();
      }
      Entry entry = std::move(files_.front());
      files_.pop_front();
      auto file = File::open(entry.path);
      if (!file) {
        // Another program may have moved it meanwhile.
        problem_(entry.path, file.error().detail);
        continue;
      }
      file_ = std::move(*file);
      crlf_ = {};
      text_.clear();
      entry.message.received = file_.modified();
      if (pop3_names_.x_uidl && entry.message.pop3_id.empty()) {
        GP_CHECK(read_more());
        entry.message.pop3_id = x_uidl_of(text_);
      }
      return entry.message;
    }
  }

  Result<std::size_t> read(std::span<char> out) override {
    if (text_.empty() && file_) GP_CHECK(read_more());
    const std::size_t n = std::min(out.size(), text_.size());
    std::copy_n(text_.begin(), n, out.begin());
    text_.erase(0, n);
    return n;
  }

 private:
  Result<> read_more() {
    std::vector<char> piece(kPieceOctets);
    GP_TRY(const std::size_t n, file_.read(piece));
    if (n == 0) file_ = {};
    crlf_.append({piece.data(), n}, text_);
    return {};
  }

  struct Entry {
    fs::path path;
    std::string name;
    Message message;
    std::uint32_t uid = 0;  // as the program that wrote the files numbered it; 0: not
  };

  void walk(const fs::path& directory, const std::string& folder, std::size_t depth) {
    if (depth > kMaxDepth) return problem_(directory, "lies too deep");
    directories_.push_back({directory, folder});
    for (const fs::path& below : entries(directory, true, problem_)) {
      const std::string name = below.filename().string();
      if (format_ == Format::maildir && (name == "cur" || name == "new" || name == "tmp")) continue;
      if (format_ == Format::maildir && name.starts_with('.')) {
        const std::string* const known = names_.find(name);
        walk(below, known != nullptr ? clean_path(*known) : path_of_maildir(name), depth + 1);
        continue;
      }
      if (name.starts_with('.')) continue;
      const std::string leaf = name_on_disk(names_, name);
      walk(below, clean_path(depth == 0 ? leaf : folder + '/' + leaf), depth + 1);
    }
  }

  void list(const Directory& directory) {
    const KeywordLetters keywords =
        parse_keyword_letters(read_small(directory.path / "dovecot-keywords", kMaxReadSmallFile));
    std::vector<Entry> found;
    const auto add = [&](const fs::path& path, std::string_view letters) {
      Entry entry{path, path.filename().string(), {}, 0};
      const Marks marks = marks_of(letters, keywords);
      entry.message.folder = directory.folder;
      entry.message.flags = marks.flags;
      entry.message.keywords = marks.keywords;
      found.push_back(std::move(entry));
    };
    if (format_ == Format::eml) {
      for (const fs::path& path : entries(directory.path, false, problem_)) {
        std::string name = path.filename().string();
        if (name.size() < kEml.size() ||
            !ascii::iequals(std::string_view(name).substr(name.size() - kEml.size()), kEml))
          continue;
        name.resize(name.size() - kEml.size());
        add(path, info_of(name, ",2="));
      }
    } else {
      for (const char* part : {"cur", "new"}) {
        for (const fs::path& path : entries(directory.path / part, false, problem_)) {
          const std::string name = path.filename().string();
          if (name.starts_with('.')) continue;
          add(path, info_of(name, ":2,"));
        }
      }
      number(directory.path, found);
    }
    // As they came: by their numbers, else by the time in their names (Maildir's begin with it).
    std::ranges::sort(found, {},
                      [](const Entry& e) { return std::tuple(e.uid == 0, e.uid, leading_number(e.name), e.name); });
    files_.insert(files_.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }

  static std::string_view info_of(std::string_view name, std::string_view mark) {
    const std::size_t at = name.rfind(mark);
    return at == std::string_view::npos ? std::string_view() : name.substr(at + mark.size());
  }

  static std::uint64_t leading_number(std::string_view name) {
    std::uint64_t n = 0;
    (void)std::from_chars(name.data(), name.data() + name.size(), n);
    return n;
  }

  void number(const fs::path& directory, std::vector<Entry>& found) const {
    const UidList list = parse_uid_list(read_small(directory / "dovecot-uidlist", kMaxReadSmallFile));
    if (list.entries.empty()) return;
    std::map<std::string_view, const UidList::Entry*> uids;
    for (const UidList::Entry& e : list.entries) uids[e.name] = &e;
    for (Entry& entry : found) {
      const auto known = uids.find(std::string_view(entry.name).substr(0, entry.name.find(':')));
      if (known == uids.end()) continue;
      const UidList::Entry& listed = *known->second;
      entry.uid = listed.uid;
      entry.message.pop3_id = account::is_pop3_id(listed.uidl)
                                  ? listed.uidl
                                  : pop3_name(pop3_names_.pattern, {listed.uid, list.uid_validity, listed.name});
    }
  }

  const Format format_;
  const Problem problem_;
  const Pop3Names pop3_names_;
  const LongNames names_;
  std::deque<Directory> directories_;
  std::deque<Entry> files_;  // of the directory that is being read
  File file_;
  ToCrlf crlf_;
  std::string text_;
};

// Many messages a file.
class MboxSource final : public Source {
 public:
  MboxSource(MboxQuoting quoting, std::deque<Directory> files, Problem problem, bool x_uidl)
      : quoting_(quoting),
        x_uidl_(x_uidl),
        files_(std::move(files)),
        problem_(std::move(problem)),
        reader_(quoting, x_uidl) {}

  Result<std::optional<Message>> next() override {
    for (;;) {
      GP_TRY(auto event, event_());
      if (!event) return std::nullopt;
      text_.clear();
      if (event->kind != MboxReader::Event::Kind::begin) continue;
      event->message.folder = folder_;
      in_message_ = true;
      return std::move(event->message);
    }
  }

  Result<std::size_t> read(std::span<char> out) override {
    while (text_.empty() && in_message_) {
      GP_TRY(auto event, event_());
      if (!event || event->kind == MboxReader::Event::Kind::end)
        in_message_ = false;
      else
        text_ = std::move(event->octets);
    }
    const std::size_t n = std::min(out.size(), text_.size());
    std::copy_n(text_.begin(), n, out.begin());
    text_.erase(0, n);
    return n;
  }

 private:
  Result<std::optional<MboxReader::Event>> event_() {
    std::vector<char> piece;
    for (;;) {
      if (auto event = reader_.next()) return event;
      if (!file_) {
        if (files_.empty()) return std::nullopt;
        const Directory one = std::move(files_.front());
        files_.pop_front();
        auto opened = File::open(one.path);
        if (!opened) {
          problem_(one.path, opened.error().detail);
          continue;
        }
        file_ = std::move(*opened);
        path_ = one.path;
        folder_ = one.folder;
        reader_ = MboxReader(quoting_, x_uidl_);
      }
      piece.resize(kPieceOctets);
      GP_TRY(const std::size_t n, file_.read(piece));
      reader_.feed({piece.data(), n});
      if (n > 0) continue;
      reader_.finish();
      file_ = {};
      if (reader_.skipped() > 0) problem_(path_, "does not begin with a message; that part was passed over");
      if (reader_.left_out_notes()) problem_(path_, "the first message is a mail program's notes; it was left out");
    }
  }

  const MboxQuoting quoting_;
  const bool x_uidl_;
  std::deque<Directory> files_;
  const Problem problem_;
  MboxReader reader_;
  File file_;
  fs::path path_;
  std::string folder_, text_;
  bool in_message_ = false;
};

void collect_mbox(const fs::path& directory, const std::string& folder, std::size_t depth, const LongNames& names,
                  const Problem& problem, std::deque<Directory>& out) {
  if (depth > kMaxDepth) return problem(directory, "lies too deep");
  const auto below = [&](const fs::path& path) {
    std::string name = path.filename().string();
    if (ascii::iequals(path.extension().string(), ".mbox") || ascii::iequals(path.extension().string(), ".sbd"))
      name = path.stem().string();
    return clean_path((depth == 0 ? std::string() : folder + '/') + name_on_disk(names, name));
  };
  for (const fs::path& file : entries(directory, false, problem)) {
    const std::string name = file.filename().string();
    // Thunderbird's index files lie between.
    if (name.starts_with('.') || name.ends_with(".msf") || name.ends_with(".dat") || name == LongNames::kFile) continue;
    out.push_back({file, below(file)});
  }
  for (const fs::path& one : entries(directory, true, problem)) {
    if (!one.filename().string().starts_with('.')) collect_mbox(one, below(one), depth + 1, names, problem, out);
  }
}

}  // namespace

Result<std::unique_ptr<Source>> open_files(Format format, const fs::path& from, const std::string& folder,
                                           Problem problem, Pop3Names names) {
  std::error_code ec;
  const auto kind = fs::status(from, ec).type();
  if (kind == fs::file_type::not_found) return fail(Errc::not_found, from.string() + " does not exist");
  const std::string top = clean_path(folder.empty() ? "INBOX" : folder);
  const bool mbox = format == Format::mboxrd || format == Format::mboxo;
  if (mbox) {
    const auto quoting = format == Format::mboxo ? MboxQuoting::mboxo : MboxQuoting::mboxrd;
    std::deque<Directory> files;
    if (kind == fs::file_type::directory)
      collect_mbox(from, top, 0, long_names(from), problem, files);
    else
      files.push_back({from, top});
    return std::make_unique<MboxSource>(quoting, std::move(files), std::move(problem), names.x_uidl);
  }
  if (kind != fs::file_type::directory) return fail(Errc::invalid, from.string() + " is no directory");
  return std::make_unique<FilesSource>(format, from, top, std::move(problem), std::move(names));
}

}  // namespace gatepost::transfer
