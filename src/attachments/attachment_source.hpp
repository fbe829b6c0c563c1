#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "search/attachment_texts.hpp"
#include "search/text_source.hpp"

namespace gatepost::converter {
class Client;
struct Greeting;
struct Request;
}  // namespace gatepost::converter

namespace gatepost::attachments {

struct Options {
  std::filesystem::path socket;                                  // of the process that converts
  std::uint64_t max_octets = 32 << 20;                           // of an attachment, decoded; larger ones are left
  std::chrono::milliseconds patience{std::chrono::seconds(90)};  // for one
};

// The text of attachments for indexes (search::Indexes): from what was converted before, or by the process that does
// it, once for each content. What cannot be converted is remembered as that. Thread-safe; all it is given outlives it.
class AttachmentSource final : public search::TextSource {
 public:
  AttachmentSource(Options options, search::AttachmentTexts& texts, Log& log, Metrics& metrics);
  ~AttachmentSource() override;

  Result<std::uint64_t> version() override;
  Result<> read(account::Account& owner, const account::Item& item, search::SegmentBuilder& into) override;
  void stop();  // what waits for the process ends soon, and nothing is asked any more

 private:
  struct Attachment;  // of one message
  class Asking;       // one client, for as long as it is needed
  Result<converter::Greeting> greeting(converter::Client& client);
  Result<std::optional<std::string>> text_of(Attachment& attachment, converter::Client& client, std::uint32_t version);
  Result<search::AttachmentTexts::Content> convert(Attachment& attachment, converter::Client& client,
                                                   std::uint32_t version);

  const Options options_;
  search::AttachmentTexts& texts_;
  Log& log_;
  Metrics& metrics_;
  Histogram& seconds_;

  std::mutex mutex_;  // guards what follows
  bool stopped_ = false, away_ = false, known_ = false;
  std::vector<std::unique_ptr<converter::Client>> clients_;  // all
  std::vector<converter::Client*> idle_;
  std::map<Sha256Value, int> suspects_;  // during which it went away
};

}  // namespace gatepost::attachments
