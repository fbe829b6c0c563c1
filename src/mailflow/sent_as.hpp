#pragma once

#include "mailflow/intake.hpp"

namespace gatepost::mailflow {

// What is done when somebody has sent a message as somebody else, or on behalf of somebody: it is logged, and put into
// the author's Sent folder, too, where that is wanted. The message is on its way already: what fails is only logged.
// The copy is idempotent by the entry's id. Blocks.
void sent_as(IntakeServices& services, const QueueEntry& sent, const directory::Principal& submitter,
             const directory::Authorship& author);

}  // namespace gatepost::mailflow
