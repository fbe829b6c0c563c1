#pragma once

#include <memory>
#include <string_view>

#include "runtime/connection.hpp"
#include "transcripts/world.hpp"

namespace gatepost::transcripts {

// The servers of all protocols over one world, with the settings of a transcript's head.
class Protocols {
 public:
  Protocols(World& world, const Transcript& transcript);
  ~Protocols();
  // `listener`: as in the head. Errc::not_found: no such listener.
  Result<runtime::SessionFactory> factory(std::string_view listener);
  static bool implicit_tls(std::string_view listener) { return listener.ends_with('s'); }

 private:
  struct Servers;
  std::unique_ptr<Servers> servers_;
};

}  // namespace gatepost::transcripts
