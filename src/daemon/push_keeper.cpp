#include "daemon/push_keeper.hpp"

#include <mutex>

#include "base/bytes.hpp"
#include "certificates/key.hpp"
#include "jmap/events.hpp"
#include "push/encryption.hpp"
#include "push/vapid.hpp"
#include "store/key_value.hpp"
#include "store/keys.hpp"

// Rows of the server's partition (docs/formats/keys.md).
namespace gatepost::daemon {
namespace {

constexpr char kSubscriber = 'p', kKey = 'v';
constexpr std::chrono::seconds kPushReadTime{60};
constexpr std::size_t kPushRowsAtOnce = 256;
constexpr int kPushTries = 20;
// What a client makes of nothing in particular: it looks at everything.
constexpr std::string_view kSomething = R"({"@type":"StateChange","changed":{}})";

std::string subscriber_key(directory::PrincipalId user) {
  std::string key(1, kSubscriber);
  put_u64(key, static_cast<std::uint64_t>(user));
  return key;
}

class PushKeeper final : public jmap::PushGateway {
 public:
  PushKeeper(PushParts parts, certificates::Key key, std::string public_key)
      : parts_(std::move(parts)), key_(std::move(key)), public_key_(std::move(public_key)), sender_(parts_.sender) {}

  bool is_good(std::string_view url, std::string_view p256dh, std::string_view auth) const override {
    if (push::origin_of(url).empty()) return false;
    return (p256dh.empty() && auth.empty()) || push::read_keys(p256dh, auth).has_value();
  }

  jmap::Pushed send(const jmap::PushMessage& message, std::stop_token stop) override {
    auto answer = try_to_send(message, std::move(stop));
    if (!answer) {
      // What may not be connected to now may not be later.
      const bool denied = answer.error().code == Errc::denied || answer.error().code == Errc::invalid;
      tell(message, 0, answer.error().detail);
      return denied ? jmap::Pushed::gone : jmap::Pushed::later;
    }
    if (answer->status >= 200 && answer->status < 300) return jmap::Pushed::taken;
    tell(message, answer->status, "");
    // RFC 8030 7.3.
    return answer->status == 404 || answer->status == 410 ? jmap::Pushed::gone : jmap::Pushed::later;
  }

  std::string application_key() const override { return public_key_; }

  Result<std::vector<directory::PrincipalId>> subscribers() override {
    std::vector<directory::PrincipalId> out;
    GP_TRY(auto snapshot, parts_.keys.snapshot(store::kServerPartition, kPushReadTime));
    const std::string begin(1, kSubscriber);
    GP_CHECK(snapshot->scan(begin, store::prefix_end(begin), false, kPushRowsAtOnce, [&](store::Entry row) {
      out.push_back(directory::PrincipalId{ByteReader(row.key.substr(1)).u64()});
      return true;
    }));
    return out;
  }

  Result<> note_subscriber(directory::PrincipalId user, bool has_some) override {
    std::string value;
    put_u8(value, store::kRecordFormat);
    return write(parts_.keys, subscriber_key(user), has_some ? std::optional(value) : std::nullopt);
  }

  // Nothing is written when it is so already.
  static Result<> write(store::KeyValue& keys, const std::string& key, const std::optional<std::string>& value) {
    for (int attempt = 1;; ++attempt) {
      GP_TRY(auto snapshot, keys.snapshot(store::kServerPartition, kPushReadTime));
      GP_TRY(const auto before, snapshot->get(key));
      if (before == value) return {};
      store::Batch batch;
      batch.writes.push_back({key, value});
      const auto done = keys.commit(store::kServerPartition, snapshot->version(), batch);
      if (done) return {};
      if (done.error().code != Errc::conflict || attempt == kPushTries) return std::unexpected(done.error());
    }
  }

 private:
  Result<push::Answer> try_to_send(const jmap::PushMessage& message, std::stop_token stop) {
    push::Message out{.url = message.url, .content = message.content, .encrypted = false, .authorization = {}};
    if (!message.p256dh.empty()) {
      GP_TRY(const push::SubscriberKeys keys, push::read_keys(message.p256dh, message.auth));
      const bool fits = message.content.size() <= push::kMaxPlainOctets;
      GP_TRY(out.content, push::encrypt(keys, fits ? std::string_view(message.content) : kSomething, parts_.random));
      out.encrypted = true;
    }
    GP_TRY(out.authorization, push::authorization(key_, message.url, parts_.contact, parts_.clock.now()));
    return sender_.send(out, std::move(stop));
  }

  void tell(const jmap::PushMessage& message, int status, std::string_view detail) {
    parts_.log.write(jmap::event::kPushRefused,
                     {{"service", push::origin_of(message.url)}, {"status", status}, {"detail", detail}});
  }

  PushParts parts_;
  const certificates::Key key_;
  const std::string public_key_;
  const push::Sender sender_;
};

}  // namespace

Result<std::unique_ptr<jmap::PushGateway>> open_push_gateway(PushParts parts) {
  const std::string name(1, kKey);
  GP_TRY(auto snapshot, parts.keys.snapshot(store::kServerPartition, kPushReadTime));
  GP_TRY(auto kept, snapshot->get(name));
  snapshot.reset();
  if (!kept) {
    GP_TRY(const certificates::Key made, certificates::Key::make(certificates::KeyKind::p256));
    std::string value;
    put_u8(value, store::kRecordFormat);
    value += made.to_pem().reveal();
    GP_CHECK(PushKeeper::write(parts.keys, name, value));
    kept = std::move(value);
  }
  if (kept->empty() || kept->front() != static_cast<char>(store::kRecordFormat)) {
    return fail(Errc::unsupported, "the key of push messages is of a later format");
  }
  GP_TRY(certificates::Key key, certificates::Key::from_pem(std::string_view(*kept).substr(1)));
  GP_TRY(std::string public_key, push::public_key_of(key));
  return std::make_unique<PushKeeper>(std::move(parts), std::move(key), std::move(public_key));
}

}  // namespace gatepost::daemon
