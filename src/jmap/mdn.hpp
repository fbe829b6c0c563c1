#pragma once

#include "jmap/standard.hpp"

// Message disposition notifications (RFC 9007): sent when the user says so, never by ourselves.
namespace gatepost::jmap {

Answer mdn_send(Call& call);
Answer mdn_parse(Call& call);

}  // namespace gatepost::jmap
