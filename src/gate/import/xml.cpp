#include "gate/import/xml.hpp"

#include "base/ascii.hpp"

namespace gatepost::gate::importing {
namespace {

constexpr std::size_t kMaxXmlDepth = 16, kMaxElements = 200'000, kMaxAttributes = 32;

bool is_name(char c) { return ascii::is_alnum(c) || c == '-' || c == '_' || c == '.' || c == ':' || ascii::is_8bit(c); }

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<Element> document() {
    Element root;
    std::vector<Element*> open;
    bool done = false;
    while (!rest_.empty()) {
      if (rest_[0] != '<') {
        std::string text = unescaped(take_until('<'));
        if (!open.empty()) open.back()->text += text;
        continue;
      }
      if (take("<!--")) {
        if (!skip_past("-->")) return fail(Errc::invalid, "a comment has no end");
      } else if (take("<?")) {
        if (!skip_past("?>")) return fail(Errc::invalid, "an instruction has no end");
      } else if (rest_.starts_with("<!")) {
        return fail(Errc::invalid, "it declares a document type or holds raw text");
      } else if (take("</")) {
        const std::string_view name = take_name();
        skip_space();
        if (open.empty() || open.back()->name != name || !take(">"))
          return fail(Errc::invalid, "an end without its begin");
        open.pop_back();
        done = open.empty();
      } else {
        if (done) return fail(Errc::invalid, "more than one root element");
        rest_.remove_prefix(1);
        if (++elements_ > kMaxElements || open.size() >= kMaxXmlDepth)
          return fail(Errc::too_large, "too many or too deep elements");
        Element element;
        GP_TRY(const bool closed, begin_of(element));
        Element* at = &root;
        if (open.empty()) {
          root = std::move(element);
        } else {
          at = &open.back()->children.emplace_back(std::move(element));
        }
        if (!closed) open.push_back(at);
        done = closed && open.empty();
      }
    }
    if (!done) return fail(Errc::invalid, "it is not XML, or ends too early");
    return root;
  }

 private:
  bool take(std::string_view front) {
    if (!rest_.starts_with(front)) return false;
    rest_.remove_prefix(front.size());
    return true;
  }
  std::string_view take_until(char end) {
    const std::size_t at = rest_.find(end);
    const std::string_view out = rest_.substr(0, at);
    rest_.remove_prefix(out.size());
    return out;
  }
  bool skip_past(std::string_view end) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos) return false;
    rest_.remove_prefix(at + end.size());
    return true;
  }
  void skip_space() {
    while (!rest_.empty() && ascii::is_space(rest_[0])) rest_.remove_prefix(1);
  }
  std::string_view take_name() {
    std::size_t n = 0;
    while (n < rest_.size() && is_name(rest_[n])) ++n;
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }

  // After '<'. True: it ended at once ("/>").
  Result<bool> begin_of(Element& into) {
    into.name = take_name();
    if (into.name.empty()) return fail(Errc::invalid, "an element without a name");
    for (std::size_t count = 0;; ++count) {
      skip_space();
      if (take("/>")) return true;
      if (take(">")) return false;
      const std::string_view key = take_name();
      skip_space();
      if (key.empty() || count > kMaxAttributes || !take("="))
        return fail(Errc::invalid, "an attribute is not well-formed");
      skip_space();
      if (rest_.empty() || (rest_[0] != '"' && rest_[0] != '\''))
        return fail(Errc::invalid, "an attribute is not quoted");
      const char quote = rest_[0];
      rest_.remove_prefix(1);
      const std::string_view value = take_until(quote);
      if (rest_.empty()) return fail(Errc::invalid, "an attribute has no end");
      rest_.remove_prefix(1);
      into.attributes.emplace(key, unescaped(value));
    }
  }

  static std::string unescaped(std::string_view text) {
    static constexpr std::pair<std::string_view, char> kNames[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    std::string out;
    while (!text.empty()) {
      bool known = false;
      for (const auto& [name, c] : kNames) {
        if (!text.starts_with(name)) continue;
        out.push_back(c);
        text.remove_prefix(name.size());
        known = true;
        break;
      }
      if (known) continue;
      out.push_back(text[0]);
      text.remove_prefix(1);
    }
    return out;
  }

  std::string_view rest_;
  std::size_t elements_ = 0;
};

}  // namespace

std::string_view Element::attribute(std::string_view key) const {
  const auto at = attributes.find(key);
  return at == attributes.end() ? std::string_view() : std::string_view(at->second);
}

const Element* Element::child(std::string_view child_name) const {
  for (const Element& e : children) {
    if (e.name == child_name) return &e;
  }
  return nullptr;
}

Result<Element> parse_xml(std::string_view text) { return Parser(text).document(); }

}  // namespace gatepost::gate::importing
