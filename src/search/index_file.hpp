#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "search/segment.hpp"

namespace gatepost::search {

// What an index file says of itself.
struct SegmentInfo {
  std::uint32_t number = 0;  // never used again within a file
  std::uint64_t salt = 0;    // its blocks are sealed with it
  std::uint64_t items = 0, octets = 0;
  bool operator==(const SegmentInfo&) const = default;
};
struct IndexHead {
  std::uint64_t owner = 0;      // account::AccountId
  std::uint64_t next_item = 1;  // all items below have been looked at
  std::uint32_t next_segment = 1;
  std::vector<SegmentInfo> segments;  // their items ascend from each to the next
  std::uint64_t items() const;
  std::uint64_t octets() const;
  bool operator==(const IndexHead&) const = default;
};

// The index of one account, an SQLite file (docs/formats/search.md). Readers see one state throughout, whatever a
// writer does meanwhile; one writer at a time. Every block is sealed, so that damage is found before it does harm:
// whatever does not fit together is Errc::corrupt, and then the file is to be removed and made again. Blocks on the
// disk. One thread at a time.
class IndexFile {
 public:
  // Errc::not_found: there is none. Errc::unsupported: of another format. `owner`: what the file must say.
  static Result<std::unique_ptr<IndexFile>> open(const std::filesystem::path& path, std::uint64_t owner);
  // Opens it for writing, and makes it when it is missing.
  static Result<std::unique_ptr<IndexFile>> create(const std::filesystem::path& path, std::uint64_t owner);
  // With what SQLite keeps beside it. Nobody may have it open.
  static void remove(const std::filesystem::path& path);
  ~IndexFile();

  const IndexHead& head() const { return head_; }
  GetBlock reader(const SegmentInfo& segment);  // borrows this

  // Changes it: `change` puts and drops segments and says what the head is then; all of it or nothing. After an error
  // the file is as before.
  class Change {
   public:
    PutBlock writer(const SegmentInfo& segment);
    Result<> drop(const SegmentInfo& segment);

   private:
    friend class IndexFile;
    explicit Change(IndexFile& file) : file_(file) {}
    IndexFile& file_;
  };
  Result<> commit(const std::function<Result<IndexHead>(Change&)>& change);
  // Gives space back to the disk when most of the file is unused.
  Result<> shrink();

 private:
  struct Database;
  explicit IndexFile(std::unique_ptr<Database> database);
  Result<> load_head(std::uint64_t owner);
  Result<> store_head(const IndexHead& head);
  Result<std::string> get(const SegmentInfo& segment, std::uint32_t number);
  Result<> put(const SegmentInfo& segment, std::uint32_t number, std::string_view block);

  std::unique_ptr<Database> database_;
  IndexHead head_;
};

}  // namespace gatepost::search
