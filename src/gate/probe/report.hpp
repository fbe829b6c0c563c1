#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "gate/probe/connection.hpp"

// What a probe finds out, in the order in which it does.
namespace gatepost::gate::probe {

enum class Stage : std::uint8_t {
  resolve,
  route,
  connect,
  banner,
  capabilities,
  starttls,
  handshake,
  certificate,
  staple,
  tls_versions,
  after_tls,
  sign_in,
  action
};
enum class Outcome : std::uint8_t {
  ok,
  warn,     // works, and should be better
  fail,     // does not work, or is dangerous
  unknown,  // could not be found out; never taken for ok
};
std::string_view to_string(Stage);
std::string_view to_string(Outcome);

struct Finding {
  Stage stage = Stage::connect;
  Outcome outcome = Outcome::ok;
  std::chrono::microseconds took{0};
  std::string text;    // what was seen; texts of the peer in it are printable
  std::string remedy;  // what to do, "" where nothing is to be done
};

enum class PortState : std::uint8_t { open, refused, unreachable, silent, failed };
std::string_view to_string(PortState);

struct PortReport {
  std::string service;  // "imaps"
  Endpoint at;
  PortState state = PortState::failed;
  bool expected_open = true;
  std::chrono::microseconds took{0};
  std::vector<Finding> findings;

  void add(Stage stage, Outcome result, std::chrono::microseconds time, std::string text, std::string remedy = {}) {
    findings.push_back({stage, result, time, std::move(text), std::move(remedy)});
  }
  // The worst: fail, then unknown, then warn.
  Outcome outcome() const;
};

struct Report {
  std::string host, profile;
  std::vector<Finding> findings;  // about the name and the way
  std::vector<PortReport> ports;  // in the order of the profile
  std::chrono::microseconds took{0};
  // 0: nothing failed; 1: something did; 2: nothing could be found out.
  int exit_code() const;
};

// For people: a line a port, then what is not as it should be with its remedy; `verbose`: every stage.
std::string format_text(const Report& report, bool verbose);
std::string format_json(const Report& report);

}  // namespace gatepost::gate::probe
