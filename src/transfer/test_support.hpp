#pragma once

#include <string>

#include "transfer/message.hpp"

// Tests only.
namespace gatepost::transfer {

// A message and what it consists of.
struct Read {
  Message message;
  std::string octets;
};

}  // namespace gatepost::transfer
