#include "search/indexes.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "search/events.hpp"
#include "search/similar.hpp"
#include "store/keys.hpp"
#include "store/store.hpp"

namespace gatepost::search {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What the messages themselves can answer though the index cannot.
bool is_damage(const Error& error) {
  switch (error.code) {
    case Errc::corrupt:
    case Errc::unsupported:
    case Errc::internal:
      return true;
    default:
      return false;
  }
}

}  // namespace

Indexes::Indexes(Options options, store::Store& store, account::Accounts& accounts, TextSource& source, Random& random,
                 const Clock& clock, Log& log, Metrics& metrics)
    : options_(std::move(options)),
      store_(store),
      accounts_(accounts),
      source_(source),
      random_(random),
      clock_(clock),
      log_(log),
      indexed_(
          metrics.counter("gatepost_search_indexed_total", options_.labels, "Messages taken into search indexes.")),
      damaged_(metrics.counter("gatepost_search_damaged_total", options_.labels,
                               "Search indexes found damaged and made again.")),
      news_(static_cast<std::uint64_t>(clock.now().time_since_epoch().count())) {}

Indexes::~Indexes() { stop(); }

void Indexes::stop() {
  subscription_.reset();
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

std::filesystem::path Indexes::path_of(Id id) const {
  return options_.directory / fmt::format("{:02x}", id % 256) / fmt::format("{}.index", id);
}

void Indexes::start() {
  subscription_ = store_.keys().watch([this](store::Partition partition, store::Version version) {
    if (store::is_account(partition)) enqueue(store::number(partition), options_.settle, version, false);
  });
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this, i](std::stop_token stop) {
      if (i == 0) begin_with_all(stop);
      work(stop);
    });
  }
}

void Indexes::enqueue(Id id, milliseconds wait, account::Modseq modseq, bool rebuild) {
  const SteadyPoint due = clock_.steady() + wait;
  {
    const std::scoped_lock lock(mutex_);
    const auto [at, fresh] = jobs_.try_emplace(id);
    Job& job = at->second;
    job.modseq = std::max(job.modseq, modseq);
    job.rebuild = job.rebuild || rebuild;
    if (job.running) {
      job.again = true;
      return;
    }
    if (!fresh && job.due <= due) return;
    if (!fresh) due_.erase({job.due, id});
    job.due = due;
    due_.emplace(due, id);
  }
  wake_.notify_one();
}

void Indexes::add_attachments(Indexes& indexes, const AttachmentTexts& texts) {
  attachments_ = &indexes;
  attachment_texts_ = &texts;
}

Answers Indexes::look(account::AccountId account, std::span<const Query> queries) {
  const Id id = static_cast<Id>(account);
  if (queries.empty()) return {};
  Answers answers = look_at_own(id, queries);
  if (attachments_ == nullptr || answers.empty()) return answers;
  if (Answers further = attachments_->look_at_own(id, queries); !further.empty()) answers.add(std::move(further));
  return answers;
}

Answers Indexes::look_at_own(Id id, std::span<const Query> queries) {
  Result<Answers> answers = [&]() -> Result<Answers> {
    const std::shared_lock here(presence(id));
    GP_TRY(const auto file, IndexFile::open(path_of(id), id));
    return look_up(*file, queries);
  }();
  if (answers) return *std::move(answers);
  const bool damaged = is_damage(answers.error());
  if (damaged || answers.error().code == Errc::not_found) {
    {
      const std::scoped_lock lock(mutex_);
      known_.erase(id);
    }
    if (damaged) {
      damaged_.add();
      log_.write(event::kDamaged, {{"account", id}, {"detail", answers.error().detail}});
    }
    enqueue(id, milliseconds(0), 0, damaged);
  }
  return {};
}

std::vector<std::vector<std::string>> Indexes::similar(account::AccountId account, std::span<const std::string> words,
                                                       std::size_t at_most) {
  const Id id = static_cast<Id>(account);
  auto found = [&]() -> Result<std::vector<std::vector<std::string>>> {
    const std::shared_lock here(presence(id));
    GP_TRY(const auto file, IndexFile::open(path_of(id), id));
    SimilarWords similar(words);
    for (const SegmentInfo& segment : file->head().segments) GP_CHECK(similar.ask(file->reader(segment)));
    if (attachments_ == nullptr) return similar.finish(at_most);
    const std::shared_lock there(attachments_->presence(id));
    const auto further = IndexFile::open(attachments_->path_of(id), id);
    if (!further) return similar.finish(at_most);
    for (const SegmentInfo& segment : (*further)->head().segments) GP_CHECK(similar.ask((*further)->reader(segment)));
    return similar.finish(at_most);
  }();
  // What is wrong with it, look() finds out, which whoever asks this asks next.
  return found ? *std::move(found) : std::vector<std::vector<std::string>>(words.size());
}

void Indexes::rebuild(account::AccountId id) {
  enqueue(static_cast<Id>(id), milliseconds(0), 0, true);
  if (attachments_ != nullptr) attachments_->rebuild(id);
}

Result<IndexStatus> Indexes::status(account::AccountId account) {
  const Id id = static_cast<Id>(account);
  GP_TRY(const account::ItemTotals totals, account::item_totals(store_, account));
  IndexStatus out{.messages = totals.messages, .behind = totals.messages};
  {
    const std::scoped_lock lock(mutex_);
    out.working = jobs_.contains(id);
  }
  if (attachments_ != nullptr) {
    GP_TRY(const IndexStatus of_attachments, attachments_->status(account));
    out.attachments_behind = of_attachments.behind;
  }
  const std::shared_lock here(presence(id));
  const auto file = IndexFile::open(path_of(id), id);
  if (!file) {
    if (file.error().code == Errc::not_found || is_damage(file.error())) return out;
    return std::unexpected(file.error());
  }
  const IndexHead& head = (*file)->head();
  out.indexed = head.items();
  out.segments = head.segments.size();
  out.octets = head.octets();
  const auto next = static_cast<std::uint64_t>(totals.next);
  out.behind = std::min(totals.messages, next > head.next_item ? next - head.next_item : 0);
  return out;
}

IndexLag Indexes::lag() {
  IndexLag out;
  const std::scoped_lock lock(mutex_);
  out.accounts = jobs_.size();
  for (const auto& [id, job] : jobs_) {
    out.messages += job.left;
    const auto known = known_.find(id);
    if (known != known_.end() && job.modseq > known->second.modseq) out.changes += job.modseq - known->second.modseq;
  }
  return out;
}

Result<> Indexes::catch_up(account::AccountId account) {
  const Id id = static_cast<Id>(account);
  bool rebuild = false;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto job = jobs_.find(id); job != jobs_.end()) {
      rebuild = job->second.rebuild;
      due_.erase({job->second.due, id});
      jobs_.erase(job);
    }
  }
  for (bool more = true; more; rebuild = false) {
    GP_TRY(more, step(id, rebuild, {}));
  }
  return {};
}

void Indexes::remove_file(Id id) {
  const std::unique_lock alone(presence(id));
  IndexFile::remove(path_of(id));
  const std::scoped_lock lock(mutex_);
  known_.erase(id);
}

}  // namespace gatepost::search
