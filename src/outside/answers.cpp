#include "outside/answers.hpp"

#include <cstring>
#include <span>

#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace gatepost::outside {

Answers::Answers(const Clock& clock, Random& random) : clock_(clock), key_(32, '\0') {
  random.fill(std::as_writable_bytes(std::span(key_)));
}

std::size_t Answers::Hash::operator()(const Tag& tag) const {
  std::size_t out = 0;
  std::memcpy(&out, tag.data(), sizeof out);
  return out;
}

// The lengths go first, so that no two pairs make the same octets.
Answers::Tag Answers::tag_of(std::string_view name, const Secret& password) const {
  std::string prefix;
  put_text(prefix, name);
  const std::string of_name = hmac_sha256(key_, prefix);
  const std::string digest = hmac_sha256(of_name, password.reveal());
  Tag out{};
  std::memcpy(out.data(), digest.data(), out.size());
  return out;
}

std::optional<Answers::Answer> Answers::find(std::string_view name, const Secret& password) {
  const Tag tag = tag_of(name, password);
  const Lock lock(mutex_);
  const auto at = rows_.find(tag);
  if (at == rows_.end()) return std::nullopt;
  if (at->second.until <= clock_.steady()) {
    rows_.erase(at);
    return std::nullopt;
  }
  return at->second.answer;
}

void Answers::remember(std::string_view name, const Secret& password, Answer answer, std::chrono::seconds lifetime) {
  if (lifetime.count() <= 0) return;
  const Tag tag = tag_of(name, password);
  const Lock lock(mutex_);
  const std::uint64_t number = next_++;
  rows_.insert_or_assign(tag, Row{std::move(answer), clock_.steady() + lifetime, number});
  order_.emplace_back(number, tag);
  while (order_.size() > kMost) {
    const auto& [old, of] = order_.front();
    const auto at = rows_.find(of);
    if (at != rows_.end() && at->second.number == old) rows_.erase(at);
    order_.pop_front();
  }
}

void Answers::forget_all() {
  const Lock lock(mutex_);
  rows_.clear();
  order_.clear();
}

std::size_t Answers::size() {
  const Lock lock(mutex_);
  return rows_.size();
}

const Secret& no_password() {
  static const Secret none("-");
  return none;
}

}  // namespace gatepost::outside
