#pragma once

#include <memory>
#include <string_view>

#include "mailflow/local_delivery.hpp"
#include "mailflow/reception.hpp"

namespace gatepost::mailflow {

// What an intake works with; owned by the reception, outlives every intake.
struct IntakeServices {
  account::Accounts& accounts;
  Queue& queue;
  runtime::Workers& workers;
  const Clock& clock;
  Random& random;
  Log& log;
  Counter& accepted;
  Counter& refused;
  Counter& octets;
  DeliverHere deliver_here;
  directory::Directory& directory;
};

Result<std::unique_ptr<Intake>> make_intake(IntakeServices&, std::shared_ptr<const ReceptionOptions>, Source, Envelope,
                                            std::uint64_t size_hint);

// Takes in a whole message on the calling (worker) thread.
Result<Accepted> submit_message(IntakeServices&, std::shared_ptr<const ReceptionOptions>, Source, Envelope,
                                std::uint64_t octets, const Reception::Pieces& next);

// Takes in a message of our own making, as it is, on the calling (worker) thread.
Result<> inject_message(IntakeServices&, std::shared_ptr<const ReceptionOptions>, Envelope, std::string_view message);

}  // namespace gatepost::mailflow
