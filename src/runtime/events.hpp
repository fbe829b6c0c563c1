#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::runtime::event {

inline constexpr Event kTlsFailed{
    "tls.failed", Level::info, "A TLS handshake failed.",
    "`why` names the cause. Scanners and very old clients cause this all the time.",
    "When a client of yours is concerned: look at `why`, then at [tls] in the configuration."};
inline constexpr Event kSessionFailed{
    "connection.failed", Level::error, "A connection was closed by an unexpected failure.",
    "A library reported `why`, or memory ran out. Other connections are not affected.",
    "Report it with the lines of the same `conn` when memory is not the cause."};
inline constexpr Event kSessionStuck{"connection.stuck", Level::error, "A session accepted no more of its input.",
                                     "A defect: the connection was closed.",
                                     "Report it with the lines of the same `conn`."};
inline constexpr Event kLimit{
    "connection.limit", Level::notice, "Connections were closed because a limit is reached.",
    "`limit` names it, `count` says how many since the last such line, `remote` is the last of them.",
    "Raise the limit in [limits] or the listener when these are wanted clients."};
inline constexpr Event kOutOfDescriptors{
    "connection.out_of_descriptors", Level::error,
    "No connection can be accepted: the process has no free descriptors or memory.",
    "New connections wait in the kernel and are tried again ten times a second.",
    "Raise LimitNOFILE in the unit, or lower limits.connections."};
inline constexpr Event kAcceptFailed{"connection.accept_failed", Level::error, "A listening socket refused to accept.",
                                     "`why` is the kernel's word. It is tried again ten times a second.",
                                     "Look at the kernel log; restart the server if it stays."};
inline constexpr Event kProxyRefused{"proxy.refused", Level::notice, "A trusted proxy sent no valid PROXY header.",
                                     "The connection was closed: without the header the client's address is unknown.",
                                     "Let the proxy send PROXY protocol v1 or v2, or turn it off for this listener."};

inline constexpr std::array kAll{kTlsFailed,        kSessionFailed, kSessionStuck, kLimit,
                                 kOutOfDescriptors, kAcceptFailed,  kProxyRefused};

}  // namespace gatepost::runtime::event
