#include "attachments/attachment_source.hpp"

#include <chrono>
#include <functional>
#include <utility>

#include "attachments/events.hpp"
#include "base/ascii.hpp"
#include "converter/protocol/client.hpp"
#include "mime/fold.hpp"
#include "mime/parameters.hpp"
#include "mime/transfer.hpp"
#include "reading/message_reader.hpp"
#include "reading/text_part.hpp"
#include "search/attachment_limits.hpp"
#include "search/builder.hpp"
#include "search/terms.hpp"

namespace gatepost::attachments {
namespace {

using Content = search::AttachmentTexts::Content;
using converter::Answer;
using converter::Client;
using converter::Outcome;

// The process went away while it had the same content so often: it is that.
constexpr int kMostDeaths = 2;
constexpr std::size_t kMostSuspects = 1'000;

std::string name_of(const mime::Structure& structure, const mime::Part& part) {
  if (auto name = mime::decode_parameter(structure.parameters_of(part.disposition_parameters), "filename"))
    return *std::move(name);
  return mime::decode_parameter(structure.parameters_of(part.parameters), "name").value_or("");
}

// What the message lost is nobody's failure here: the message itself is told by its own index.
bool is_lost(const Error& error) { return error.code == Errc::not_found || error.code == Errc::corrupt; }

}  // namespace

struct AttachmentSource::Attachment {
  account::AccountId account{};
  std::uint64_t thread = 0;
  account::Body body;
  std::uint32_t number = 0;
  const mime::Part& part;
  converter::Request request;
  reading::MessageReader& reader;
  std::string kind = {};  // as which it is read: the same octets as another one may have another text

  // Its octets without transfer encoding, piece by piece.
  Result<> each(const std::function<Result<bool>(std::string_view)>& take) const {
    reading::SectionReader octets(reader, {part.body_begin, part.body_end},
                                  mime::TransferDecoder(mime::transfer_encoding(part.encoding)));
    std::string piece;
    for (bool more = true; more;) {
      piece.clear();
      GP_TRY(more, octets.next(piece));
      GP_TRY(const bool goes_on, take(piece));
      if (!goes_on) return {};
    }
    return {};
  }
};

class AttachmentSource::Asking {
 public:
  explicit Asking(AttachmentSource& source) : source_(source) {
    const std::scoped_lock lock(source.mutex_);
    if (source.idle_.empty()) {
      source.clients_.push_back(std::make_unique<Client>(source.options_.socket, source.options_.patience));
      source.idle_.push_back(source.clients_.back().get());
      if (source.stopped_) source.idle_.back()->stop();
    }
    client_ = source.idle_.back();
    source.idle_.pop_back();
  }
  ~Asking() {
    const std::scoped_lock lock(source_.mutex_);
    source_.idle_.push_back(client_);
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  Client& client() { return *client_; }

 private:
  AttachmentSource& source_;
  Client* client_;
};

AttachmentSource::AttachmentSource(Options options, search::AttachmentTexts& texts, Log& log, Metrics& metrics)
    : options_(std::move(options)),
      texts_(texts),
      log_(log),
      metrics_(metrics),
      seconds_(
          metrics.histogram("gatepost_attachments_seconds", "", "Time that turning an attachment into text took.")) {}

AttachmentSource::~AttachmentSource() = default;

void AttachmentSource::stop() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  for (const auto& client : clients_) client->stop();
}

Result<converter::Greeting> AttachmentSource::greeting(Client& client) {
  auto hello = client.hello();
  const std::scoped_lock lock(mutex_);
  if (!hello) {
    if (!std::exchange(away_, true) && !stopped_) log_.write(event::kAway, {{"detail", hello.error().detail}});
    return fail(Errc::closed, hello.error().detail);
  }
  if (std::exchange(away_, false) || !std::exchange(known_, true))
    log_.write(event::kBack, {{"kinds", hello->kinds.size()}});
  return hello;
}

Result<std::uint64_t> AttachmentSource::version() {
  Asking asking(*this);
  GP_TRY(const converter::Greeting hello, greeting(asking.client()));
  return hello.version;
}

Result<> AttachmentSource::read(account::Account& owner, const account::Item& item, search::SegmentBuilder& into) {
  reading::MessageReader reader(owner);
  reader.open(item.body);
  GP_TRY(const mime::Structure structure, reading::structure_of(reader, item.summary));
  std::optional<Asking> asking;
  converter::Greeting hello;
  std::vector<std::string> texts;
  std::size_t asked = 0, octets = 0;
  const auto until = std::chrono::steady_clock::now() + search::kMaxAttachmentTime;
  for (std::uint32_t i = 0; i < structure.parts.size(); ++i) {
    const mime::Part& part = structure.parts[i];
    if (!reading::may_hold_text(part) || part.body_octets() == 0) continue;
    if (!asking) {
      asking.emplace(*this);
      GP_TRY(hello, greeting(asking->client()));
    }
    Attachment attachment{
        .account = owner.id(),
        .thread = static_cast<std::uint64_t>(item.thread),
        .body = item.body,
        .number = i,
        .part = part,
        .request = {ascii::to_lower(part.type) + '/' + ascii::to_lower(part.subtype), name_of(structure, part)},
        .reader = reader};
    const auto kind = converter::match(hello.kinds, attachment.request.type, attachment.request.name);
    if (!kind) continue;
    if (++asked > search::kMaxAttachments || octets > search::kMaxAttachmentText ||
        std::chrono::steady_clock::now() > until) {
      break;
    }
    attachment.kind = hello.kinds[*kind].type + ',' + hello.kinds[*kind].suffix;
    auto text = text_of(attachment, asking->client(), hello.version);
    if (!text) {
      if (is_lost(text.error())) continue;
      return std::unexpected(text.error());
    }
    if (!*text) continue;
    octets += (*text)->size();
    texts.push_back(**std::move(text));
  }
  for (const std::string& text : texts) {
    if (!into.text(mime::fold(text), search::field::kBody)) break;
    into.end_text();
  }
  return {};
}

// nullopt: it has none, or none that could be read.
Result<std::optional<std::string>> AttachmentSource::text_of(Attachment& attachment, Client& client,
                                                             std::uint32_t version) {
  const auto usable = [&](const std::optional<Content>& content) {
    return content && (!content->failed || content->version == version);
  };
  const auto as_text = [](std::optional<Content> content) -> std::optional<std::string> {
    if (content->failed || content->text.empty()) return std::nullopt;
    return std::move(content->text);
  };
  GP_TRY(auto known, texts_.of_part(attachment.body, attachment.number));
  if (usable(known)) return as_text(std::move(known));

  Sha256 hash;
  hash.update(attachment.kind + '\n');
  std::uint64_t octets = 0;
  GP_CHECK(attachment.each([&](std::string_view piece) -> Result<bool> {
    hash.update(piece);
    octets += piece.size();
    return octets <= options_.max_octets;
  }));
  // Of one that is too large the name is but the beginning's; it is not asked for under another limit.
  if (octets > options_.max_octets) hash.update("too large");
  const Sha256Value content_id = hash.finish();
  GP_TRY(known, texts_.of_octets(content_id));
  if (!usable(known)) {
    if (octets > options_.max_octets) {
      known = Content{.failed = true, .version = version};
    } else {
      int deaths = 0;
      {
        const std::scoped_lock lock(mutex_);
        if (const auto suspect = suspects_.find(content_id); suspect != suspects_.end()) deaths = suspect->second;
      }
      auto converted = deaths < kMostDeaths ? convert(attachment, client, version)
                                            : Result<Content>(Content{.failed = true, .version = version});
      if (!converted && converted.error().code == Errc::unavailable) {
        const std::scoped_lock lock(mutex_);
        if (suspects_.size() >= kMostSuspects) suspects_.clear();
        ++suspects_[content_id];
        return fail(Errc::closed, converted.error().detail);
      }
      if (!converted) return std::unexpected(converted.error());
      known = *std::move(converted);
    }
  }
  GP_CHECK(texts_.put(attachment.body, attachment.number, content_id, *known));
  return as_text(std::move(known));
}

Result<Content> AttachmentSource::convert(Attachment& attachment, Client& client, std::uint32_t version) {
  const auto begun = std::chrono::steady_clock::now();
  reading::SectionReader octets(attachment.reader, {attachment.part.body_begin, attachment.part.body_end},
                                mime::TransferDecoder(mime::transfer_encoding(attachment.part.encoding)));
  Result<> reading;
  auto answer = client.convert(attachment.request, [&](std::string& piece) -> Result<bool> {
    auto more = octets.next(piece);
    if (!more) reading = std::unexpected(more.error());
    return more;
  });
  if (!reading) return std::unexpected(reading.error());
  if (!answer) {
    if (answer.error().code != Errc::timed_out) return std::unexpected(answer.error());
    answer = Answer{.outcome = Outcome::timed_out, .reason = "no answer"};
  }
  seconds_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  metrics_
      .counter("gatepost_attachments_converted_total",
               std::string("outcome=\"").append(to_string(answer->outcome)).append("\""),
               "Attachments that were to be turned into text, by what came of it.")
      .add();
  Content out{.version = version, .text = std::move(answer->text)};
  out.failed = answer->outcome != Outcome::text && answer->outcome != Outcome::nothing;
  if (out.failed) {
    log_.write(event::kUnreadable, {{"account", static_cast<std::uint64_t>(attachment.account)},
                                    {"thread", attachment.thread},
                                    {"part", attachment.number},
                                    {"type", attachment.request.type},
                                    {"outcome", to_string(answer->outcome)},
                                    {"reason", answer->reason}});
  }
  return out;
}

}  // namespace gatepost::attachments
