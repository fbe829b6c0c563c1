#include "jmap/submissions.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "jmap/ids.hpp"
#include "mailflow/queue.hpp"

namespace gatepost::jmap {
namespace {

// Who they belong to among the account's annotations: no principal, so that nobody is shown them as his own.
constexpr account::Reader kSubmissionReader = std::numeric_limits<account::Reader>::max() - 1;
constexpr std::string_view kHead = "/state", kPrefix = "/submission/";
constexpr std::size_t kSubmissionPieceOctets = 30'000;  // below what an annotation may have
constexpr std::size_t kMaxSubmissionPieces = 40, kMaxAnnotationsUsed = account::kMaxAnnotations - 10;
constexpr std::size_t kMaxGone = 300;

std::string piece_name(std::uint64_t number, std::size_t piece) {
  return fmt::format("{}{:016}/{:02}", kPrefix, number, piece);
}

std::uint64_t number_of(const json::object& submission) {
  return number_behind('S', std::string_view(submission.at("id").as_string())).value_or(0);
}

std::uint64_t unsigned_in(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr ? read_unsigned(*value).value_or(0) : 0;
}

bool is_pending(const json::object& submission) { return submission.at("undoStatus") == "pending"; }

class Writing {
 public:
  void put(const json::object& submission) {
    const std::string text = json::serialize(submission);
    for (std::size_t piece = 0; piece * kSubmissionPieceOctets < text.size(); ++piece) {
      set(piece_name(number_of(submission), piece),
          text.substr(piece * kSubmissionPieceOctets, kSubmissionPieceOctets));
    }
  }
  void erase(const json::object& submission) {
    const std::size_t octets = json::serialize(submission).size();
    for (std::size_t piece = 0; piece * kSubmissionPieceOctets < octets + kSubmissionPieceOctets; ++piece) {
      set(piece_name(number_of(submission), piece), std::nullopt);
    }
  }
  Result<> commit(account::Account& account, const Submissions::Kept& kept) {
    json::array gone;
    for (const auto& one : kept.gone) gone.push_back(json::array{one.number, one.state});
    set(std::string(kHead),
        json::serialize(json::object{
            {"state", kept.state}, {"next", kept.next}, {"goneSince", kept.gone_since}, {"gone", std::move(gone)}}));
    return account.set_annotations(account::kRoot, changes_, 0);
  }

 private:
  void set(std::string name, std::optional<std::string> value) {
    changes_.push_back({.reader = kSubmissionReader, .name = std::move(name), .value = std::move(value)});
  }
  std::vector<account::AnnotationChange> changes_;
};

void forget(Submissions::Kept& kept, std::vector<json::object>::iterator one, Writing& writing) {
  writing.erase(*one);
  kept.gone.push_back({number_of(*one), kept.state});
  kept.all.erase(one);
  if (kept.gone.size() <= kMaxGone) return;
  kept.gone_since = kept.gone.front().state;
  kept.gone.erase(kept.gone.begin());
}

std::vector<json::object>::iterator place_of(Submissions::Kept& kept, std::string_view id) {
  return std::ranges::find_if(kept.all, [&](const json::object& one) { return one.at("id").as_string() == id; });
}

}  // namespace

std::mutex& Submissions::mutex_of(const account::Account& account) {
  return mutexes_[static_cast<std::uint64_t>(account.id()) % mutexes_.size()];
}

Result<Submissions::Kept> Submissions::load(account::Account& account) {
  GP_TRY(const auto annotations, account.annotations(account::kRoot, kSubmissionReader));
  Kept kept;
  std::map<std::string, std::string> texts;  // pieces come in their order
  for (const account::Annotation& one : annotations) {
    if (one.name.starts_with(kPrefix)) {
      texts[one.name.substr(kPrefix.size(), one.name.rfind('/') - kPrefix.size())] += one.value;
      continue;
    }
    const auto head = one.name == kHead ? parse(one.value) : std::nullopt;
    if (!head || !head->is_object()) continue;
    kept.state = unsigned_in(head->get_object(), "state");
    kept.next = std::max<std::uint64_t>(unsigned_in(head->get_object(), "next"), 1);
    kept.gone_since = unsigned_in(head->get_object(), "goneSince");
    const auto* gone = head->get_object().if_contains("gone");
    for (const json::value& pair : gone != nullptr && gone->is_array() ? gone->get_array() : json::array()) {
      if (!pair.is_array() || pair.get_array().size() != 2) continue;
      kept.gone.push_back(
          {read_unsigned(pair.get_array()[0]).value_or(0), read_unsigned(pair.get_array()[1]).value_or(0)});
    }
  }
  for (const auto& [name, text] : texts) {
    auto one = parse(text);
    if (!one || !one->is_object()) return fail(Errc::corrupt, "submission " + name);
    kept.all.push_back(std::move(one->get_object()));
  }
  return kept;
}

// A submission ends by the clock, or by the queue's having begun; that is noted when somebody looks.
Result<> Submissions::settle(account::Account& account, Kept& kept) {
  Writing writing;
  bool any = false;
  for (json::object& one : kept.all) {
    if (!is_pending(one)) continue;
    const auto at = read_date(one.at("sendAt"));
    const bool over = !at || *at <= clock_.now();
    const auto id = mailflow::parse_queue_id(one.at(kQueueId).as_string());
    const auto entry = id ? queue_.get(*id) : Result<mailflow::QueueEntry>(fail(Errc::not_found, "none"));
    if (!entry && entry.error().code != Errc::not_found) return std::unexpected(entry.error());
    if (entry && !over && entry->attempts == 0) continue;
    // One that is gone before its time was taken back, and what was to note that did not come to it.
    one["undoStatus"] = !entry && !over ? "canceled" : "final";
    one[kChanged] = ++kept.state;
    writing.put(one);
    any = true;
  }
  return any ? writing.commit(account, kept) : Result<>();
}

Result<Submissions::Kept> Submissions::read(account::Account& account) {
  const std::scoped_lock lock(mutex_of(account));
  GP_TRY(Kept kept, load(account));
  GP_CHECK(settle(account, kept));
  return kept;
}

Result<std::string> Submissions::add(account::Account& account, json::object submission) {
  const std::scoped_lock lock(mutex_of(account));
  GP_TRY(Kept kept, load(account));
  GP_CHECK(settle(account, kept));
  std::string id = "S" + std::to_string(kept.next++);
  submission["id"] = id;
  submission[kCreated] = submission[kChanged] = ++kept.state;
  Writing writing;
  const std::size_t pieces = json::serialize(submission).size() / kSubmissionPieceOctets + 1;
  if (pieces > kMaxSubmissionPieces) return fail(Errc::limit, "a submission is too large to be kept");
  const auto pieces_of_all = [&] {
    std::size_t all = 0;
    for (const json::object& one : kept.all) all += json::serialize(one).size() / kSubmissionPieceOctets + 1;
    return all;
  };
  while (kept.all.size() >= kKept || pieces_of_all() + pieces > kMaxAnnotationsUsed) {
    const auto oldest = std::ranges::find_if_not(kept.all, is_pending);
    if (oldest == kept.all.end()) return fail(Errc::limit, "too many submissions wait");
    forget(kept, oldest, writing);
  }
  writing.put(submission);
  GP_CHECK(writing.commit(account, kept));
  return id;
}

Result<> Submissions::remove(account::Account& account, std::string_view id) {
  const std::scoped_lock lock(mutex_of(account));
  GP_TRY(Kept kept, load(account));
  const auto one = place_of(kept, id);
  if (one == kept.all.end()) return fail(Errc::not_found, "no such submission");
  Writing writing;
  ++kept.state;
  forget(kept, one, writing);
  return writing.commit(account, kept);
}

Result<> Submissions::cancel(account::Account& account, std::string_view id) {
  const std::scoped_lock lock(mutex_of(account));
  GP_TRY(Kept kept, load(account));
  GP_CHECK(settle(account, kept));
  const auto one = place_of(kept, id);
  if (one == kept.all.end()) return fail(Errc::not_found, "no such submission");
  if (one->at("undoStatus") == "canceled") return {};
  if (!is_pending(*one)) return fail(Errc::conflict, "it was sent");
  const auto entry = mailflow::parse_queue_id(one->at(kQueueId).as_string());
  if (!entry) return fail(Errc::conflict, "it was sent");
  if (const auto taken = queue_.withdraw(*entry); !taken) {
    if (taken.error().code == Errc::not_found) return fail(Errc::conflict, "it was sent");
    return std::unexpected(taken.error());
  }
  (*one)["undoStatus"] = "canceled";
  (*one)[kChanged] = ++kept.state;
  Writing writing;
  writing.put(*one);
  return writing.commit(account, kept);
}

json::object Submissions::delivery_status(const json::object& submission) {
  const auto id = mailflow::parse_queue_id(submission.at(kQueueId).as_string());
  const auto entry = id ? queue_.get(*id) : Result<mailflow::QueueEntry>(fail(Errc::not_found, "none"));
  const bool canceled = submission.at("undoStatus") == "canceled";
  const json::array& at_once = submission.at(kDelivered).as_array();
  json::object status;
  for (const json::value& to : submission.at("envelope").at("rcptTo").as_array()) {
    const json::string& address = to.at("email").as_string();
    std::string reply = "250 2.0.0 Queued";
    std::string_view delivered = canceled ? "no" : "unknown";
    if (std::ranges::find(at_once, to.at("email")) != at_once.end()) delivered = "yes";
    for (const auto& recipient : entry ? entry->recipients : std::vector<mailflow::RecipientState>()) {
      if (std::string_view(address) != recipient.original) continue;
      using Status = mailflow::RecipientState::Status;
      if (recipient.status == Status::failed) delivered = "no";
      if (recipient.status == Status::waiting) delivered = "queued";
      if (!recipient.last_reply.empty()) reply = recipient.last_reply;
    }
    status[address] = json::object{{"smtpReply", reply}, {"delivered", delivered}, {"displayed", "unknown"}};
  }
  return status;
}

}  // namespace gatepost::jmap
