#pragma once

#include "imap/server/search_program.hpp"
#include "search/text_source.hpp"

namespace gatepost::imap::server {

// Where an index holds what SEARCH compares with a summary's field.
search::Fields index_field(SummaryField field);

// Messages for search indexes, by the same reading that SEARCH does. Thread-safe.
class IndexText final : public search::TextSource {
 public:
  Result<> read(account::Account& owner, const account::Item& item, search::SegmentBuilder& into) override;
};

}  // namespace gatepost::imap::server
