#include "admin/table.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/utf8.hpp"

namespace gatepost::admin {
namespace {

namespace json = boost::json;

std::size_t width(std::string_view text) {
  std::size_t n = 0;
  while (!text.empty()) {
    utf8::next(text);
    ++n;
  }
  return n;
}

// Harmless on a terminal: no C0 or C1 controls.
std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char32_t c = utf8::next(text);
    utf8::append(out, c < 0x20 || (c >= 0x7f && c < 0xa0) ? U'\ufffd' : c);
  }
  return out;
}

}  // namespace

Table& Table::row() {
  rows_.emplace_back();
  return *this;
}
Table& Table::text(std::string_view value) {
  rows_.back().push_back({utf8::sanitize(value), Cell::Kind::text});
  return *this;
}
Table& Table::number(std::uint64_t value) {
  rows_.back().push_back({std::to_string(value), Cell::Kind::number});
  return *this;
}
Table& Table::boolean(bool value) {
  rows_.back().push_back({value ? "yes" : "no", Cell::Kind::boolean});
  return *this;
}

Reply Table::reply(std::string_view empty) const {
  std::vector<std::size_t> widths;
  for (const auto column : columns_) widths.push_back(column.size());
  json::array array;
  for (const auto& row : rows_) {
    json::object object;
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width(row[i].shown));
      const std::string key(columns_[i]);
      switch (row[i].kind) {
        case Cell::Kind::text:
          object[key] = row[i].shown;
          break;
        case Cell::Kind::number:
          object[key] = std::stoull(row[i].shown);
          break;
        case Cell::Kind::boolean:
          object[key] = row[i].shown == "yes";
          break;
      }
    }
    array.emplace_back(std::move(object));
  }
  Reply reply;
  reply.json = json::serialize(array);
  if (rows_.empty()) {
    reply.text = fmt::format("{}\n", empty);
    return reply;
  }
  const auto line = [&](auto&& cell_at) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string cell(cell_at(i));
      reply.text += cell;
      if (i + 1 < columns_.size()) reply.text.append(widths[i] - width(cell) + 2, ' ');
    }
    reply.text += '\n';
  };
  line([&](std::size_t i) { return columns_[i]; });
  for (const auto& row : rows_) line([&](std::size_t i) { return printable(row[i].shown); });
  return reply;
}

Reply done(std::string_view sentence, std::string_view name,
           const std::vector<std::pair<std::string_view, std::string>>& more) {
  json::object object{{"done", utf8::sanitize(sentence)}, {"name", utf8::sanitize(name)}};
  for (const auto& [key, value] : more) object[json::string_view(key.data(), key.size())] = value;
  Reply reply;
  reply.text = fmt::format("{}\n", utf8::sanitize(sentence));
  reply.json = json::serialize(object);
  return reply;
}

}  // namespace gatepost::admin
