#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "directory/photo.hpp"
#include "directory/records.hpp"
#include "directory/stored_directory.hpp"
#include "store/keys.hpp"

// The part of StoredDirectory that keeps pictures.
namespace gatepost::directory {
namespace {

constexpr std::chrono::seconds kMaxReadTime{60};
constexpr int kReads = 3;  // when the picture is changed meanwhile

std::unexpected<Error> no_photo() { return fail(Errc::not_found, "there is no picture"); }

}  // namespace

Result<> StoredDirectory::set_photo(PrincipalId id, std::string_view octets) {
  PhotoMark mark;
  if (!octets.empty()) {
    GP_TRY(const PhotoFacts facts, read_photo(octets));
    mark = mark_of(facts.type, octets);
  }
  return write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return fail(Errc::not_found, "there is no such account");
    if (found->principal.photo == mark) return {};
    Principal row = found->principal;
    row.photo = mark;
    change.batch.erases = {all_photo_pieces(id)};
    for (std::uint32_t piece = 0; piece * kPhotoPieceOctets < octets.size(); ++piece) {
      change.put(photo_key(id, piece), encode_photo_piece(octets.substr(piece * kPhotoPieceOctets, kPhotoPieceOctets)));
    }
    row = touched(current, change, std::move(row));
    change.apply = [row](Index& index) { index.put_principal(row); };
    return {};
  });
}

Result<std::string> StoredDirectory::photo(PrincipalId id) {
  for (int attempt = 0; attempt < kReads; ++attempt) {
    const auto owner = row(id);
    if (!owner || owner->principal.photo.type == PhotoType::none) return no_photo();
    const PhotoMark& mark = owner->principal.photo;
    GP_TRY(const auto snapshot, keys_.snapshot(store::kDirectoryPartition, kMaxReadTime));
    std::string octets;
    Result<> read;
    const store::RangeErase all = all_photo_pieces(id);
    GP_CHECK(snapshot->scan(all.begin, all.end, false, 1, [&](store::Entry entry) {
      const auto piece = read_photo_piece(entry.value);
      if (!piece) {
        read = std::unexpected(piece.error());
        return false;
      }
      octets += *piece;
      return octets.size() <= mark.octets;
    }));
    GP_CHECK(read);
    if (mark_of(mark.type, octets) == mark) return octets;
  }
  return fail(Errc::corrupt, fmt::format("the picture of principal {}", static_cast<std::uint64_t>(id)));
}

}  // namespace gatepost::directory
