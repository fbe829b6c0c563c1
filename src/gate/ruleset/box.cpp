#include "gate/ruleset/box.hpp"

#include <algorithm>
#include <tuple>

namespace gatepost::gate {

bool Geometry::empty() const {
  return std::ranges::any_of(dims, [](const Values& v) { return v.empty(); });
}

Geometry Geometry::operator&(const Geometry& other) const {
  Geometry out;
  out.v6 = v6;
  if (v6 != other.v6) return out;
  for (std::size_t i = 0; i < kDimensions; ++i) out.dims[i] = dims[i] & other.dims[i];
  return out;
}

std::vector<Geometry> Geometry::minus(const Geometry& other) const {
  if (v6 != other.v6) return {*this};
  std::vector<Geometry> out;
  Geometry rest = *this;
  for (std::size_t i = 0; i < kDimensions; ++i) {
    Geometry outside = rest;
    outside.dims[i] = rest.dims[i].minus(other.dims[i]);
    if (!outside.empty()) out.push_back(std::move(outside));
    rest.dims[i] = rest.dims[i] & other.dims[i];
    if (rest.dims[i].empty()) break;
  }
  return out;
}

bool Box::same_state(const Box& o) const {
  const auto all = [](const Box& b) {
    return std::tie(b.l4proto, b.mark, b.ct_mark, b.mark_known, b.ct_mark_known, b.ct_state, b.ct_state_known, b.answer,
                    b.untracked, b.nat_done, b.translated, b.first_destination, b.first_port);
  };
  return all(*this) == all(o);
}

void compact(std::vector<Box>& boxes) {
  constexpr std::size_t kMost = 200;  // beyond, comparing all with all costs more than it saves
  if (boxes.size() > kMost) return;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    for (std::size_t j = i + 1; j < boxes.size();) {
      Box &a = boxes[i], &b = boxes[j];
      if (a.at.v6 != b.at.v6 || !a.same_state(b)) {
        ++j;
        continue;
      }
      std::size_t different = 0, where = 0;
      for (std::size_t d = 0; d < kDimensions; ++d) {
        if (a.at.dims[d] == b.at.dims[d]) continue;
        ++different;
        where = d;
      }
      if (different == 0) {
        a.conditions |= b.conditions;
      } else if (different == 1 && a.conditions == b.conditions && a.steps == b.steps) {
        a.at.dims[where] = a.at.dims[where] | b.at.dims[where];
      } else {
        ++j;
        continue;
      }
      boxes.erase(boxes.begin() + static_cast<std::ptrdiff_t>(j));
      j = i + 1;
    }
  }
}

}  // namespace gatepost::gate
