#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "account/account.hpp"
#include "base/clock.hpp"

namespace gatepost::mailflow {

// What an account answers while its owner is away (RFC 8621 8).
struct Vacation {
  bool enabled = false;
  std::optional<TimePoint> from, until;  // until: the first moment at which it is over
  std::optional<std::string> subject, text, html;
  bool is_on(TimePoint now) const { return enabled && (!from || *from <= now) && (!until || now < *until); }
  bool operator==(const Vacation&) const = default;
};

inline constexpr std::size_t kMaxVacationOctets = 24 << 10;  // of subject and texts together
inline constexpr std::chrono::days kVacationSilence{7};      // RFC 3834 2: one sender is told once in so many days

// Off when none is kept. Blocks.
Result<Vacation> vacation_of(account::Account& account);
// From then on everybody is told anew. Errc::too_large: over kMaxVacationOctets. Blocks.
Result<> set_vacation(account::Account& account, const Vacation& vacation);
// Notes that the sender is told now; false: he was lately. Blocks.
Result<bool> note_vacation_told(account::Account& account, std::string_view sender, TimePoint now);

// Whether a program may answer a message at all: RFC 3834 2. `is_own`: an address of the account's owner; the message
// must have been addressed to one of them, or to `recipient`.
bool may_be_answered(std::string_view header, std::string_view reverse_path, std::string_view recipient,
                     const std::function<bool(std::string_view)>& is_own);

// The answer: a complete message. `header`: of the message that is answered; `from`: addr-spec, with a name that may be
// empty.
std::string vacation_answer(const Vacation& vacation, std::string_view header, std::string_view from,
                            std::string_view name, std::string_view to, std::string_view message_id, TimePoint now);

struct VacationParties {
  std::string_view from;  // addr-spec
  std::string_view name;  // may be empty
  std::string_view to, message_id;
};
// The same with an entity (RFC 2045 2.4) as its content: `vacation.text`, with its header, of which only Content-*
// fields are taken.
std::string vacation_entity_answer(const Vacation& vacation, std::string_view header, const VacationParties& parties,
                                   TimePoint now);

}  // namespace gatepost::mailflow
