#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "directory/directory.hpp"
#include "directory/index.hpp"

namespace gatepost::directory {

inline constexpr std::size_t kMaxExpansion = 10'000;  // addresses looked at for one recipient

struct ResolveRules {
  std::string_view delimiters;  // Options::recipient_delimiter
  std::string_view postmaster;  // canonical, or empty
};

// Where mail for a canonical address goes; see Directory::resolve(). An address of ours is looked up
//   1. as it is, 2. as a plus form, longest base first, 3. if it is postmaster@ or abuse@: as rules.postmaster,
//   4. as the domain's catch-all, 5. if it is postmaster@ or abuse@: as the enabled person added first.
// The first that there is counts. A detail goes along through aliases. Errc::limit: over kMaxExpansion addresses.
Result<std::vector<Destination>> resolve(const Index&, const ResolveRules&, std::string_view address);

// Does the address lead to `id` by steps 1 and 2 alone? Not through groups unless `through_groups`: a member of one may
// not write in its name.
bool leads_to(const Index&, const ResolveRules&, std::string_view address, PrincipalId id, bool through_groups = false);

// Whose address it is by the same steps: accounts, and groups as themselves. Nobody who is disabled.
std::vector<PrincipalId> owners(const Index&, const ResolveRules&, std::string_view address);

// Is `id` a member of the group, or of one that is a member of it, and so on?
bool is_in_group(const Index&, PrincipalId group, PrincipalId id);

// Is it an outside address, or does step 1 or 2 find it, or is it postmaster@ or abuse@? What may be named as a target.
bool is_answered(const Index&, const ResolveRules&, std::string_view address);

}  // namespace gatepost::directory
