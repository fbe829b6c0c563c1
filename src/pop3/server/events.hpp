#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::pop3::server::event {

inline constexpr Event kOpened{"pop3.opened", Level::info, "A mailbox was opened by POP3.",
                               "`account` signed in; `messages` were in the inbox.", "Nothing."};
inline constexpr Event kNotOpened{
    "pop3.not_opened", Level::notice, "A mailbox could not be opened by POP3 although the sign-in was right.",
    "`code` says why: conflict (another POP3 session has it open), login_delay (the last sign-in was a moment ago), or "
    "what the store said.",
    "Nothing for conflict and login_delay, unless one device asks too often. Else look at the disk and run `gatepost "
    "store "
    "check`."};
inline constexpr Event kClosed{"pop3.closed", Level::info, "A POP3 session ended.",
                               "`retrieved` messages were sent, `removed` were removed at the client's wish.",
                               "Nothing."};
inline constexpr Event kUpdateFailed{
    "pop3.update_failed", Level::error, "The messages a POP3 client wanted removed could not be removed.",
    "`detail` has the store's words. The client was told; no message is lost, and it will ask again.",
    "Look at the disk; run `gatepost store check`."};
inline constexpr Event kReadFailed{
    "pop3.read_failed", Level::error, "A message could not be read for a POP3 client.",
    "`detail` has the store's words. The client was told, or was cut off when part of the message had been sent.",
    "Look at the disk; run `gatepost store check`."};

inline constexpr std::array kAll{kOpened, kNotOpened, kClosed, kUpdateFailed, kReadFailed};

}  // namespace gatepost::pop3::server::event
