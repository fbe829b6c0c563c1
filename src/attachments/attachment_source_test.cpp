#include "attachments/attachment_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <thread>

#include "base/base64.hpp"
#include "converter/protocol/message.hpp"
#include "search/indexes.hpp"
#include "store/memory_store.hpp"

namespace gatepost::attachments {
namespace {

namespace fs = std::filesystem;
using converter::Answer;
using converter::FrameReader;
using converter::Outcome;
using testing::ElementsAre;

constexpr account::AccountId kAnna{2'000};

// Turns attachments into their own octets in capitals; dies of "die", and cannot read "broken".
class Converter {
 public:
  explicit Converter(fs::path path, std::uint32_t version = 1) : path_(std::move(path)), version_(version) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::strncpy(at.sun_path, path_.c_str(), sizeof at.sun_path - 1);
    listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ::unlink(path_.c_str());
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    thread_ = std::jthread([this] { run(); });
  }
  ~Converter() {
    ending_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    const int client = client_;
    if (client >= 0) ::shutdown(client, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    ::unlink(path_.c_str());
  }
  std::atomic<int> asked{0};

 private:
  void run() {
    while (!ending_) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      client_ = fd;
      say(converter::write(
          converter::Greeting{version_, {{"application/x-loud", ".loud"}, {"application/x-too", ""}}}));
      serve();
      client_ = -1;
      ::close(fd);
    }
  }
  void say(const std::string& octets) { (void)::send(client_, octets.data(), octets.size(), MSG_NOSIGNAL); }
  void serve() {
    FrameReader frames(converter::kMaxRequestFrame);
    std::string octets;
    std::array<char, 4096> buffer;
    while (true) {
      const ssize_t got = ::recv(client_, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      frames.feed({buffer.data(), static_cast<std::size_t>(got)});
      std::string_view frame;
      while (frames.next(frame) == FrameReader::Found::frame) {
        const auto data = converter::parse_data(frame);
        if (!data) continue;
        octets += *data;
        if (!data->empty()) continue;
        ++asked;
        if (octets == "die") return;
        for (char& c : octets) c = static_cast<char>(::toupper(c));
        const Answer answer = octets == "BROKEN" ? Answer{.outcome = Outcome::failed, .reason = "broken"}
                                                 : Answer{.outcome = Outcome::text, .text = octets};
        say(converter::write(answer));
        octets.clear();
      }
    }
  }
  const fs::path path_;
  const std::uint32_t version_;
  std::atomic<bool> ending_{false};
  std::atomic<int> client_{-1};
  int listener_ = -1;
  std::jthread thread_;
};

class AttachmentSources : public testing::Test {
 protected:
  AttachmentSources() {
    std::string name = (fs::temp_directory_path() / "gatepost-attachments-XXXXXX").string();
    directory = ::mkdtemp(name.data());
    texts = std::make_unique<search::AttachmentTexts>(directory / "texts.sqlite");
    source = std::make_unique<AttachmentSource>(Options{.socket = directory / "socket", .max_octets = 1000}, *texts,
                                                log, metrics);
    indexes = std::make_unique<search::Indexes>(search::Options{.directory = directory / "search"}, *store, *accounts,
                                                *source, random, clock, log, metrics);
  }
  ~AttachmentSources() override {
    indexes.reset();
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  }
  account::Body deliver(std::string_view attachment, std::string_view type = "application/x-loud",
                        std::string_view name = "a.loud") {
    static int number = 0;
    std::string text =
        "Subject: " + std::to_string(++number) +
        "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n"
        "Content-Type: ";
    text.append(type).append("\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=");
    text.append(name).append("\r\n\r\n").append(base64::encode(attachment)).append("\r\n--b--\r\n");
    return deliver_whole(text);
  }
  account::Body deliver_whole(const std::string& text) {
    auto writer = *accounts->new_body(text.size());
    EXPECT_TRUE(writer->append(text));
    account::NewItem item;
    item.body = *writer->finish();
    item.received = clock.now();
    const auto anna = *accounts->open(kAnna);
    EXPECT_TRUE(anna->append(anna->find_folder("INBOX")->id, std::span(&item, 1)));
    return item.body;
  }
  Errc catch_up() {
    const auto done = indexes->catch_up(kAnna);
    return done ? Errc{} : done.error().code;
  }
  bool said(std::string_view event) {
    return std::ranges::any_of(sink.lines(), [&](const std::string& l) { return l.find(event) != std::string::npos; });
  }

  ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  MemorySink sink;
  Log log{sink, clock};
  std::unique_ptr<store::Store> store = store::open_memory({.engine = "memory"}, clock);
  std::unique_ptr<account::Accounts> accounts = account::Accounts::create(
      *store, {.keep_removed = std::chrono::hours(0)}, [](account::AccountId) { return 0; }, clock, random, log,
      metrics);
  fs::path directory;
  std::unique_ptr<search::AttachmentTexts> texts;
  std::unique_ptr<AttachmentSource> source;
  std::unique_ptr<search::Indexes> indexes;
};

TEST_F(AttachmentSources, EachContentIsConvertedOnce) {
  Converter converter(directory / "socket");
  const auto first = deliver("one text"), again = deliver("one text", "application/octet-stream"),
             other = deliver("two");
  deliver("no", "application/x-other", "a.other");
  deliver("no", "image/png", "a.loud");
  deliver("two", "application/x-too");  // read as something else
  EXPECT_EQ(catch_up(), Errc{});
  EXPECT_EQ(converter.asked, 3);
  EXPECT_THAT(texts->texts_of(first), ElementsAre("ONE TEXT"));
  EXPECT_THAT(texts->texts_of(again), ElementsAre("ONE TEXT"));
  EXPECT_THAT(texts->texts_of(other), ElementsAre("TWO"));
  indexes->rebuild(kAnna);
  EXPECT_EQ(catch_up(), Errc{});
  EXPECT_EQ(converter.asked, 3);
}

TEST_F(AttachmentSources, WhatCannotBeReadIsTriedAgainByAnotherVersion) {
  const auto broken = deliver("broken"), large = deliver(std::string(1001, 'x')), good = deliver("good");
  {
    Converter converter(directory / "socket");
    EXPECT_EQ(catch_up(), Errc{});
    EXPECT_EQ(converter.asked, 2);
    indexes->rebuild(kAnna);
    EXPECT_EQ(catch_up(), Errc{});
    EXPECT_EQ(converter.asked, 2);
  }
  EXPECT_TRUE(said("attachments.unreadable"));
  EXPECT_TRUE(texts->texts_of(broken).empty());
  EXPECT_TRUE(texts->texts_of(large).empty());
  EXPECT_THAT(texts->texts_of(good), ElementsAre("GOOD"));
  Converter converter(directory / "socket", 2);
  deliver("new");
  EXPECT_EQ(catch_up(), Errc{});
  EXPECT_EQ(converter.asked, 2);  // the broken one and the new one
}

TEST_F(AttachmentSources, AnAgentThatIsNotThereIsWaitedFor) {
  const auto first = deliver("first");
  EXPECT_EQ(catch_up(), Errc::closed);
  EXPECT_EQ(catch_up(), Errc::closed);
  EXPECT_TRUE(said("attachments.converter_away"));
  {
    Converter converter(directory / "socket");
    EXPECT_EQ(catch_up(), Errc{});
    EXPECT_TRUE(said("attachments.converter_back"));
  }
  EXPECT_THAT(texts->texts_of(first), ElementsAre("FIRST"));
  Converter converter(directory / "socket");
  const auto second = deliver("second");
  EXPECT_EQ(catch_up(), Errc{});  // by another connection
  EXPECT_THAT(texts->texts_of(second), ElementsAre("SECOND"));
}

TEST_F(AttachmentSources, WhatKillsTheAgentIsLeft) {
  Converter converter(directory / "socket");
  const auto before = deliver("before");
  deliver("die");
  const auto after = deliver("after");
  EXPECT_EQ(catch_up(), Errc::closed);
  EXPECT_EQ(catch_up(), Errc::closed);
  EXPECT_EQ(catch_up(), Errc{});
  EXPECT_THAT(texts->texts_of(before), ElementsAre("BEFORE"));
  EXPECT_THAT(texts->texts_of(after), ElementsAre("AFTER"));
  EXPECT_EQ(converter.asked, 4);
}

TEST_F(AttachmentSources, OfManyAttachmentsSomeAreRead) {
  Converter converter(directory / "socket");
  std::string text = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 150; ++i) text += "--b\r\nContent-Type: application/x-loud\r\n\r\nn" + std::to_string(i) + "\r\n";
  text += "--b--\r\n";
  const account::Body body = deliver_whole(text);
  EXPECT_EQ(catch_up(), Errc{});
  EXPECT_EQ(converter.asked, 100);
  EXPECT_EQ(texts->texts_of(body).size(), 100U);
}

TEST_F(AttachmentSources, StopsAtOnce) {
  source->stop();
  deliver("late");
  EXPECT_EQ(catch_up(), Errc::closed);
  EXPECT_FALSE(said("attachments.converter_away"));
}

}  // namespace
}  // namespace gatepost::attachments
