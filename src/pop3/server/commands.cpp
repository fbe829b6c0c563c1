#include "pop3/server/commands.hpp"

#include <array>

namespace gatepost::pop3::server {
namespace {

constexpr std::array kCommands{
    CommandRow{Verb::user, true, false, &Session::user}, CommandRow{Verb::pass, true, false, &Session::pass},
    CommandRow{Verb::auth, true, false, &Session::auth}, CommandRow{Verb::stls, true, false, &Session::stls},
    CommandRow{Verb::utf8, true, false, &Session::utf8}, CommandRow{Verb::capa, true, true, &Session::capa},
    CommandRow{Verb::lang, true, true, &Session::lang},  CommandRow{Verb::quit, true, true, &Session::quit},
    CommandRow{Verb::stat, false, true, &Session::stat}, CommandRow{Verb::list, false, true, &Session::list},
    CommandRow{Verb::uidl, false, true, &Session::uidl}, CommandRow{Verb::retr, false, true, &Session::retr},
    CommandRow{Verb::top, false, true, &Session::top},   CommandRow{Verb::dele, false, true, &Session::dele},
    CommandRow{Verb::rset, false, true, &Session::rset}, CommandRow{Verb::noop, false, true, &Session::noop},
};

}  // namespace

const CommandRow* find_command(Verb verb) {
  for (const CommandRow& row : kCommands) {
    if (row.verb == verb) return &row;
  }
  return nullptr;
}

}  // namespace gatepost::pop3::server
