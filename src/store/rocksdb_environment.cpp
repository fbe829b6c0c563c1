#include "store/rocksdb_environment.hpp"

#include <cerrno>
#include <cstring>

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
    auto opened = FileSystemWrapper::NewWritableFile(path, options, file, context);
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
