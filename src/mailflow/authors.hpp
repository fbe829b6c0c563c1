#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "directory/directory.hpp"

namespace gatepost::mailflow {

// In whose names a message goes out that somebody who signed in hands over.
struct Authors {
  // As SubmissionEdit::sender: what readers are told of who sent it.
  std::optional<std::string> sender;
  // Those it is sent as, or on behalf of.
  std::vector<directory::Authorship> others;
};

// What of an address in From that is nobody's here: of a domain that is not served, or no address at all.
enum class ForeignFrom : std::uint8_t { taken, refused };

// Looks at From and Sender of a header (RFC 5322 3.6.2). Each address in From has to be the submitter's, or of somebody
// who granted him a right to send (RFC 6409 6.1), or nobody's here and taken all the same. Mail on behalf of somebody,
// or of several authors, names in Sender who sent it; a Sender that is not the submitter's to use is replaced, or taken
// out (RFC 6409 8.1). Errc::forbidden: he may not; the detail says which right is missing, and how it is granted.
// Errc::invalid: more than one From, or one that names no address. A message without From is taken as it is.
Result<Authors> check_authors(directory::Directory& directory, const directory::Principal& submitter,
                              std::string_view header, ForeignFrom foreign);

// May the submitter use this address as reverse-path? Errc::denied, invalid; likewise.
Result<> check_reverse_path(directory::Directory& directory, const directory::Principal& submitter,
                            std::string_view address);

}  // namespace gatepost::mailflow
