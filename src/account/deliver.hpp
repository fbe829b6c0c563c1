#pragma once

#include <string>
#include <string_view>

#include "account/account.hpp"

namespace gatepost::account {

struct Delivery {
  NewItem item;
  std::string folder;  // path; empty = INBOX; a missing one is created, or INBOX if it cannot be
  // Names this delivery among retries: the same id delivered twice within 7 days is stored once. Empty = no check.
  std::string delivery_id;
};

// Puts one message into an account; durable on return. Errc::over_quota, disk_full, unavailable ... as Account.
Result<> deliver(Account&, const Delivery&);

}  // namespace gatepost::account
