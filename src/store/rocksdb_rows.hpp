#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "store/disk.hpp"

namespace rocksdb {
class Status;
}

// RocksDB behind the few calls this engine needs; its headers stay in rocksdb_rows.cpp.
namespace gatepost::store {

class Rows;

// Changes that are written together. Later changes of a key win.
class RowBatch {
 public:
  RowBatch();
  ~RowBatch();
  RowBatch(const RowBatch&) = delete;
  RowBatch& operator=(const RowBatch&) = delete;

  void put(std::string_view key, std::string_view value);
  // The key is `prefix` followed by `rest`.
  void put(std::string_view prefix, std::string_view rest, std::string_view value);
  void erase(std::string_view key);
  void erase(std::string_view prefix, std::string_view rest);
  void erase_range(std::string_view begin, std::string_view end);  // [begin, end)
  void clear();
  bool empty() const;
  std::size_t octets() const;

 private:
  friend class Rows;
  struct State;
  std::unique_ptr<State> state_;
};

// Pins one state of all rows; reads given it see that state. The Rows outlives it.
class RowView {
 public:
  explicit RowView(Rows& rows);
  ~RowView();
  RowView(const RowView&) = delete;
  RowView& operator=(const RowView&) = delete;

 private:
  friend class Rows;
  friend class RowCursor;
  Rows& rows_;
  const void* pinned_;
};

// Walks the rows of [begin, end); an empty `end` means no end. Views are valid until the next move.
class RowCursor {
 public:
  // `one_prefix`: the range lies within one prefix of kPrefixOctets octets and is walked forwards, so that files
  // without that prefix need not be opened. `keep`: what is read stays in the cache.
  RowCursor(Rows& rows, std::string begin, std::string end, const RowView* view, bool one_prefix = false,
            bool keep = true);
  ~RowCursor();
  RowCursor(const RowCursor&) = delete;
  RowCursor& operator=(const RowCursor&) = delete;

  void first();
  void last();
  void seek(std::string_view key);
  bool valid() const;
  void next();
  void previous();
  std::string_view key() const;
  std::string_view value() const;
  // What stopped the walk, when it was not the end of the range.
  Result<> status() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Thread-safe.
class Rows {
 public:
  struct Settings {
    std::filesystem::path directory;
    std::size_t cache_octets;
    bool read_only;
  };
  // Errc::unavailable when another process has it open. `disk` and `log` outlive it.
  static Result<std::unique_ptr<Rows>> open(const Settings& settings, Disk& disk, Log& log);
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  // False: no such row, `value` unspecified.
  Result<bool> get(std::string_view key, std::string& value, const RowView* view = nullptr);
  Result<std::vector<std::optional<std::string>>> get_many(std::span<const std::string> keys, const RowView* view);
  // Atomic; with `sync` also durable on return, together with everything written before. After an error nothing of the
  // batch is visible. Errc::disk_full: each further write tries whether there is room again. Any other failure of the
  // disk is final, since nobody knows what of the log has reached it: Errc::read_only from then on.
  Result<> write(RowBatch& batch, bool sync);
  // A failure of the disk has ended writing until the store is opened again.
  bool stopped() const;
  // A consistent copy of all that was written before, into the missing directory `to`; hard links where possible.
  Result<> checkpoint(const std::filesystem::path& to);
  // Memory tables to disk, so that the next open() has no log to replay.
  Result<> flush();
  // Verifies the checksums of all files. Errc::corrupt names the first that fails.
  Result<> verify();

 private:
  friend class RowView;
  friend class RowCursor;
  Rows();
  Result<> resume();
  void stop(const rocksdb::Status& status);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::store
