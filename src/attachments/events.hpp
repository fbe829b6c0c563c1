#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::attachments::event {

inline constexpr Event kAway{
    "attachments.converter_away", Level::warning, "Nothing takes the text from attachments.",
    "The server asked the converter ([search] converter) and nobody answered; `detail` says what happened. Mail and "
    "searches go on; the text of newer attachments is not found yet. It is tried again every minute.",
    "Start gatepost-text-agent.service, or set [search] converter = \"\" when attachments are not to be searched."};
inline constexpr Event kBack{"attachments.converter_back", Level::info, "Attachments are turned into text again.",
                             "`kinds` is how many media types and ends of names the converter knows.", "Nothing."};
inline constexpr Event kUnreadable{
    "attachments.unreadable", Level::info, "The text of an attachment could not be read.",
    "It is damaged, encrypted, too large, or its program failed or took too long: `outcome` and `reason`. `account` "
    "and "
    "`thread` say of which message, `part` and `type` which one. The rest of the message is found; it is tried again "
    "when the converter can do more.",
    "Nothing; when all of one type fail, look at the program that converts it (docs/attachments.md)."};

inline constexpr std::array kAll{kAway, kBack, kUnreadable};

}  // namespace gatepost::attachments::event
