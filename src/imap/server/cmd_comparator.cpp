// COMPARATOR (RFC 5255 4.7): by what SEARCH, SORT and THREAD compare texts from now on.

#include <algorithm>

#include "imap/protocol/response.hpp"
#include "imap/server/collation.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {

Task<Answer> run_comparator(Session& session, Command& command) {
  const auto& orders = std::get<Comparator>(command.body).orders;
  std::vector<Collation> meant;
  for (const std::string& order : orders) {
    for (const Collation& one : collations_of(order)) {
      if (std::ranges::find(meant, one.casemap, &Collation::casemap) == meant.end()) meant.push_back(one);
    }
  }
  if (!orders.empty() && meant.empty()) co_return no(code::kBadComparator, "There is no such comparator here");
  if (!meant.empty()) session.compare_by(meant.front());
  // RFC 5255 4.8: the names in the list are those of collations, without a direction.
  std::vector<std::string> matching;
  for (const Collation& one : meant) matching.push_back(to_string(Collation{one.casemap}));
  write_comparator(session.out(), to_string(session.collation()), matching);
  co_return ok();
}

}  // namespace gatepost::imap::server
