#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/flags.hpp"
#include "sieve/interpreter.hpp"
#include "sieve/limits.hpp"
#include "sieve/match.hpp"

namespace gatepost::sieve {

// One run of a script. Recursion is as deep as the script is nested (kMaxNesting).
class Run {
 public:
  Run(const Program& program, Message& message, const MailEnvelope& envelope, Surroundings& surroundings)
      : program_(program),
        message_(message),
        envelope_(envelope),
        surroundings_(surroundings),
        now_(surroundings.now()),
        enabled_(program.required),
        budget_(kMaxSteps) {}

  Actions finish();

 private:
  using Visit = std::function<bool(std::string_view value)>;

  // Commands (interpreter.cpp).
  Parsed<> block(const Block& block);
  Parsed<> command(const Command& command);
  Parsed<> choose(const Command& command);
  Parsed<> file_into(const Command& command, std::string mailbox);
  Parsed<> redirect(const Command& command);
  Parsed<> reject(const Command& command);
  Parsed<> vacation(const Command& command);
  Parsed<> set(const Command& command);
  Parsed<> change_flags(const Command& command);
  Parsed<> assign(const std::string& name, std::string value, unsigned line);
  Parsed<> check(const Origin& origin);
  Parsed<> count_action(unsigned line);
  Cause cause(const Command& command) const;
  Flags flags_of(const Command& command);

  // Tests (run_tests.cpp).
  Parsed<bool> test(const Test& test);
  bool group(const Test& test, Parsed<>& failure);
  bool address(const Test& test);
  bool addresses_of(const Test& test, std::string_view field, std::uint64_t& count);
  bool envelope(const Test& test);
  bool header(const Test& test);
  bool exists(const Test& test);
  bool date(const Test& test);
  bool duplicate(const Test& test);
  bool environment(const Test& test);
  bool has_flag(const Test& test);
  bool i_have(const Test& test);
  bool special_use(const Test& test);
  bool string(const Test& test);
  Parsed<bool> body(const Test& test);

  bool any_key(const Test& test, std::string_view value, bool captures = true);
  bool any_key_counts(const Test& test, std::uint64_t count);
  // The fields that a test names, in its order, or the one that :index names; until `visit` says true.
  bool any_field(const Test& test, const Visit& visit);
  std::string_view part_of(AddressPart part, std::string_view local, std::string_view domain, std::string_view whole,
                           bool& there) const;
  std::string text(const Text& text);
  std::string_view variable(std::string_view name) const;

  const Program& program_;
  Message& message_;
  const MailEnvelope& envelope_;
  Surroundings& surroundings_;
  const TimePoint now_;
  ExtensionSet enabled_;
  Budget budget_;
  Actions actions_;
  Flags flags_;
  std::map<std::string, std::string, std::less<>> variables_;
  std::vector<std::string> captures_;
  bool keeps_ = true;     // the implicit keep is not cancelled
  bool stopped_ = false;  // by "stop"
  std::size_t count_ = 0;
};

}  // namespace gatepost::sieve
