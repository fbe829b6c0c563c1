#include "mime/body_lists.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "mime/parameters.hpp"

namespace gatepost::mime {
namespace {

bool is_type(const Part& part, std::string_view type) { return ascii::iequals(part.type, type); }
bool is_media_type(const Part& part, std::string_view type, std::string_view subtype) {
  return is_type(part, type) && ascii::iequals(part.subtype, subtype);
}
bool is_attachment(const Part& part) { return part.disposition && ascii::iequals(*part.disposition, "attachment"); }
bool is_media(const Part& part) { return is_type(part, "image") || is_type(part, "audio") || is_type(part, "video"); }

// RFC 8621 4.1.4, "parseStructure": where a part belongs follows from what it is and what it is in.
class Sorter {
 public:
  Sorter(const Structure& structure, BodyLists& lists) : structure_(structure), lists_(lists) {}

  void run() {
    List* html = &lists_.html;
    List* text = &lists_.text;
    const Part& root = structure_.parts[0];
    if (root.kind != Part::Kind::multi) return place(0, 0, "mixed", false, html, text);
    const std::string subtype = ascii::to_lower(root.subtype);
    children(0, subtype, subtype == "alternative", html, text);
  }

 private:
  using List = std::vector<std::uint32_t>;

  void children(std::uint32_t index, std::string_view subtype, bool in_alternative, List* html, List* text) {
    const std::size_t text_before = text != nullptr ? text->size() : std::string::npos;
    const std::size_t html_before = html != nullptr ? html->size() : std::string::npos;
    std::uint32_t position = 0;
    for (std::uint32_t child = index + 1; child < structure_.parts[index].end;
         child = structure_.parts[child].end, ++position) {
      const Part& part = structure_.parts[child];
      if (part.kind == Part::Kind::multi) {
        const std::string inner = ascii::to_lower(part.subtype);
        children(child, inner, in_alternative || inner == "alternative", html, text);
      } else {
        place(child, position, subtype, in_alternative, html, text);
      }
    }
    if (subtype != "alternative") return;
    // What has one form only is shown in both.
    if (text != nullptr && html != nullptr) {
      if (text_before == text->size() && html_before != html->size()) {
        text->insert(text->end(), html->begin() + static_cast<std::ptrdiff_t>(html_before), html->end());
      } else if (html_before == html->size() && text_before != text->size()) {
        html->insert(html->end(), text->begin() + static_cast<std::ptrdiff_t>(text_before), text->end());
      }
    }
  }

  void place(std::uint32_t index, std::uint32_t position, std::string_view multipart, bool in_alternative, List*& html,
             List*& text) {
    const Part& part = structure_.parts[index];
    const bool shown = is_media_type(part, "text", "plain") || is_media_type(part, "text", "html") || is_media(part);
    const bool named = part_name(structure_, part).has_value();
    const bool inline_part =
        !is_attachment(part) && shown && (position == 0 || (multipart != "related" && (is_media(part) || !named)));
    if (!inline_part) {
      lists_.attachments.push_back(index);
      return;
    }
    if (multipart == "alternative") {
      if (is_media_type(part, "text", "plain")) {
        if (text != nullptr) text->push_back(index);
      } else if (is_media_type(part, "text", "html")) {
        if (html != nullptr) html->push_back(index);
      } else {
        lists_.attachments.push_back(index);
      }
      return;
    }
    if (in_alternative) {
      if (is_media_type(part, "text", "plain")) html = nullptr;
      if (is_media_type(part, "text", "html")) text = nullptr;
    }
    if (text != nullptr) text->push_back(index);
    if (html != nullptr) html->push_back(index);
    if ((text == nullptr || html == nullptr) && is_media(part)) lists_.attachments.push_back(index);
  }

  const Structure& structure_;
  BodyLists& lists_;
};

}  // namespace

std::optional<std::string> part_name(const Structure& structure, const Part& part) {
  // RFC 8621 4.1.4: "filename" of the disposition, else "name" of the type.
  if (auto name = decode_parameter(structure.parameters_of(part.disposition_parameters), "filename")) return name;
  return decode_parameter(structure.parameters_of(part.parameters), "name");
}

BodyLists body_lists(const Structure& structure) {
  BodyLists lists;
  Sorter(structure, lists).run();
  return lists;
}

bool has_attachment(const Structure& structure) {
  const BodyLists lists = body_lists(structure);
  return std::ranges::any_of(lists.attachments, [&](std::uint32_t index) {
    const Part& part = structure.parts[index];
    // A picture that HTML shows is no attachment to anybody.
    const bool shown = part.id && is_media(part) && !is_attachment(part);
    return !shown;
  });
}

}  // namespace gatepost::mime
