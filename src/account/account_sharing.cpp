#include <algorithm>

#include "account/stored_account.hpp"
#include "base/ascii.hpp"
#include "store/keys.hpp"

// Rights of others and annotations.
namespace gatepost::account {
namespace {

constexpr std::size_t kAnnotationsAtOnce = 64;
constexpr std::size_t kMaxChanges = kMaxAnnotations;
constexpr std::size_t kMaxAnnotationChangeOctets = 1 << 20;

// "/comment": RFC 5464 3.2, without the scope.
bool is_annotation_name(std::string_view name) {
  if (name.size() < 2 || name.size() > kMaxAnnotationName || name.front() != '/' || name.back() == '/') return false;
  if (name.find("//") != std::string_view::npos) return false;
  return std::ranges::all_of(
      name, [](char c) { return c >= ' ' && c < 0x7f && c != '*' && c != '%' && c == ascii::lower(c); });
}

constexpr std::size_t kMaxWithoutAnnotations = 64;

Result<> check_annotations(std::span<const AnnotationChange> changes) {
  if (changes.size() > kMaxChanges) return fail(Errc::limit, "too many annotations at once");
  std::size_t octets = 0;
  for (const AnnotationChange& change : changes) {
    octets += change.name.size() + (change.value ? change.value->size() : 0);
    if (!is_annotation_name(change.name)) return fail(Errc::invalid, "name of an annotation");
    if (change.value && change.value->size() > kMaxAnnotationValue) return fail(Errc::too_large, "annotation");
  }
  if (octets > kMaxAnnotationChangeOctets) return fail(Errc::limit, "too many annotations at once");
  return {};
}

}  // namespace

Result<std::shared_ptr<const Grants>> StoredAccount::grants(FolderId id) {
  const std::scoped_lock lock(mutex_);
  GP_CHECK(usable());
  if (id != kRoot && record(id) == nullptr) return fail(Errc::not_found, "no such folder");
  const auto found = head_.grants.find(id);
  return found == head_.grants.end() ? nullptr : found->second;
}

Result<> StoredAccount::change_grants(FolderId id, const std::function<Result<>(Grants&)>& change) {
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    if (id != kRoot && tx.find(id) == nullptr) return fail(Errc::not_found, "no such folder");
    const auto before = tx.grants(id);
    Grants now = before ? *before : Grants();
    GP_CHECK(change(now));
    if (before ? now == *before : now.empty()) return {};
    if (records::encode(now).size() > kMaxGrantsOctets) return fail(Errc::limit, "too many rights of one folder");
    tx.set_grants(id, std::make_shared<const Grants>(std::move(now)));
    tx.log(records::LogEntry::What::folder_updated, static_cast<std::uint64_t>(id));
    return {};
  }));
  return {};
}

// That there are none of the account itself is asked at each delivery (the vacation), and is not looked up twice.
Result<std::vector<Annotation>> StoredAccount::annotations(FolderId id, Reader reader) {
  std::uint64_t changes = 0;
  {
    const std::scoped_lock lock(mutex_);
    GP_CHECK(usable());
    if (id != kRoot && record(id) == nullptr) return fail(Errc::not_found, "no such folder");
    if (id == kRoot && without_annotations_.contains(reader)) return {};
    changes = annotation_changes_;
  }
  GP_TRY(auto snap, snapshot());
  std::vector<Annotation> out;
  Result<> damage;
  const std::string begin = records::annotation_prefix(id, reader);
  GP_CHECK(snap->scan(begin, store::prefix_end(begin), false, kAnnotationsAtOnce, [&](store::Entry e) {
    auto value = records::decode_text(e.value);
    if (value) {
      out.push_back({std::string(e.key.substr(begin.size())), *std::move(value)});
    } else {
      damage = std::unexpected(std::move(value).error());
    }
    return damage.has_value();
  }));
  GP_CHECK(std::move(damage));
  if (id == kRoot && out.empty()) {
    const std::scoped_lock lock(mutex_);
    // A commit meanwhile may be one that this snapshot has not seen.
    if (changes == annotation_changes_ && without_annotations_.size() < kMaxWithoutAnnotations)
      without_annotations_.insert(reader);
  }
  return out;
}

Result<> StoredAccount::set_annotations(FolderId id, std::span<const AnnotationChange> changes, std::uint64_t by) {
  GP_CHECK(check_annotations(changes));
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    if (id != kRoot && tx.find(id) == nullptr) return fail(Errc::not_found, "no such folder");
    // All is checked before anything is written.
    std::map<Reader, std::map<std::string, std::string>> all;
    std::vector<std::pair<const AnnotationChange*, std::uint64_t>> wanted;
    std::uint64_t added = 0;
    for (const AnnotationChange& change : changes) {
      auto known = all.find(change.reader);
      if (known == all.end()) {
        GP_TRY(auto stored, tx.annotations(id, change.reader));
        known = all.emplace(change.reader, std::move(stored)).first;
      }
      const auto at = known->second.find(change.name);
      const bool is_there = at != known->second.end();
      if (is_there ? change.value == at->second : !change.value) continue;
      wanted.emplace_back(&change, is_there ? change.name.size() + at->second.size() : 0);
      if (change.value) {
        added += change.name.size() + change.value->size();
        known->second.insert_or_assign(change.name, *change.value);
      } else {
        known->second.erase(at);
      }
      if (known->second.size() > kMaxAnnotations) return fail(Errc::limit, "too many annotations of one folder");
    }
    std::uint64_t gone = 0;
    for (const auto& [change, before] : wanted) gone += before;
    // Others leave the owner half of the room.
    const bool by_others = std::ranges::any_of(changes, [&](const AnnotationChange& change) {
      return change.reader != kEverybody &&
             static_cast<std::uint64_t>(change.reader) != static_cast<std::uint64_t>(id_);
    });
    const std::uint64_t most = by_others ? kMaxAnnotationOctets / 2 : kMaxAnnotationOctets;
    if (added > gone && tx.annotation_octets() + added - gone > most) {
      return fail(Errc::limit, "too many annotations of one account");
    }
    for (const auto& [change, before] : wanted) tx.annotate(id, *change, before, by);
    return {};
  }));
  return {};
}

AnnotationsSince StoredAccount::annotation_news(Modseq since) {
  const std::scoped_lock lock(mutex_);
  const auto first = std::ranges::upper_bound(annotation_news_, since, {}, &AnnotationNews::modseq);
  return {.news = {first, annotation_news_.end()}, .complete = since >= annotation_news_since_};
}

}  // namespace gatepost::account
