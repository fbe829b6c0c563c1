#include "search/index_file.hpp"

#include <sqlite3.h>

#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace gatepost::search {
namespace {

constexpr int kIndexApplication = 0x47507365;  // "GPse"
constexpr int kIndexFormat = 1;
constexpr std::uint32_t kMaxBlock = (1U << 24) - 1;
constexpr std::size_t kMaxSegments = 10'000;
constexpr std::int64_t kPagesWorthFreeing = 1'024;

Errc code_of(int result) {
  switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
      return Errc::corrupt;
    case SQLITE_FULL:
      return Errc::disk_full;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::unavailable;
    case SQLITE_CANTOPEN:
      return Errc::not_found;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Errc::read_only;
    case SQLITE_IOERR:
      // A file that is shorter than it says.
      return result == SQLITE_IOERR_SHORT_READ ? Errc::corrupt : Errc::unavailable;
    default:
      return Errc::internal;
  }
}

// Where a block lies is part of its seal: one in the wrong place is damage too.
std::uint32_t seal_of(const SegmentInfo& segment, std::uint32_t number, std::string_view block) {
  std::string place;
  put_u64(place, segment.salt);
  put_u32(place, segment.number);
  put_u32(place, number);
  return crc32c(block, crc32c(place));
}

std::int64_t row_of(const SegmentInfo& segment, std::uint32_t number) {
  return static_cast<std::int64_t>(std::uint64_t{segment.number} << 24 | number);
}

std::string encode(const IndexHead& head) {
  std::string out;
  put_u64(out, head.owner);
  put_u64(out, head.next_item);
  put_u32(out, head.next_segment);
  put_varint(out, head.segments.size());
  for (const SegmentInfo& segment : head.segments) {
    put_u32(out, segment.number);
    put_u64(out, segment.salt);
    put_varint(out, segment.items);
    put_varint(out, segment.octets);
  }
  put_u32(out, crc32c(out));
  return out;
}

Result<IndexHead> decode_head(std::string_view text) {
  const auto damaged = [] { return fail(Errc::corrupt, "the head of an index"); };
  if (text.size() < 4) return damaged();
  ByteReader seal(text.substr(text.size() - 4));
  text.remove_suffix(4);
  if (seal.u32() != crc32c(text)) return damaged();
  ByteReader in(text);
  IndexHead head;
  head.owner = in.u64();
  head.next_item = in.u64();
  head.next_segment = in.u32();
  const std::uint64_t segments = in.varint();
  if (!in.ok() || segments > kMaxSegments) return damaged();
  for (std::uint64_t i = 0; i < segments; ++i) {
    SegmentInfo segment;
    segment.number = in.u32();
    segment.salt = in.u64();
    segment.items = in.varint();
    segment.octets = in.varint();
    if (!in.ok() || segment.number >= head.next_segment) return damaged();
    head.segments.push_back(segment);
  }
  if (!in.at_end()) return damaged();
  return head;
}

struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

// Ready for the next use at the end of a scope.
class Use {
 public:
  explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
  ~Use() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

struct IndexFile::Database {
  sqlite3* handle = nullptr;
  Statement get, put, drop, head, set_head;

  ~Database() {
    for (Statement* statement : {&get, &put, &drop, &head, &set_head}) statement->reset();
    sqlite3_close(handle);
  }
  std::unexpected<Error> failed(int result, std::string_view what) const {
    return fail(code_of(result),
                fmt::format("{}: {}", what, handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(result)));
  }
  Result<> run(const char* sql) {
    const int result = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) return failed(result, sql);
    return {};
  }
  Result<std::int64_t> number(const char* sql) {
    GP_TRY(const Statement statement, prepare(sql));
    const int result = sqlite3_step(statement.get());
    if (result != SQLITE_ROW) return failed(result == SQLITE_DONE ? SQLITE_CORRUPT : result, sql);
    return sqlite3_column_int64(statement.get(), 0);
  }
  Result<Statement> prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    const int result = sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr);
    // A table that should be there and is not: the schema is damaged.
    if (result == SQLITE_ERROR) return fail(Errc::corrupt, fmt::format("{}: {}", sql, sqlite3_errmsg(handle)));
    if (result != SQLITE_OK) return failed(result, sql);
    return Statement(statement);
  }
  Result<> open(const std::filesystem::path& path, int flags) {
    const int result =
        sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    if (result != SQLITE_OK) return failed(result, path.string());
    sqlite3_busy_timeout(handle, 2'000);
    // A loss of power may leave any mixture of old and new pages: seals and salts tell, and the index is made again.
    // Nothing waits for the disk, so that deliveries need not either. What a damaged file says must not run anything,
    // and its pages are looked at closely.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return run(
        "PRAGMA cell_size_check = ON; PRAGMA synchronous = OFF; PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY");
  }
  Result<> prepare_all() {
    GP_TRY(get, prepare("SELECT data FROM block WHERE id = ?"));
    GP_TRY(put, prepare("INSERT INTO block (id, data) VALUES (?, ?)"));
    GP_TRY(drop, prepare("DELETE FROM block WHERE id BETWEEN ? AND ?"));
    GP_TRY(head, prepare("SELECT data FROM head WHERE id = 1"));
    GP_TRY(set_head, prepare("INSERT OR REPLACE INTO head (id, data) VALUES (1, ?)"));
    return {};
  }
};

std::uint64_t IndexHead::items() const {
  std::uint64_t sum = 0;
  for (const SegmentInfo& segment : segments) sum += segment.items;
  return sum;
}

std::uint64_t IndexHead::octets() const {
  std::uint64_t sum = 0;
  for (const SegmentInfo& segment : segments) sum += segment.octets;
  return sum;
}

IndexFile::IndexFile(std::unique_ptr<Database> database) : database_(std::move(database)) {}
IndexFile::~IndexFile() = default;

Result<std::unique_ptr<IndexFile>> IndexFile::open(const std::filesystem::path& path, std::uint64_t owner) {
  auto database = std::make_unique<Database>();
  GP_CHECK(database->open(path, SQLITE_OPEN_READWRITE));
  GP_TRY(const std::int64_t application, database->number("PRAGMA application_id"));
  GP_TRY(const std::int64_t format, database->number("PRAGMA user_version"));
  if (application != kIndexApplication) return fail(Errc::corrupt, path.string() + " is no index");
  if (format != kIndexFormat) return fail(Errc::unsupported, path.string() + " has another format");
  GP_CHECK(database->prepare_all());
  std::unique_ptr<IndexFile> out(new IndexFile(std::move(database)));
  // One state from here to the end.
  GP_CHECK(out->database_->run("BEGIN"));
  GP_CHECK(out->load_head(owner));
  return out;
}

Result<std::unique_ptr<IndexFile>> IndexFile::create(const std::filesystem::path& path, std::uint64_t owner) {
  std::error_code ec;
  std::filesystem::create_directories(path.parent_path(), ec);
  if (ec) return fail(Errc::denied, fmt::format("{}: {}", path.parent_path().string(), ec.message()));
  auto database = std::make_unique<Database>();
  GP_CHECK(database->open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  Database& db = *database;
  GP_TRY(const std::int64_t format, db.number("PRAGMA user_version"));
  GP_TRY(const std::int64_t application, db.number("PRAGMA application_id"));
  GP_TRY(const std::int64_t pages, db.number("PRAGMA page_count"));
  if (pages > 0 && (format != 0 || application != 0)) {
    if (application != kIndexApplication) return fail(Errc::corrupt, path.string() + " is no index");
    if (format != kIndexFormat) return fail(Errc::unsupported, path.string() + " has another format");
  }
  GP_CHECK(db.run("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216"));
  std::unique_ptr<IndexFile> out(new IndexFile(std::move(database)));
  if (format == 0) {
    IndexHead head;
    head.owner = owner;
    GP_CHECK(db.run("BEGIN IMMEDIATE"));
    GP_CHECK(
        db.run("CREATE TABLE head (id INTEGER PRIMARY KEY, data BLOB NOT NULL);"
               "CREATE TABLE block (id INTEGER PRIMARY KEY, data BLOB NOT NULL)"));
    GP_CHECK(db.prepare_all());
    GP_CHECK(out->store_head(head));
    GP_CHECK(db.run(
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT", kIndexApplication, kIndexFormat)
            .c_str()));
  } else {
    GP_CHECK(db.prepare_all());
  }
  GP_CHECK(out->load_head(owner));
  return out;
}

void IndexFile::remove(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  for (const char* suffix : {"-wal", "-shm", "-journal"}) std::filesystem::remove(path.string() + suffix, ignored);
}

Result<> IndexFile::load_head(std::uint64_t owner) {
  sqlite3_stmt* statement = database_->head.get();
  const Use use(statement);
  const int result = sqlite3_step(statement);
  if (result == SQLITE_DONE) return fail(Errc::corrupt, "an index without head");
  if (result != SQLITE_ROW) return database_->failed(result, "reading the head of an index");
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, 0));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, 0));
  GP_TRY(head_, decode_head(data == nullptr ? std::string_view() : std::string_view(data, size)));
  if (head_.owner != owner) return fail(Errc::corrupt, "the index of another account");
  return {};
}

Result<> IndexFile::store_head(const IndexHead& head) {
  const std::string text = encode(head);
  sqlite3_stmt* statement = database_->set_head.get();
  const Use use(statement);
  sqlite3_bind_blob(statement, 1, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  const int result = sqlite3_step(statement);
  if (result != SQLITE_DONE) return database_->failed(result, "writing the head of an index");
  return {};
}

GetBlock IndexFile::reader(const SegmentInfo& segment) {
  return [this, segment](std::uint32_t number) { return get(segment, number); };
}

Result<std::string> IndexFile::get(const SegmentInfo& segment, std::uint32_t number) {
  if (number > kMaxBlock) return fail(Errc::corrupt, "a block's number");
  sqlite3_stmt* statement = database_->get.get();
  const Use use(statement);
  sqlite3_bind_int64(statement, 1, row_of(segment, number));
  const int result = sqlite3_step(statement);
  if (result == SQLITE_DONE) return fail(Errc::corrupt, "a block is missing");
  if (result != SQLITE_ROW) return database_->failed(result, "reading a block");
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, 0));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, 0));
  if (data == nullptr) {
    // Empty, or there was not enough memory for it.
    return database_->failed(sqlite3_errcode(database_->handle) == SQLITE_NOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT,
                             "reading a block");
  }
  if (size < 4) return fail(Errc::corrupt, "a block is short");
  const std::string_view block(data + 4, size - 4);
  ByteReader seal(std::string_view(data, 4));
  if (seal.u32() != seal_of(segment, number, block)) return fail(Errc::corrupt, "a block's seal is broken");
  return std::string(block);
}

Result<> IndexFile::put(const SegmentInfo& segment, std::uint32_t number, std::string_view block) {
  if (number > kMaxBlock) return fail(Errc::limit, "a segment has too many blocks");
  std::string sealed;
  sealed.reserve(block.size() + 4);
  put_u32(sealed, seal_of(segment, number, block));
  sealed += block;
  sqlite3_stmt* statement = database_->put.get();
  const Use use(statement);
  sqlite3_bind_int64(statement, 1, row_of(segment, number));
  sqlite3_bind_blob64(statement, 2, sealed.data(), sealed.size(), SQLITE_STATIC);
  const int result = sqlite3_step(statement);
  if (result == SQLITE_CONSTRAINT || (result & 0xff) == SQLITE_CONSTRAINT)
    return fail(Errc::corrupt, "a block is there already");
  if (result != SQLITE_DONE) return database_->failed(result, "writing a block");
  return {};
}

PutBlock IndexFile::Change::writer(const SegmentInfo& segment) {
  return [this, segment](std::uint32_t number, std::string_view block) { return file_.put(segment, number, block); };
}

Result<> IndexFile::Change::drop(const SegmentInfo& segment) {
  sqlite3_stmt* statement = file_.database_->drop.get();
  const Use use(statement);
  sqlite3_bind_int64(statement, 1, row_of(segment, 0));
  sqlite3_bind_int64(statement, 2, row_of(segment, kMaxBlock));
  const int result = sqlite3_step(statement);
  if (result != SQLITE_DONE) return file_.database_->failed(result, "dropping a segment");
  return {};
}

Result<> IndexFile::commit(const std::function<Result<IndexHead>(Change&)>& change) {
  GP_CHECK(database_->run("BEGIN IMMEDIATE"));
  Change writing(*this);
  auto head = change(writing);
  Result<> done = head ? store_head(*head) : Result<>(std::unexpected(head.error()));
  if (done) done = database_->run("COMMIT");
  if (done) {
    head_ = std::move(*head);
  } else {
    (void)database_->run("ROLLBACK");
  }
  return done;
}

Result<> IndexFile::shrink() {
  GP_TRY(const std::int64_t free, database_->number("PRAGMA freelist_count"));
  GP_TRY(const std::int64_t pages, database_->number("PRAGMA page_count"));
  if (free < kPagesWorthFreeing || free < pages / 2) return {};
  return database_->run("VACUUM");
}

}  // namespace gatepost::search
