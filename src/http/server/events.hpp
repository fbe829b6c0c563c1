#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::http::server::event {

inline constexpr Event kRequest{
    "http.request", Level::info, "A request was answered.",
    "`status` is the answer's; `octets` of content were sent, `ms` after the request's start. `path` is without what "
    "stood behind a question mark, which may be secret.",
    "Nothing. [http] access_log = false ends these lines."};
inline constexpr Event kRefused{
    "http.refused", Level::info, "Something that is no acceptable request was refused.",
    "`why` names it: a broken rule, or a limit of [http]. Scanners and attempts to slip a second request past a proxy "
    "look so.",
    "When a client of yours is concerned: look at `why`, then at the limits in [http]."};
inline constexpr Event kHandlerFailed{
    "http.handler_failed", Level::error, "A request could not be answered because of an unexpected failure.",
    "A library reported `why`, or memory ran out. The client was answered 500; others are not affected.",
    "Report it with the lines of the same `conn` when memory is not the cause."};

inline constexpr std::array kAll{kRequest, kRefused, kHandlerFailed};

}  // namespace gatepost::http::server::event
