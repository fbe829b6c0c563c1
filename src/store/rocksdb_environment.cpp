#include "store/rocksdb_environment.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace gatepost::store {
namespace {

rocksdb::IOStatus answer(int error, const std::string& path) {
  if (error == 0) return rocksdb::IOStatus::OK();
  if (error != ENOSPC && error != EDQUOT) return rocksdb::IOStatus::IOError(path, std::strerror(error));
  // As the engine itself marks it: writing may be tried again when there is room.
  auto full = rocksdb::IOStatus::NoSpace(path, std::strerror(error));
  full.SetRetryable(true);
  return full;
}

// The engine's log. It is written into room that was filled with zeros before: a sync then has to write octets only,
// where a file that grows also needs its new length in the file system's journal, which takes three times as long.
// Zeros behind the last record mean nothing to who reads the log, and are cut off when it is closed.
class LogFile final : public rocksdb::FSWritableFile {
 public:
  static rocksdb::IOStatus open(const std::string& path, std::unique_ptr<rocksdb::FSWritableFile>* file) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (fd.get() < 0) return answer(errno, path);
    file->reset(new LogFile(std::move(fd), path));
    return rocksdb::IOStatus::OK();
  }
  ~LogFile() override { cut(); }

  rocksdb::IOStatus Append(const rocksdb::Slice& octets, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    prepare(octets.size());
    std::string_view rest(octets.data(), octets.size());
    while (!rest.empty()) {
      const ssize_t n = ::pwrite(fd_.get(), rest.data(), rest.size(), static_cast<off_t>(end_));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return answer(n < 0 ? errno : ENOSPC, path_);
      end_ += static_cast<std::uint64_t>(n);
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& octets, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* context) override {
    return Append(octets, options, context);
  }
  rocksdb::IOStatus Truncate(std::uint64_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();  // asked only at the end, which Close() makes true
  }
  rocksdb::IOStatus Close(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    cut();
    fd_ = Fd();
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Flush(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return answer(::fdatasync(fd_.get()) == 0 ? 0 : errno, path_);
  }
  bool IsSyncThreadSafe() const override { return true; }
  std::uint64_t GetFileSize(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return end_; }

 private:
  static constexpr std::size_t kRoom = 256 << 10;

  LogFile(Fd fd, const std::string& path) : fd_(std::move(fd)), path_(path) {}

  // Without room on the disk there is none here, either: the write itself says so.
  void prepare(std::size_t octets) {
    if (end_ + octets <= prepared_) return;
    static const std::string zeros(kRoom, '\0');
    const std::uint64_t from = std::max(prepared_, end_ + octets);
    const ssize_t n = ::pwrite(fd_.get(), zeros.data(), zeros.size(), static_cast<off_t>(from));
    if (n > 0) prepared_ = from + static_cast<std::uint64_t>(n);
  }
  void cut() {
    if (fd_.get() >= 0 && prepared_ > end_) (void)!::ftruncate(fd_.get(), static_cast<off_t>(end_));
    prepared_ = 0;
  }

  Fd fd_;
  const std::string path_;
  std::uint64_t end_ = 0;       // of what was written
  std::uint64_t prepared_ = 0;  // zeros up to here
};

class WritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WritableFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::string path, Disk& disk)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)), disk_(disk) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& octets, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    auto asked = answer(disk_.engine_write(path_, octets.size()), path_);
    return asked.ok() ? FSWritableFileOwnerWrapper::Append(octets, options, context) : asked;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& octets, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* context) override {
    auto asked = answer(disk_.engine_write(path_, octets.size()), path_);
    return asked.ok() ? FSWritableFileOwnerWrapper::Append(octets, options, verification, context) : asked;
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    auto asked = answer(disk_.engine_sync(path_), path_);
    return asked.ok() ? FSWritableFileOwnerWrapper::Sync(options, context) : asked;
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    auto asked = answer(disk_.engine_sync(path_), path_);
    return asked.ok() ? FSWritableFileOwnerWrapper::Fsync(options, context) : asked;
  }

 private:
  const std::string path_;
  Disk& disk_;
};

class FileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FileSystem(Disk& disk) : FileSystemWrapper(rocksdb::FileSystem::Default()), disk_(disk) {}
  const char* Name() const override { return "gatepost"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    auto asked = answer(disk_.engine_write(path, 0), path);
    if (!asked.ok()) return asked;
    auto opened = path.ends_with(".log") ? LogFile::open(path, file)
                                         : FileSystemWrapper::NewWritableFile(path, options, file, context);
    if (opened.ok()) *file = std::make_unique<WritableFile>(std::move(*file), path, disk_);
    return opened;
  }

 private:
  Disk& disk_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> engine_environment(Disk& disk) {
  return rocksdb::NewCompositeEnv(std::make_shared<FileSystem>(disk));
}

}  // namespace gatepost::store
