#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "directory/addresses.hpp"
#include "directory/stored_directory.hpp"
#include "store/keys.hpp"

// The part of StoredDirectory that knows who sees whom.
namespace gatepost::directory {
namespace {

constexpr std::size_t kMaxNameOctets = 100;

Result<std::string> checked_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameOctets || !utf8::is_valid(name) ||
      std::ranges::any_of(name, ascii::is_control)) {
    return fail(Errc::invalid, "the name of an address book is UTF-8 text of 1 to 100 octets");
  }
  return std::string(name);
}

// What is kept of a name that a policy gives: a domain's own, or a grantee.
Result<std::string> kept(const Index& index, const std::string& name) {
  if (!name.contains('@')) {
    GP_TRY(std::string domain, canonical_domain(name));
    if (index.domain(domain) == nullptr) return fail(Errc::not_found, fmt::format("there is no domain {}", domain));
    return domain;
  }
  GP_TRY(const Address canonical, canonical_address(name));
  const AddressEntry* entry = index.address(canonical.to_string());
  const auto* id = entry != nullptr ? std::get_if<PrincipalId>(entry) : nullptr;
  if (id == nullptr) return fail(Errc::not_found, fmt::format("there is no {}", canonical.to_string()));
  return grantee(*id);
}

std::string shown(const Index& index, const std::string& name) {
  const auto id = principal_of(name);
  return id ? index.principal(*id)->principal.address : name;
}

// Everybody who is in the group, through groups in groups, and the groups themselves.
void add_all(const Index& index, PrincipalId start, Seen& seen) {
  std::vector<PrincipalId> steps;
  const auto step = [&](PrincipalId id) {
    if (!seen.people.insert(static_cast<std::uint64_t>(id)).second) return;
    seen.homes.emplace(home_domain(index.principal(id)->principal));
    steps.push_back(id);
  };
  step(start);
  while (!steps.empty()) {
    const PrincipalId from = steps.back();
    steps.pop_back();
    index.each_member(from, step, [&](std::string_view address) {
      if (const PrincipalRow* row = index.find_or_contact(address)) step(row->principal.id);
    });
  }
}

// The sum over all does not depend on their order.
std::uint64_t mark_of(const Seen& seen) {
  std::uint64_t mark = 0;
  for (const std::uint64_t id : seen.people) mark += std::hash<std::string>()(fmt::format("#{}", id));
  for (const std::string& domain : seen.domains) mark += std::hash<std::string>()(domain);
  return mark;
}

bool is_about(const Index& index, const AddressBook& book, PrincipalId viewer, std::string_view domain) {
  return std::ranges::any_of(book.viewers, [&](const std::string& one) {
    const auto id = principal_of(one);
    return id ? *id == viewer || is_in_group(index, *id, viewer) : one == domain;
  });
}

}  // namespace

Result<> StoredDirectory::put_address_book(const AddressBook& wanted) {
  GP_TRY(const std::string name, checked_name(wanted.name));
  if (wanted.viewers.size() > kMaxAddressBookNames || wanted.shown.size() > kMaxAddressBookNames) {
    return fail(Errc::limit, fmt::format("an address book names {} at most: use groups", kMaxAddressBookNames));
  }
  return write([&](const Current& current, Change& change) -> Result<> {
    const auto& all = current.index.address_books();
    if (!all.contains(name) && all.size() >= kMaxAddressBooks) {
      return fail(Errc::limit, fmt::format("there are {} address books at most", kMaxAddressBooks));
    }
    AddressBook book{.name = name};
    for (const auto& [from, to] : {std::pair(&wanted.viewers, &book.viewers), std::pair(&wanted.shown, &book.shown)}) {
      for (const std::string& one : *from) {
        GP_TRY(std::string known, kept(current.index, one));
        if (std::ranges::find(*to, known) == to->end()) to->push_back(std::move(known));
      }
    }
    change.put(address_book_key(name), encode(book));
    change.apply = [book](Index& index) { index.put_address_book(book); };
    return {};
  });
}

Result<> StoredDirectory::remove_address_book(std::string_view name) {
  return write([&](const Current& current, Change& change) -> Result<> {
    if (!current.index.address_books().contains(name)) {
      return fail(Errc::not_found, fmt::format("there is no address book {}", utf8::sanitize(name)));
    }
    change.erase(address_book_key(name));
    change.apply = [name](Index& index) { index.erase_address_book(name); };
    return {};
  });
}

std::vector<AddressBook> StoredDirectory::address_books_without(const Current& current, Change& change,
                                                                std::string_view name) {
  std::vector<AddressBook> out;
  for (const auto& [own_name, book] : current.index.address_books()) {
    AddressBook less = book;
    std::erase(less.viewers, name);
    std::erase(less.shown, name);
    if (less == book) continue;
    change.put(address_book_key(own_name), encode(less));
    out.push_back(std::move(less));
  }
  return out;
}

Result<std::vector<AddressBook>> StoredDirectory::address_books() {
  std::vector<AddressBook> out;
  const SharedLock reading(mutex_);
  for (const auto& [name, book] : index_.address_books()) {
    AddressBook one{.name = name};
    for (const std::string& viewer : book.viewers) one.viewers.push_back(shown(index_, viewer));
    for (const std::string& person : book.shown) one.shown.push_back(shown(index_, person));
    out.push_back(std::move(one));
  }
  return out;
}

Sight StoredDirectory::sight(const Principal& viewer, bool own_domain_only) {
  Sight out{.viewer = viewer.id,
            .role = viewer.role,
            .domain = std::string(home_domain(viewer)),
            .own_domain_only = own_domain_only};
  if (viewer.role != Role::none) return out;
  const SharedLock reading(mutex_);
  std::vector<std::string> books;
  for (const auto& [name, book] : index_.address_books()) {
    if (is_about(index_, book, viewer.id, out.domain)) books.push_back(name);
  }
  if (!books.empty()) out.seen = seen_by(books);
  return out;
}

std::shared_ptr<const Seen> StoredDirectory::seen_by(const std::vector<std::string>& books) {
  const std::uint64_t now = change_.load(std::memory_order_relaxed);
  {
    const Lock lock(seen_mutex_);
    const auto known = seen_.find(books);
    if (known != seen_.end() && known->second.change == now) return known->second.seen;
  }
  auto seen = std::make_shared<Seen>();
  for (const std::string& name : books) {
    for (const std::string& one : index_.address_books().find(name)->second.shown) {
      if (const auto id = principal_of(one)) {
        add_all(index_, *id, *seen);
      } else if (std::ranges::find(seen->domains, one) == seen->domains.end()) {
        seen->domains.push_back(one);
        seen->homes.insert(one);
      }
    }
  }
  seen->mark = mark_of(*seen);
  const Lock lock(seen_mutex_);
  // Those of policies that are gone, or of other sets of them, go too.
  std::erase_if(seen_, [now](const auto& one) { return one.second.change != now; });
  seen_[books] = {now, seen};
  return seen;
}

}  // namespace gatepost::directory
