#include <selvedge/http/rate_limit_fields.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace selvedge::http {

namespace {

// The largest Integer (RFC 9651, 3.3.1).
constexpr std::uint64_t kLargest = 999'999'999'999'999;

// The longest item: a name, the unit and two numbers, with what is around them.
constexpr std::size_t kItemBytes = kPolicyNameBytes + 70;
static_assert(2 * kItemBytes + 2 <= RateLimitText::kBytes);

std::uint64_t count_of(std::chrono::seconds time) {
  return static_cast<std::uint64_t>(std::max<std::chrono::seconds::rep>(time.count(), 0));
}

// One member of the list, with its parameters. Room is never short: kItemBytes says so.
class ItemText {
public:
  explicit ItemText(std::string_view name) {
    add("\"");
    const std::size_t end = size_ + kPolicyNameBytes;
    for (const char& c : name) {
      if (!add_byte(c, end)) break;
    }
    add("\"");
  }

  void add(std::string_view text) {
    std::memcpy(text_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  void add_number(std::string_view key, std::uint64_t value) {
    add(key);
    char* const end = text_.data() + text_.size();
    const auto result = std::to_chars(text_.data() + size_, end, std::min(value, kLargest));
    size_ = static_cast<std::size_t>(result.ptr - text_.data());
  }
  std::string_view view() const { return {text_.data(), size_}; }

private:
  // Of a String (RFC 9651, 4.1.6), or escaped as in a Display String (4.1.11). False: it would end
  // behind `end`.
  bool add_byte(const char& c, std::size_t end) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    const bool is_printable = byte >= 0x20 && byte < 0x7f;
    const bool is_escaped = c == '"' || c == '\\';
    const std::size_t bytes = !is_printable ? 3 : is_escaped ? 2 : 1;
    if (bytes > end - size_) return false;
    if (is_printable) {
      if (is_escaped) add("\\");
      add({&c, 1});
    } else {
      add("%");
      add(kHex.substr(byte >> 4, 1));
      add(kHex.substr(byte & 15, 1));
    }
    return true;
  }

  std::array<char, kItemBytes> text_;
  std::size_t size_ = 0;
};

// 3.1
ItemText item_of(const QuotaPolicy& policy) {
  ItemText item(policy.name);
  item.add_number(";q=", policy.quota);
  if (policy.unit == QuotaUnit::concurrent_requests) item.add(";qu=\"concurrent-requests\"");
  // Not zero (3.1.3).
  if (policy.window) item.add_number(";w=", std::max<std::uint64_t>(count_of(*policy.window), 1));
  return item;
}

// 4.1
ItemText item_of(const ServiceLimit& limit) {
  ItemText item(limit.policy);
  item.add_number(";r=", limit.available);
  if (limit.effective_window) {
    const auto window = std::chrono::ceil<std::chrono::seconds>(*limit.effective_window);
    item.add_number(";t=", count_of(window));
  }
  return item;
}

template <typename Item> RateLimitText text_of(std::span<const Item> items) {
  RateLimitText text;
  for (const Item& one : items) {
    if (!text.add(item_of(one).view())) break;
  }
  return text;
}

} // namespace

bool RateLimitText::add(std::string_view item) {
  const std::string_view separator = size_ == 0 ? "" : ", ";
  if (separator.size() + item.size() > kBytes - size_) return false;
  for (const std::string_view text : {separator, item}) {
    std::memcpy(text_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  return true;
}

RateLimitText rate_limit_policy_text(std::span<const QuotaPolicy> policies) {
  return text_of(policies);
}

RateLimitText rate_limit_text(std::span<const ServiceLimit> limits) {
  return text_of(limits);
}

} // namespace selvedge::http
