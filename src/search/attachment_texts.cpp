#include "search/attachment_texts.hpp"

#include <sqlite3.h>

#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "search/attachment_limits.hpp"
#include "store/blob_store.hpp"
#include "store/store.hpp"

namespace gatepost::search {
namespace {

constexpr int kTextsApplication = 0x47507461;  // "GPta"
constexpr int kFormat = 1;
constexpr std::size_t kBodiesAtOnce = 500;

enum State : int { kText = 1, kNothing = 2, kFailed = 3 };

constexpr const char* kTables =
    "CREATE TABLE part (body BLOB NOT NULL, number INTEGER NOT NULL, content INTEGER NOT NULL,"
    " PRIMARY KEY (body, number)) WITHOUT ROWID;"
    "CREATE INDEX part_content ON part (content);"
    "CREATE TABLE content (id INTEGER PRIMARY KEY, octets BLOB NOT NULL UNIQUE, state INTEGER NOT NULL,"
    " version INTEGER NOT NULL, seal INTEGER NOT NULL, text BLOB NOT NULL)";

std::string key_of(const account::Body& body) {
  std::string out(reinterpret_cast<const char*>(body.sha256.data()), body.sha256.size());
  put_u64(out, body.size);
  return out;
}
std::optional<account::Body> body_of(std::string_view key) {
  account::Body out;
  if (key.size() != out.sha256.size() + 8) return std::nullopt;
  for (std::size_t i = 0; i < out.sha256.size(); ++i) out.sha256[i] = static_cast<std::uint8_t>(key[i]);
  out.size = ByteReader(key.substr(out.sha256.size())).u64();
  return out;
}
std::string_view view(const Sha256Value& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

bool is_damaged_file(int result) {
  switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
      return true;
    default:
      return result == SQLITE_IOERR_SHORT_READ;
  }
}

}  // namespace

// One statement after the other. A failed call is remembered in `result`.
struct AttachmentTexts::Database {
  sqlite3* handle = nullptr;
  ~Database() { sqlite3_close_v2(handle); }

  std::unexpected<Error> failed(int result, std::string_view what) const {
    const Errc code = is_damaged_file(result)          ? Errc::corrupt
                      : (result & 0xff) == SQLITE_FULL ? Errc::disk_full
                                                       : Errc::unavailable;
    return fail(code, fmt::format("texts of attachments: {}: {}", what,
                                  handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(result)));
  }
  Result<> run(const char* sql) const {
    const int result = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) return failed(result, sql);
    return {};
  }

  class Statement {
   public:
    Statement(const Database& database, const char* sql) : database_(database), sql_(sql) {
      result_ = sqlite3_prepare_v2(database.handle, sql, -1, &statement_, nullptr);
      // A table that should be there and is not: the schema is damaged.
      if (result_ == SQLITE_ERROR) result_ = SQLITE_CORRUPT;
    }
    ~Statement() { sqlite3_finalize(statement_); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    Statement& blob(std::string_view value) {
      if (result_ == SQLITE_OK)
        sqlite3_bind_blob64(statement_, ++bound_, value.empty() ? "" : value.data(), value.size(), SQLITE_TRANSIENT);
      return *this;
    }
    Statement& number(std::int64_t value) {
      if (result_ == SQLITE_OK) sqlite3_bind_int64(statement_, ++bound_, value);
      return *this;
    }
    // True: a row.
    Result<bool> step() {
      if (result_ != SQLITE_OK) return database_.failed(result_, sql_);
      const int result = sqlite3_step(statement_);
      if (result == SQLITE_ROW) return true;
      if (result == SQLITE_DONE) return false;
      return database_.failed(result, sql_);
    }
    std::int64_t number_at(int column) const { return sqlite3_column_int64(statement_, column); }
    std::string_view blob_at(int column) const {  // until the next step
      const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
      return data == nullptr
                 ? std::string_view()
                 : std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
    }

   private:
    const Database& database_;
    const char* const sql_;
    sqlite3_stmt* statement_ = nullptr;
    int result_, bound_ = 0;
  };

  // state, version, seal, text
  static Result<std::optional<Content>> content(Statement& row) {
    GP_TRY(const bool there, row.step());
    if (!there) return std::nullopt;
    Content out{.failed = row.number_at(0) == kFailed,
                .version = static_cast<std::uint32_t>(row.number_at(1)),
                .text = std::string(row.blob_at(3))};
    if (crc32c(out.text) != static_cast<std::uint32_t>(row.number_at(2)))
      return fail(Errc::corrupt, "texts of attachments: a text has changed");
    return out;
  }
};

template <class F>
auto AttachmentTexts::with(F run) const -> decltype(run(std::declval<Database&>())) {
  const std::scoped_lock lock(mutex_);
  if (!database_) GP_CHECK(open_file());
  auto out = run(*database_);
  if (out || out.error().code != Errc::corrupt) return out;
  database_.reset();
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path_.string() + suffix, ignored);
  return out;
}

Result<> AttachmentTexts::open_file() const {
  std::error_code ec;
  std::filesystem::create_directories(path_.parent_path(), ec);
  if (ec) return fail(Errc::denied, fmt::format("{}: {}", path_.parent_path().string(), ec.message()));
  for (const bool again : {false, true}) {
    auto database = std::make_unique<Database>();
    const auto ready = [&]() -> Result<> {
      const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
      const int result = sqlite3_open_v2(path_.c_str(), &database->handle, flags, nullptr);
      if (result != SQLITE_OK) return database->failed(result, path_.string());
      sqlite3_busy_timeout(database->handle, 2'000);
      sqlite3_db_config(database->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
      sqlite3_db_config(database->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
      // Conversions are dearer than the words of an index: a loss of power costs the last ones, not all.
      GP_CHECK(
          database->run("PRAGMA cell_size_check = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                        "PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY"));
      std::int64_t format = 0, application = 0;
      {
        Database::Statement asks(*database, "PRAGMA user_version");
        GP_CHECK(asks.step());
        format = asks.number_at(0);
        Database::Statement asks_again(*database, "PRAGMA application_id");
        GP_CHECK(asks_again.step());
        application = asks_again.number_at(0);
      }
      if (format == kFormat && application == kTextsApplication) return {};
      if (format != 0 || application != 0) return fail(Errc::corrupt, "another format");
      GP_CHECK(database->run("BEGIN IMMEDIATE"));
      GP_CHECK(database->run(kTables));
      return database->run(
          fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT", kTextsApplication, kFormat)
              .c_str());
    }();
    if (ready) {
      database_ = std::move(database);
      return {};
    }
    if (ready.error().code != Errc::corrupt || again) return ready;
    database.reset();
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_.string() + suffix, ec);
  }
  return {};
}

AttachmentTexts::AttachmentTexts(std::filesystem::path path) : path_(std::move(path)) {}
AttachmentTexts::~AttachmentTexts() = default;

std::vector<std::string> AttachmentTexts::texts_of(const account::Body& body) const {
  const auto read = [&](Database& database) -> Result<std::vector<std::string>> {
    std::vector<std::string> out;
    Database::Statement rows(database,
                             "SELECT content.seal, content.text FROM part JOIN content ON content.id = part.content"
                             " WHERE part.body = ? AND content.state = 1 ORDER BY part.number");
    rows.blob(key_of(body));
    std::size_t octets = 0;
    while (true) {
      GP_TRY(const bool there, rows.step());
      if (!there || octets > kMaxAttachmentText) return out;
      out.emplace_back(rows.blob_at(1));
      octets += out.back().size();
      if (crc32c(out.back()) != static_cast<std::uint32_t>(rows.number_at(0)))
        return fail(Errc::corrupt, "texts of attachments: a text has changed");
    }
  };
  return with(read).value_or(std::vector<std::string>());
}

Result<std::optional<AttachmentTexts::Content>> AttachmentTexts::of_part(const account::Body& body,
                                                                         std::uint32_t part) {
  return with([&](Database& database) {
    Database::Statement row(database,
                            "SELECT state, version, seal, text FROM part JOIN content ON content.id = part.content"
                            " WHERE body = ? AND number = ?");
    return Database::content(row.blob(key_of(body)).number(part));
  });
}

Result<std::optional<AttachmentTexts::Content>> AttachmentTexts::of_octets(const Sha256Value& octets) {
  return with([&](Database& database) {
    Database::Statement row(database, "SELECT state, version, seal, text FROM content WHERE octets = ?");
    return Database::content(row.blob(view(octets)));
  });
}

Result<> AttachmentTexts::put(const account::Body& body, std::uint32_t part, const Sha256Value& octets,
                              const Content& content) {
  return with([&](Database& database) -> Result<> {
    const auto write = [&]() -> Result<> {
      Database::Statement insert(
          database,
          "INSERT INTO content (octets, state, version, seal, text) VALUES (?, ?, ?, ?, ?) ON CONFLICT (octets) DO"
          " UPDATE SET state = excluded.state, version = excluded.version, seal = excluded.seal, text = excluded.text");
      insert.blob(view(octets)).number(content.failed ? kFailed : content.text.empty() ? kNothing : kText);
      GP_CHECK(insert.number(content.version).number(crc32c(content.text)).blob(content.text).step());
      Database::Statement refer(database,
                                "INSERT OR REPLACE INTO part (body, number, content)"
                                " SELECT ?, ?, id FROM content WHERE octets = ?");
      GP_CHECK(refer.blob(key_of(body)).number(part).blob(view(octets)).step());
      return {};
    };
    GP_CHECK(database.run("BEGIN IMMEDIATE"));
    Result<> done = write();
    if (done) done = database.run("COMMIT");
    if (!done) (void)database.run("ROLLBACK");
    return done;
  });
}

Result<std::uint64_t> AttachmentTexts::sweep(store::Store& store, std::stop_token stop) {
  std::uint64_t gone = 0;
  std::string after;
  while (!stop.stop_requested()) {
    // Not all under one lock: searches go on.
    std::vector<std::string> bodies;
    GP_CHECK(with([&](Database& database) -> Result<> {
      Database::Statement rows(database, "SELECT DISTINCT body FROM part WHERE body > ? ORDER BY body LIMIT ?");
      rows.blob(after).number(kBodiesAtOnce);
      while (true) {
        GP_TRY(const bool there, rows.step());
        if (!there) return {};
        bodies.emplace_back(rows.blob_at(0));
      }
    }));
    if (bodies.empty()) break;
    after = bodies.back();
    for (const std::string& key : bodies) {
      const auto body = body_of(key);
      bool there = false;
      if (body) {
        GP_TRY(there, store.bodies().exists({.sha256 = body->sha256, .size = body->size}));
      }
      if (there) continue;
      ++gone;
      GP_CHECK(with([&](Database& database) -> Result<> {
        Database::Statement drop(database, "DELETE FROM part WHERE body = ?");
        GP_CHECK(drop.blob(key).step());
        return {};
      }));
    }
  }
  if (gone == 0) return gone;
  GP_CHECK(with([&](Database& database) {
    return database.run("DELETE FROM content WHERE id NOT IN (SELECT content FROM part)");
  }));
  return gone;
}

Result<AttachmentTexts::Totals> AttachmentTexts::totals() {
  return with([&](Database& database) -> Result<Totals> {
    Database::Statement row(database, "SELECT count(*), sum(state = 3), sum(length(text)) FROM content");
    GP_CHECK(row.step());
    return Totals{static_cast<std::uint64_t>(row.number_at(0)), static_cast<std::uint64_t>(row.number_at(1)),
                  static_cast<std::uint64_t>(row.number_at(2))};
  });
}

}  // namespace gatepost::search
