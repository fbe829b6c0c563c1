#include "smtp/protocol/syntax.hpp"

namespace gatepost::smtp {

Reply reply_for(const SyntaxError& error) {
  switch (error.fault) {
    case Fault::unknown_command:
      return make_reply(500, {5, 5, 1}, error.detail);
    case Fault::syntax:
      return make_reply(501, {5, 5, 2}, error.detail);
    case Fault::bad_sender:
      return make_reply(501, {5, 1, 7}, error.detail);
    case Fault::bad_recipient:
      return make_reply(501, {5, 1, 3}, error.detail);
    case Fault::bad_parameter:
      return make_reply(501, {5, 5, 4}, error.detail);
    case Fault::unknown_parameter:
      return make_reply(555, {5, 5, 4}, error.detail);
  }
  return make_reply(500, {5, 5, 2}, error.detail);
}

}  // namespace gatepost::smtp
