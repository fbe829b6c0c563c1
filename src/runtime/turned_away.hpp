#pragma once

#include <memory>
#include <string>

#include "runtime/session.hpp"

namespace gatepost::runtime {

// A conversation that ends with its first words: `session` says that nobody is served for a while, and `why`.
std::unique_ptr<Session> turn_away(std::unique_ptr<Session> session, std::string why);

}  // namespace gatepost::runtime
