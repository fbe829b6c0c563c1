#include <cstddef>
#include <cstdint>
#include <string>

#include "account/records.hpp"
#include "account/seen_marks.hpp"

// A record from a broken disk is refused or read; what is read is written and read again the same way. The first octet
// says which kind it is.
namespace {

using namespace gatepost;
using namespace gatepost::account;

template <class Decode, class Encode>
void round(Decode decode, Encode encode, std::string_view value) {
  const auto read = decode(value);
  if (!read) {
    GP_ASSERT(read.error().code == Errc::corrupt || read.error().code == Errc::unsupported);
    return;
  }
  const std::string written = encode(*read);
  const auto again = decode(written);
  GP_ASSERT(again && encode(*again) == written);
}

template <class T>
void round(Result<T> (*decode)(std::string_view), std::string_view value) {
  round(decode, [](const T& record) { return records::encode(record); }, value);
}

void marks(std::uint32_t chunk, std::string_view value) {
  round([chunk](std::string_view v) { return SeenMarks::decode(chunk, v); },
        [](const SeenMarks& all) {
          GP_ASSERT(!all.empty() && all.count() <= all.touched().size());
          GP_ASSERT(all.seen_uids().minus(all.touched()).empty() && !all.touched().contains(0));
          return all.encode();
        },
        value);
}

void log(std::string_view value) {
  round(
      records::decode_log,
      [](const records::LogRecord& all) {
        std::string out;
        records::begin_log(out, all.seconds);
        for (const records::LogEntry& entry : all.entries) records::put(out, entry);
        return out;
      },
      value);
}

void uids(std::string_view value) {
  round(
      [](std::string_view v) -> Result<NumberSet> {
        NumberSet out;
        GP_CHECK(records::decode_uids(v, out));
        return out;
      },
      [](const NumberSet& all) { return records::encode_uids(all.ranges()); }, value);
}

void uid_set(std::uint32_t chunk, std::string_view value) {
  round(
      [chunk](std::string_view v) -> Result<NumberSet> {
        NumberSet out;
        GP_CHECK(records::decode_uid_set(chunk, v, out));
        return out;
      },
      [chunk](const NumberSet& all) {
        // None is written as no record.
        return records::encode_uid_set(all, chunk).value_or(std::string("\1\0", 2));
      },
      value);
}

// A folder's name and the UID of a row are in the key.
void folder(std::string_view value) {
  round([](std::string_view v) { return records::decode_folder(FolderId{7}, v); },
        [](const records::FolderRecord& record) { return records::encode(record); }, value);
}
void row(std::string_view value) {
  round([](std::string_view v) { return records::decode_row(9, v); },
        [](const Row& record) { return records::encode(record); }, value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view value(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 16) {
    case 0:
      marks(0, value);
      break;
    case 1:
      marks(4'000'000, value);
      break;
    case 2:
      round<records::OwnSeen>(records::decode_own_seen, value);
      break;
    case 3:
      round<records::SeenTotals>(records::decode_seen_totals, value);
      break;
    case 4:
      log(value);
      break;
    case 5:
      uids(value);
      break;
    case 6:
      uid_set(0, value);
      break;
    case 7:
      uid_set(3, value);
      break;
    case 8:
      folder(value);
      break;
    case 9:
      row(value);
      break;
    case 10:
      round<records::State>(records::decode_state, value);
      break;
    case 11:
      round<Grants>(records::decode_grants, value);
      break;
    case 12:
      round<records::ItemRecord>(records::decode_item, value);
      break;
    case 13:
      round<records::Removed>(records::decode_removed, value);
      break;
    case 14:
      round<records::Former>(records::decode_former, value);
      break;
    default:
      round<records::Place>(records::decode_place, value);
      break;
  }
  return 0;
}
