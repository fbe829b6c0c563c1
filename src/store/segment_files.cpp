#include "store/segment_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <span>

#include <fmt/format.h>

#include "base/random.hpp"
#include "store/body_record.hpp"

namespace gatepost::store {
namespace {

// Records up to this size are written into room that was filled with zeros before, so that a sync has to write octets
// only: the new length of a file that grows would have to go through the file system's journal, which takes three times
// as long. For larger ones writing everything twice would cost more than that.
constexpr std::size_t kSmallRecord = 16 << 10;
constexpr std::size_t kRoom = 256 << 10;
constexpr std::size_t kLargeRecord = 256 << 10;

// The names in `directory` that are hexadecimal numbers of `digits` digits; others are not ours.
template <class Number>
Result<std::vector<Number>> numbers_in(const std::filesystem::path& directory, std::size_t digits) {
  std::vector<Number> numbers;
  std::error_code error;
  for (std::filesystem::directory_iterator i(directory, error), end; !error && i != end; i.increment(error)) {
    const std::string name = i->path().filename().string();
    Number n{};
    const auto [rest, problem] = std::from_chars(name.data(), name.data() + name.size(), n, 16);
    if (name.size() == digits && problem == std::errc() && rest == name.data() + name.size()) numbers.push_back(n);
  }
  if (error) return fail(Errc::unavailable, fmt::format("list {}: {}", directory.string(), error.message()));
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace

SegmentFiles::SegmentFiles(std::filesystem::path directory, Disk& disk, Limits limits)
    : directory_(std::move(directory)), disk_(disk), limits_(limits) {}
SegmentFiles::~SegmentFiles() {
  if (current_) cut(*current_);
}

Result<> SegmentFiles::create_directories() {
  std::error_code ignored;
  if (std::filesystem::exists(directory_ / "large", ignored)) return {};
  GP_CHECK(make_directories(directory_ / "segments"));
  GP_CHECK(make_directories(new_directory()));
  GP_CHECK(make_directories(directory_ / "large"));  // last, so that it stands for all of them
  GP_CHECK(sync_directory(directory_));
  return sync_directory(directory_.parent_path());
}

std::filesystem::path SegmentFiles::segment_path(std::uint32_t n) const {
  return directory_ / "segments" / fmt::format("{:08x}", n);
}
std::filesystem::path SegmentFiles::own_path(std::uint64_t name) const {
  return directory_ / "large" / fmt::format("{:02x}", name >> 56) / fmt::format("{:016x}", name);
}
std::filesystem::path SegmentFiles::new_directory() const { return directory_ / "new"; }
std::filesystem::path SegmentFiles::new_path(std::uint64_t name) const {
  return new_directory() / fmt::format("{:016x}", name);
}
Result<std::vector<std::uint32_t>> SegmentFiles::segment_numbers() const {
  return numbers_in<std::uint32_t>(directory_ / "segments", 8);
}
Result<std::vector<std::uint64_t>> SegmentFiles::new_names() const {
  return numbers_in<std::uint64_t>(new_directory(), 16);
}

Result<std::shared_ptr<SegmentFiles::Appending>> SegmentFiles::open_appending(std::uint32_t n, std::uint64_t end,
                                                                              bool create) {
  auto segment = std::make_shared<Appending>();
  GP_TRY(segment->fd, open_file(segment_path(n), create ? O_RDWR | O_CREAT | O_EXCL : O_RDWR));
  // The name must be durable before a row says that a body lies there.
  if (create) GP_CHECK(sync_directory(directory_ / "segments"));
  segment->number = n;
  segment->end = end;
  return segment;
}

Result<> SegmentFiles::begin(std::uint32_t n, std::uint64_t end) {
  std::lock_guard lock(append_mutex_);
  const bool exists = std::filesystem::exists(segment_path(n));
  GP_TRY(current_, open_appending(n, end, !exists));
  return {};
}

std::uint32_t SegmentFiles::current() const {
  std::lock_guard lock(append_mutex_);
  return current_ ? current_->number : 0;
}

Result<SegmentFiles::Appended> SegmentFiles::append(std::string_view record) {
  Appended appended;
  {
    std::lock_guard lock(append_mutex_);
    if (!current_) return fail(Errc::read_only, "the store was opened to read only");
    if (current_->end >= limits_.segment_octets || current_->lost) {
      GP_TRY(auto next, open_appending(current_->number + 1, 0, true));
      std::erase_if(retired_, [](const auto& old) { return old.expired(); });
      cut(*current_);
      retired_.push_back(current_);
      current_ = std::move(next);
    }
    if (record.size() <= kSmallRecord) prepare(*current_, record.size());
    appended.segment = current_;
    appended.offset = current_->end;
    current_->end += record.size();
    ++current_->writers;
  }
  Appending& segment = *appended.segment;
  if (auto written = write_all(disk_, segment.fd.get(), record, appended.offset); !written) {
    std::lock_guard lock(append_mutex_);
    // Nobody behind us: the room is free again. Otherwise it stays a gap that readers never look at.
    if (segment.end == appended.offset + record.size()) segment.end = appended.offset;
    release(segment);
    return std::unexpected(std::move(written).error());
  }
  // The disk begins with a large one now, so that the group's sync finds less to wait for.
  if (record.size() >= kLargeRecord)
    ::sync_file_range(segment.fd.get(), static_cast<off64_t>(appended.offset), static_cast<off64_t>(record.size()),
                      SYNC_FILE_RANGE_WRITE);
  appended.ticket = ++segment.written;
  return appended;
}

// A disk without room, or that fails: the write of the record says so. Others' records lie before `end`, so nothing is
// overwritten.
void SegmentFiles::prepare(Appending& segment, std::size_t octets) {
  const std::uint64_t from = std::max(segment.prepared, segment.end);
  if (segment.end + octets <= from) return;
  static const std::string zeros(kRoom, '\0');
  if (write_all(disk_, segment.fd.get(), zeros, from)) segment.prepared = from + zeros.size();
}

// The zeros behind the last record go when nothing more is appended.
void SegmentFiles::cut(Appending& segment) {
  if (segment.prepared > segment.end) (void)!::ftruncate(segment.fd.get(), static_cast<off_t>(segment.end));
}

Result<> SegmentFiles::sync(Appending& segment) {
  std::lock_guard lock(segment.sync_mutex);
  if (segment.lost) return fail(Errc::unavailable, "an earlier sync of the segment failed");
  const std::uint64_t written = segment.written;
  if (disk_.fdatasync(segment.fd.get()) != 0) {
    // The kernel may have dropped the pages and a second sync would succeed without them: trust none of them.
    auto failed = system_failure("fdatasync", segment_path(segment.number));
    segment.lost = true;
    return failed;
  }
  segment.synced = written;
  return {};
}

void SegmentFiles::sync_current() {
  std::shared_ptr<Appending> segment;
  {
    std::lock_guard lock(append_mutex_);
    segment = current_;
  }
  if (segment && segment->written > segment->synced) (void)sync(*segment);
}

bool SegmentFiles::is_closed(std::uint32_t n) const {
  std::lock_guard lock(append_mutex_);
  if (current_ && current_->number == n) return false;
  return std::ranges::none_of(retired_, [&](const auto& weak) {
    const auto segment = weak.lock();
    return segment && segment->number == n && segment->writers != 0;
  });
}

Result<SegmentFiles::OwnFile> SegmentFiles::create_own() {
  SystemRandom random;
  OwnFile own;
  own.name = random.u64();
  GP_TRY(own.fd, open_file(new_path(own.name), O_RDWR | O_CREAT | O_EXCL));
  return own;
}

Result<> SegmentFiles::adopt_own(std::uint64_t name) {
  const auto from = new_path(name), to = own_path(name);
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  if (errno != ENOENT) return system_failure("rename", from);
  GP_CHECK(make_directories(to.parent_path()));
  GP_CHECK(sync_directory(directory_ / "large"));
  if (::rename(from.c_str(), to.c_str()) != 0) return system_failure("rename", from);
  return {};
}

void SegmentFiles::discard_own(std::uint64_t name) { ::unlink(new_path(name).c_str()); }

Result<std::shared_ptr<const Fd>> SegmentFiles::reading(Location::Kind kind, std::uint64_t file) {
  const FileKey key{kind, file};
  {
    std::lock_guard lock(cache_mutex_);
    if (const auto found = cache_.find(key); found != cache_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second.place);
      return found->second.fd;
    }
  }
  Result<Fd> opened = kind == Location::Kind::segment
                          ? open_file(segment_path(static_cast<std::uint32_t>(file)), O_RDONLY)
                          : open_file(own_path(file), O_RDONLY);
  // A new body's file moves to its place after the commit that names it: look where it was, then where it went.
  if (!opened && kind == Location::Kind::own_file) opened = open_file(new_path(file), O_RDONLY);
  if (!opened && kind == Location::Kind::own_file) opened = open_file(own_path(file), O_RDONLY);
  if (!opened) return std::unexpected(std::move(opened).error());
  auto fd = std::make_shared<const Fd>(*std::move(opened));

  std::lock_guard lock(cache_mutex_);
  if (const auto found = cache_.find(key); found != cache_.end()) return found->second.fd;
  recent_.push_front(key);
  cache_.emplace(key, Cached{fd, recent_.begin()});
  if (cache_.size() > limits_.open_files) {
    cache_.erase(recent_.back());
    recent_.pop_back();
  }
  return fd;
}

void SegmentFiles::forget(const FileKey& key) {
  std::lock_guard lock(cache_mutex_);
  const auto found = cache_.find(key);
  if (found == cache_.end()) return;
  recent_.erase(found->second.place);
  cache_.erase(found);
}

bool SegmentFiles::shared_with_backup(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && status.st_nlink > 1;
}

Result<> SegmentFiles::punch(const Location& location) {
  constexpr std::uint64_t kBlock = 4096;
  const auto path = segment_path(static_cast<std::uint32_t>(location.file));
  const std::uint64_t begin = (location.offset + record::kHeaderOctets + kBlock - 1) / kBlock * kBlock;
  const std::uint64_t end = (location.offset + record::record_octets(location.size, location.stored)) / kBlock * kBlock;
  if (end <= begin) return {};
  GP_TRY(const Fd fd, open_file(path, O_RDWR));
  if (shared_with_backup(fd.get())) return {};
  if (::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin),
                  static_cast<off_t>(end - begin)) != 0 &&
      errno != EOPNOTSUPP)
    return system_failure("fallocate", path);
  return {};
}

void SegmentFiles::remove(Location::Kind kind, std::uint64_t file) {
  forget({kind, file});
  if (kind == Location::Kind::segment) {
    ::unlink(segment_path(static_cast<std::uint32_t>(file)).c_str());
  } else {
    ::unlink(new_path(file).c_str());
    ::unlink(own_path(file).c_str());
  }
}

}  // namespace gatepost::store
