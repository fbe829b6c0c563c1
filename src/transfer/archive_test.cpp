#include "transfer/archive.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <map>

#include "mime/summary.hpp"
#include "store/memory_store.hpp"

namespace gatepost::transfer {
namespace {

using testing::HasSubstr;
using testing::Key;
using testing::UnorderedElementsAre;

std::uint64_t number(std::string_view zip, std::size_t at, int octets) {
  std::uint64_t out = 0;
  for (int i = octets - 1; i >= 0; --i)
    out = (out << 8) | static_cast<unsigned char>(zip.at(at + static_cast<std::size_t>(i)));
  return out;
}

std::string inflated(std::string_view packed, std::size_t octets) {
  std::string out(octets, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -MAX_WBITS), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.total_out, octets);
  inflateEnd(&stream);
  return out;
}

// Files by name, found as programs find them: from the end.
std::map<std::string, std::string> unpacked(std::string_view zip) {
  std::map<std::string, std::string> out;
  const std::size_t end = zip.size() - 22;
  EXPECT_EQ(number(zip, end, 4), 0x06054b50U);
  std::size_t at = number(zip, end + 16, 4);
  for (std::uint64_t n = number(zip, end + 10, 2); n > 0; --n) {
    EXPECT_EQ(number(zip, at, 4), 0x02014b50U);
    const std::uint64_t crc = number(zip, at + 16, 4), packed = number(zip, at + 20, 4),
                        octets = number(zip, at + 24, 4);
    const std::size_t name = number(zip, at + 28, 2), extra = number(zip, at + 30, 2), local = number(zip, at + 42, 4);
    const std::string file(zip.substr(at + 46, name));
    EXPECT_EQ(number(zip, local, 4), 0x04034b50U);
    EXPECT_EQ(zip.substr(local + 30, name), file);
    const std::size_t begin = local + 30 + name + number(zip, local + 28, 2);
    out[file] = inflated(zip.substr(begin, packed), octets);
    EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(out[file].data()), static_cast<uInt>(octets)), crc);
    // Behind it, what could not be said before it.
    EXPECT_EQ(number(zip, begin + packed, 4), 0x08074b50U);
    EXPECT_EQ(number(zip, begin + packed + 4, 4), crc);
    at += 46 + name + extra;
  }
  EXPECT_EQ(at, end);
  return out;
}

class TransferArchive : public testing::Test {
 protected:
  void add(std::string_view folder, std::string_view text, std::uint8_t flags = 0) {
    const auto to = account->find_folder(folder);
    ASSERT_TRUE(to) << folder;
    auto writer = *account->new_body(text.size());
    ASSERT_TRUE(writer->append(text));
    account::NewItem item;
    item.body = *writer->finish();
    item.summary = mime::encode(mime::scan(text));
    item.system_flags = flags;
    item.received = clock.now();
    ASSERT_TRUE(account->append(to->id, std::span(&item, 1)));
  }
  std::string archive(std::vector<Archive::File> first = {}) {
    Archive archive(*account, std::move(first), clock.now());
    std::string out, piece;
    for (bool more = true; more;) {
      piece.clear();
      const auto next = archive.next(piece);
      EXPECT_TRUE(next) << next.error().detail;
      if (!next) break;
      more = *next;
      EXPECT_LT(piece.size(), 4 * kPieceOctets);  // whatever the account holds
      out += piece;
    }
    return out;
  }
  ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  std::unique_ptr<store::Store> store = store::open_memory({.engine = "memory"}, clock);
  std::unique_ptr<account::Accounts> accounts =
      account::Accounts::create(*store, {}, [](account::AccountId) { return 0; }, clock, random, null_log(), metrics);
  std::shared_ptr<account::Account> account = *accounts->open(account::AccountId{2000});
};

TEST_F(TransferArchive, HasAFileForEachFolder) {
  ASSERT_TRUE(account->create_folder("Projects/2026: done?"));
  add("INBOX", "Subject: one\r\n\r\nFrom here on\r\n", account::flag::kSeen | account::flag::kFlagged);
  add("INBOX", "Subject: two\r\n\r\nx\r\n");
  add("Projects/2026: done?", "Subject: three\r\n\r\ny\r\n");
  const auto files = unpacked(archive({{"settings.json", "{}"}, {"filters/a.sieve", "keep;"}}));
  EXPECT_THAT(files, UnorderedElementsAre(Key("settings.json"), Key("filters/a.sieve"), Key("mail/INBOX.mbox"),
                                          Key("mail/Projects/2026_ done_.mbox")));
  EXPECT_EQ(files.at("filters/a.sieve"), "keep;");
  const std::string& inbox = files.at("mail/INBOX.mbox");
  EXPECT_THAT(inbox, HasSubstr("Status: RO\nX-Status: F\nSubject: one\n\n>From here on\n\n"));
  EXPECT_THAT(inbox, HasSubstr("Subject: two\n\nx\n\n"));
  EXPECT_EQ(inbox.substr(0, 5), "From ");
}

TEST_F(TransferArchive, IsOneOfNothingToo) { EXPECT_TRUE(unpacked(archive()).empty()); }

TEST_F(TransferArchive, TakesLongMessagesAndNamesThatFilesCannotHave) {
  std::string text = "Subject: long\r\n\r\n";
  while (text.size() < 3'000'000) text += random.hex(8) + "\r\n";
  ASSERT_TRUE(account->create_folder("a*"));
  ASSERT_TRUE(account->create_folder("A?"));
  ASSERT_TRUE(account->create_folder("..\\x"));
  add("a*", text);
  add("A?", "Subject: other\r\n\r\n");
  add("..\\x", "Subject: up\r\n\r\n");
  const auto files = unpacked(archive());
  EXPECT_THAT(files, UnorderedElementsAre(Key("mail/A_.mbox"), Key("mail/a_ (2).mbox"), Key("mail/%2E._x.mbox")));
  EXPECT_GT(files.at("mail/a_ (2).mbox").size(), 2'500'000U);
}

TEST_F(TransferArchive, WritesLengthsBeyondFourGigabytes) {
  ZipWriter zip;
  std::string out;
  zip.begin("large", clock.now(), true, out);
  zip.write("content", out);
  zip.end(out);
  // Its lengths stand behind it in 8 octets each.
  EXPECT_EQ(number(out, out.size() - 24, 4), 0x08074b50U);
  EXPECT_EQ(number(out, out.size() - 8, 8), 7U);
  zip.finish(out);
  EXPECT_EQ(unpacked(out).at("large"), "content");
}

}  // namespace
}  // namespace gatepost::transfer
