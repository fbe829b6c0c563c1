#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "store/blob_store.hpp"
#include "store/body_codec.hpp"
#include "store/disk_space.hpp"
#include "store/frame_cache.hpp"
#include "store/rocksdb_rows.hpp"
#include "store/segment_files.hpp"

namespace gatepost::store {

// Runs work while no group of commits is being made; what the work writes is ordered among the groups.
class Exclusive {
 public:
  virtual ~Exclusive() = default;
  virtual Result<> run(const std::function<Result<>()>& work) = 0;
};

// Bodies in segment files and own files, found through B rows (docs/formats/segments.md).
//
// A finished body is `pending`: readable, not yet durable, named by no row. The commit that refers to it syncs its
// segment and writes its B row together with the reference, so a delivery costs one write to the rows. Bodies nobody
// refers to get their B row after a while, with a G row that starts their grace period.
// Thread-safe; the functions for the leader are called by one thread at a time, from Exclusive or a commit group.
class SegmentBlobStore final : public BlobStore {
 public:
  struct Settings {
    int compression_level = 1;
    std::chrono::seconds grace{std::chrono::hours(24)};
    bool read_only = false;
    SegmentFiles::Limits files;
  };
  // Everything borrowed outlives it.
  SegmentBlobStore(const std::filesystem::path& directory, const Settings& settings, Rows& rows, Disk& disk,
                   DiskSpace& space, Log& log, Metrics& metrics, const Clock& clock);
  ~SegmentBlobStore() override;

  // Once, before use: what a crash left behind is put in order. Returns how many octets of unfinished bodies were cut.
  Result<std::uint64_t> recover();
  void run_exclusively_by(Exclusive& exclusive) { exclusive_ = &exclusive; }

  Result<std::unique_ptr<BlobWriter>> create(std::uint64_t size_hint = 0) override;
  Result<> read(const BlobId&, std::uint64_t offset, std::span<char> out) override;
  Result<bool> exists(const BlobId&) override;
  Result<std::uint64_t> collect(const std::function<Result<bool>(const BlobId&)>& referenced, std::stop_token) override;

  // For the leader of a commit group: the bodies the group makes durable.
  struct Settling {
    struct Taken {
      BlobId id;
      Location where;
      std::shared_ptr<SegmentFiles::Appending> segment;  // none: an own file, durable already
      std::uint64_t ticket = 0;
      std::optional<std::uint64_t> unused_since;  // set: nobody refers to it yet
      bool has_row = false;
    };
    std::vector<Taken> taken;
    std::map<std::uint32_t, SegmentRow> segments;  // the new states of those that changed
  };
  void begin(Settling& settling);
  // `id` must be stored: Errc::not_found otherwise.
  Result<> claim(const BlobId& id, Settling& settling);
  // Adds bodies that nobody has referred to for a while (or, with `all`, any not referred to).
  void claim_unused(Settling& settling, bool all = false);
  // Syncs the segments of what was claimed. After a failure the lost bodies are forgotten: begin again.
  Result<> sync(Settling& settling);
  void put_rows(Settling& settling, RowBatch& batch);
  void put_garbage(const BlobId& id, RowBatch& batch) const;  // a reference to it goes away with this batch
  void settled(Settling& settling);                           // the batch is durable

  // Makes every finished body durable, with its row.
  Result<> flush();
  // Verifies every body; `problem` hears which, if that can be known.
  Result<> check(const std::function<void(const std::optional<BlobId>& id, const std::string& what)>& problem,
                 std::stop_token);
  // Finds bodies again whose B rows are missing or unreadable; rows that cannot be mended go. Not from within
  // Exclusive.
  Result<> repair(const std::function<void(const std::string& where, const std::string& what)>& mended,
                  std::stop_token stop);
  // After a checkpoint of the rows into the new store: the files, into directory `to`. Not beside collect().
  Result<> copy_files(const std::filesystem::path& to, std::stop_token stop);
  // Held while files must not be deleted or moved.
  std::mutex& collector_mutex() { return collector_mutex_; }
  SegmentFiles& files() { return files_; }

 private:
  friend class SegmentBodyWriter;
  struct Pending {
    enum class State : std::uint8_t {
      writing,  // a writer looks whether it has to store it
      stored,   // needs a B row
      known,    // has a B row; finished again
    };
    State state = State::writing;
    Location where;
    std::shared_ptr<SegmentFiles::Appending> segment;
    std::uint64_t ticket = 0;
    std::uint64_t since = 0;    // seconds, of the last finish()
    std::uint64_t round = 0;    // the group that claimed it
    std::uint32_t writers = 0;  // between begin_storing and its end
  };
  struct Doomed {
    BlobId id;
    Location where;
    bool has_body = false;
  };

  std::uint64_t seconds_now() const;
  // finish() of a writer, in three steps: does it have to store the body? where it did; or it could not.
  Result<bool> begin_storing(const BlobId& id);
  Result<> end_storing(const BlobId& id, const Location& where, const SegmentFiles::Appended* appended);
  void abandon_storing(const BlobId& id);
  Result<std::optional<Location>> row_of(const BlobId& id);
  Result<Location> locate(const BlobId& id);
  Result<> read_at(const Location& where, std::uint64_t offset, std::span<char> out);
  Result<> read_frame(const Fd& fd, const Location& where, std::uint64_t index, const record::Extent& extent,
                      std::size_t skip, std::span<char> out, BodyCodec& codec);
  Result<> read_whole(const Fd& fd, const Location& where, std::span<char> out, BodyCodec& codec);

  using LostBodies = std::set<std::array<std::uint8_t, 32>>;  // digests
  Result<LostBodies> lost_bodies(std::stop_token stop);
  Result<> find_records(const Fd& fd, Location::Kind kind, std::uint64_t file, LostBodies& lost,
                        std::vector<std::pair<BlobId, Location>>& found);
  Result<std::uint64_t> recover_segments();
  Result<> load_segment_rows();
  // What is left of a segment's file, and how much of it was cut.
  struct Tail {
    std::uint64_t size = 0, cut = 0;
  };
  Result<Tail> recover_tail(std::uint32_t number, std::uint64_t from, std::uint64_t size, SegmentRow& row);
  Result<> recover_new_files();

  Result<std::vector<BlobId>> old_garbage(std::string& after);
  Result<std::uint64_t> collect_some(const std::vector<BlobId>& candidates,
                                     const std::function<Result<bool>(const BlobId&)>& referenced);
  Result<std::uint64_t> delete_rows(const std::vector<BlobId>& ids, std::vector<Doomed>& doomed,
                                    const std::function<Result<bool>(const BlobId&)>& referenced);
  Result<> remove_orphans(std::stop_token stop);
  Result<> tidy_segments(std::stop_token stop);
  Result<> rewrite(std::uint32_t number, std::stop_token stop);
  struct Moving;
  Result<> move_rows(std::uint32_t from, Moving& moving, bool whole, bool& emptied);
  bool has_pending_in(std::uint32_t number);

  const Settings settings_;
  Rows& rows_;
  Disk& disk_;
  DiskSpace& space_;
  Log& log_;
  const Clock& clock_;
  Exclusive* exclusive_ = nullptr;
  SegmentFiles files_;
  CodecPool codecs_;
  FrameCache frames_;
  Counter& stored_;
  Counter& known_;
  Counter& stored_octets_;
  Counter& collected_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable no_longer_dying_;
  std::unordered_map<BlobId, Pending, BlobIdHash> pending_;
  std::deque<std::pair<BlobId, std::uint64_t>> ages_;  // of pending_, oldest first; may name what is gone
  std::set<BlobId> dying_;                             // the collector is deciding

  // Leader only.
  std::map<std::uint32_t, SegmentRow> segments_;
  std::uint64_t round_ = 0;

  std::mutex collector_mutex_;
  bool orphans_removed_ = false;  // guarded by collector_mutex_
};

}  // namespace gatepost::store
