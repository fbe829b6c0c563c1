#include "jmap/line_filter.hpp"

#include <algorithm>

#include "jmap/email_filter.hpp"

namespace gatepost::jmap {

std::optional<LineFilter> LineFilter::of(const EmailFilter& filter) {
  LineFilter out;
  out.filter_ = &filter;
  for (std::size_t i = 0; i < filter.conditions().size(); ++i) {
    if (!out.add(filter, i)) return std::nullopt;
  }
  return out;
}

bool LineFilter::add(const EmailFilter& filter, std::size_t at) {
  const Condition& c = filter.conditions()[at];
  const auto octets = static_cast<std::uint64_t>(c.number);
  switch (c.test) {
    case Test::all_of:
      return true;
    case Test::in_mailbox:
    case Test::not_only_in:
      of_folder_.push_back(at);
      return true;
    case Test::before:
      before_ = std::min(before_, c.number);
      return true;
    case Test::after:
      from_ = std::max(from_, c.number);
      return true;
    case Test::min_size:
      min_octets_ = std::max(min_octets_, octets);
      return true;
    case Test::max_size:
      max_octets_ = std::min(max_octets_, octets);
      return true;
    case Test::has_keyword:
    case Test::not_keyword:
      if (c.flag == 0)
        of_keyword_.push_back(at);
      else
        (c.test == Test::has_keyword ? set_ : clear_) |= c.flag;
      return true;
    case Test::has_attachment:
      if (attachments_ && *attachments_ != c.wanted) return false;
      attachments_ = c.wanted;
      return true;
    default:
      return false;
  }
}

void LineFilter::look_at(const FolderView& view) {
  view_ = &view;
  fits_ = std::ranges::all_of(of_folder_, [&](std::size_t at) {
    const Condition& c = filter_->conditions()[at];
    return c.test == Test::in_mailbox ? view.folder == c.folder
                                      : std::ranges::find(c.folders, view.folder) == c.folders.end();
  });
  takes_.assign(view.keywords.size(), true);
  for (const std::size_t at : of_keyword_) {
    const Condition& c = filter_->conditions()[at];
    for (std::size_t list = 0; list < takes_.size(); ++list) {
      const bool has = c.keyword && std::ranges::binary_search(view.keywords[list], *c.keyword);
      if (has != (c.test == Test::has_keyword)) takes_[list] = false;
    }
  }
  takes_all_ = std::ranges::find(takes_, false) == takes_.end();
}

}  // namespace gatepost::jmap
