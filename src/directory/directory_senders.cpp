#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "directory/addresses.hpp"
#include "directory/resolve.hpp"
#include "directory/stored_directory.hpp"

// The part of StoredDirectory that knows who may send in whose name.
namespace gatepost::directory {
namespace {

bool& bit(Index::SendRights& rights, SendRight right) { return right == SendRight::as ? rights.as : rights.on_behalf; }

// Is `id` meant by the grantee?
bool is_meant(const Index& index, PrincipalId who, PrincipalId id) {
  if (who == id) return true;
  return index.principal(who)->principal.kind == PrincipalKind::group && is_in_group(index, who, id);
}

// What `id` has of all that was granted by `of`, itself or as one of a group.
Index::SendRights rights_of(const Index& index, PrincipalId of, PrincipalId id) {
  Index::SendRights out;
  for (const auto& [who, rights] : index.senders(of)) {
    if ((out.as || !rights.as) && (out.on_behalf || !rights.on_behalf)) continue;
    if (!is_meant(index, who, id)) continue;
    out.as = out.as || rights.as;
    out.on_behalf = out.on_behalf || rights.on_behalf;
  }
  return out;
}

}  // namespace

Result<> StoredDirectory::change_senders(PrincipalId of, SendRight right, const std::vector<PrincipalId>& granted,
                                         const std::vector<PrincipalId>& revoked) {
  return write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* row = current.index.principal(of);
    if (row == nullptr) return fail(Errc::not_found, "there is no such account");
    const Index::Senders& there = current.index.senders(of);
    std::map<PrincipalId, Index::SendRights> now;  // of those that may change
    const auto at = [&](PrincipalId who) -> Index::SendRights& {
      const auto known = there.find(who);
      return now.try_emplace(who, known != there.end() ? known->second : Index::SendRights()).first->second;
    };
    for (const PrincipalId who : revoked) {
      const PrincipalRow* named = current.index.principal(who);
      if (named == nullptr) return fail(Errc::not_found, "there is no such account");
      if (!std::exchange(bit(at(who), right), false)) {
        return fail(Errc::not_found, fmt::format("{} was not granted {} for {}", named->principal.address,
                                                 to_string(right), row->principal.address));
      }
    }
    for (const PrincipalId who : granted) {
      if (current.index.principal(who) == nullptr) return fail(Errc::not_found, "there is no such account");
      if (who == of) return fail(Errc::invalid, "everybody may write in his own name");
      bit(at(who), right) = true;
    }
    std::erase_if(now, [&](const auto& one) {
      const auto known = there.find(one.first);
      return one.second == (known != there.end() ? known->second : Index::SendRights());
    });
    if (now.empty()) return {};
    std::size_t count = there.size();
    for (const auto& [who, rights] : now) {
      if (!there.contains(who)) ++count;
      if (rights == Index::SendRights()) --count;
    }
    if (count > kMaxSenders && count >= there.size()) {
      return fail(Errc::limit, fmt::format("at most {} have rights to send: grant them to a group", kMaxSenders));
    }
    // The entries of both sides show it.
    std::vector<Principal> changed{touched(current, change, row->principal)};
    for (const auto& [who, rights] : now) {
      if (rights != Index::SendRights()) {
        change.put(sender_key(of, who), encode(rights));
      } else {
        change.erase(sender_key(of, who));
      }
      changed.push_back(touched(current, change, current.index.principal(who)->principal));
    }
    change.apply = [of, now, changed](Index& index) {
      for (const auto& [who, rights] : now) index.put_sender(of, who, rights);
      for (const Principal& one : changed) index.put_principal(one);
    };
    return {};
  });
}

// One who was granted much, as a service's account may be, does not make one commit of it.
Result<> StoredDirectory::revoke_all_of(PrincipalId grantee) {
  for (;;) {
    bool more = false;
    GP_CHECK(write([&](const Current& current, Change& change) -> Result<> {
      const std::set<PrincipalId>& all = current.index.sends_for(grantee);
      more = all.size() > kMembersAtOnce;
      if (!more) return {};
      std::vector<Principal> changed;
      for (const PrincipalId of : all) {
        change.erase(sender_key(of, grantee));
        changed.push_back(touched(current, change, current.index.principal(of)->principal));
        if (changed.size() == kMembersAtOnce) break;
      }
      change.apply = [grantee, changed](Index& index) {
        for (const Principal& one : changed) {
          index.put_sender(one.id, grantee, {});
          index.put_principal(one);
        }
      };
      return {};
    }));
    if (!more) return {};
  }
}

std::vector<Principal> StoredDirectory::senders(PrincipalId of, SendRight right) {
  std::vector<Principal> out;
  const SharedLock reading(mutex_);
  for (const auto& [who, rights] : index_.senders(of)) {
    if (right == SendRight::as ? rights.as : rights.on_behalf) out.push_back(index_.principal(who)->principal);
  }
  std::ranges::sort(out, {}, &Principal::address);
  return out;
}

std::vector<Directory::SendsFor> StoredDirectory::sends_for(PrincipalId id) {
  std::set<PrincipalId> all;
  std::vector<SendsFor> out;
  const SharedLock reading(mutex_);
  for (const auto& [who, of] : index_.sends_for()) {
    if (directory::is_meant(index_, who, id)) all.insert(of.begin(), of.end());
  }
  all.erase(id);
  for (const PrincipalId of : all) {
    const Principal& principal = index_.principal(of)->principal;
    if (!principal.enabled) continue;
    out.push_back({principal, rights_of(index_, of, id).as ? SendRight::as : SendRight::on_behalf});
  }
  std::ranges::sort(out, {}, [](const SendsFor& one) -> const std::string& { return one.principal.address; });
  return out;
}

Result<Authorship> StoredDirectory::authorship(PrincipalId id, std::string_view address) {
  using Kind = Authorship::Kind;
  GP_TRY(const Address canonical, canonical_address(address));
  Authorship best;
  const SharedLock reading(mutex_);
  for (const PrincipalId owner : owners(index_, rules(), canonical.to_string())) {
    if (owner == id) return Authorship{Kind::own, id};
    const Index::SendRights rights = rights_of(index_, owner, id);
    const Kind kind = rights.as ? Kind::send_as : rights.on_behalf ? Kind::on_behalf : Kind::none;
    if (kind > best.kind) best = {kind, owner};
  }
  return best;
}

}  // namespace gatepost::directory
