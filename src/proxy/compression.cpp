#include "compression.hpp"

#include "dictionary_place.hpp"

#include <selvedge/cache/combine.hpp>

#include <algorithm>
#include <array>

namespace selvedge::proxy {

using coding::ContentCoding;
using http::FieldName;

namespace {

// "text/*" for what begins so, "*+xml" for what ends so.
bool matches(std::string_view type, std::string_view pattern) {
  if (pattern.ends_with('*')) {
    pattern.remove_suffix(1);
    return type.size() >= pattern.size() &&
           http::equals_ignoring_case(type.substr(0, pattern.size()), pattern);
  }
  if (pattern.starts_with('*')) {
    pattern.remove_prefix(1);
    return type.size() >= pattern.size() &&
           http::equals_ignoring_case(type.substr(type.size() - pattern.size()), pattern);
  }
  return http::equals_ignoring_case(type, pattern);
}

template <typename Fields> bool has_no_transform(const Fields& fields) {
  for (const http::Field& field : fields) {
    if (field.id != FieldName::cache_control) continue;
    bool is_found = false;
    http::for_each_element(field.value, [&is_found](std::string_view directive) {
      is_found = is_found || http::equals_ignoring_case(directive, "no-transform");
      return !is_found;
    });
    if (is_found) return true;
  }
  return false;
}

// "abc" is "abc-br"; of other bytes by another dictionary it is another.
std::string coded_tag(std::string_view tag, ContentCoding coding,
                      const cache::ContentDigest* dictionary) {
  if (!tag.ends_with('"')) return std::string(tag);
  std::string text(tag.substr(0, tag.size() - 1));
  text.append("-").append(text_of(coding));
  if (dictionary != nullptr) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    constexpr std::size_t kBytes = 8;
    text.push_back('-');
    for (const unsigned char byte : std::span(*dictionary).first<kBytes>()) {
      text += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return text.append("\"");
}

} // namespace

bool forbids_transforming(const http::FieldList& fields) {
  return has_no_transform(fields);
}

bool is_about_coded_bytes(const http::Field& field) {
  if (field.id != FieldName::unknown) return field.id == FieldName::content_encoding;
  return http::equals_ignoring_case(field.name, "content-md5") ||
         http::equals_ignoring_case(field.name, "digest") ||
         http::equals_ignoring_case(field.name, "content-digest") ||
         http::equals_ignoring_case(field.name, "repr-digest");
}

Compression::Compression(CompressionOptions options) : options_(std::move(options)) {
  for (const std::string& name : options_.codings) {
    codings_.push_back(coding::content_coding_of(name).value());
  }
  for (const std::string& name : options_.from_origin) {
    accepted_of_origin_.append(accepted_of_origin_.empty() ? "" : ", ").append(name);
  }
  if (accepted_of_origin_.empty()) accepted_of_origin_ = "identity";
}

// A greater rank for a greater weight, and of equal ones for what is offered sooner. What comes as
// it came is always taken: it is better than nothing.
cache::TakenCodings Compression::taken_by(const http::RequestHead& request,
                                          const cache::ContentDigest* dictionary) const {
  const auto accepted = coding::AcceptedCodings::of(request.fields);
  std::array<ContentCoding, coding::kContentCodings> order; // the best first
  std::size_t count = 0;
  const auto put = [&](ContentCoding coding) {
    std::size_t at = count++;
    for (; at > 0 && accepted.weight(order[at - 1]) < accepted.weight(coding); --at) {
      order[at] = order[at - 1];
    }
    order[at] = coding;
  };
  for (const ContentCoding coding : codings_) {
    if (accepted.has(coding) && count + 1 < order.size()) put(coding);
  }
  put(ContentCoding::identity);
  cache::TakenCodings taken;
  for (std::size_t at = 0; at < count; ++at) {
    taken.ranks[number_of(order[at])] = static_cast<std::uint8_t>(count - at);
  }
  if (dictionary != nullptr && accepted.has(ContentCoding::dcz)) {
    taken.dictionary = dictionary;
    taken.ranks[number_of(ContentCoding::dcz)] = static_cast<std::uint8_t>(count + 1);
  }
  return taken;
}

cache::TakenCodings Compression::take_codings(http::RequestHead& request,
                                              base::Arena& arena) const {
  const cache::ContentDigest* dictionary = nullptr;
  if (has_dictionaries()) {
    if (const auto found = available_dictionary(request.fields)) {
      dictionary = arena.make<cache::ContentDigest>(*found);
    }
    request.fields.remove_if([](const http::Field& field) {
      return http::equals_ignoring_case(field.name, kAvailableDictionary) ||
             http::equals_ignoring_case(field.name, kDictionaryId);
    });
  }
  const cache::TakenCodings taken = taken_by(request, dictionary);
  request.fields.remove(FieldName::accept_encoding);
  return taken;
}

ContentCoding Compression::best_of(const cache::TakenCodings& taken) {
  std::array<std::uint8_t, cache::kCodings> ranks = taken.ranks;
  ranks[number_of(ContentCoding::dcz)] = 0;
  return static_cast<ContentCoding>(std::ranges::max_element(ranks) - ranks.begin());
}

bool Compression::takes_type(std::string_view content_type) const {
  const std::string_view type = http::trim(content_type.substr(0, content_type.find(';')));
  return std::ranges::any_of(options_.types,
                             [type](const std::string& one) { return matches(type, one); });
}

bool Compression::may_code(const cache::StoredResponse& response) const {
  if (response.coding() != cache::kAsItCame || response.status() != 200) return false;
  if (response.is_partial() || response.is_pass_marker()) return false;
  const auto length = response.body().length();
  if (length && *length < options_.min_size) return false;
  if (length.value_or(response.body().appended()) > options_.max_size) return false;
  const http::HeadBlock& head = response.head();
  return takes_type(head.value(FieldName::content_type)) &&
         head.find(FieldName::content_encoding) == nullptr && !has_no_transform(head.fields());
}

bool Compression::may_be_dictionary(const http::ResponseHead& head,
                                    std::optional<std::uint64_t> length) const {
  if (!has_dictionaries() || head.status != 200) return false;
  if (length && (*length < options_.min_size || *length > options_.dictionaries.max_size)) {
    return false;
  }
  return takes_type(head.fields.value(FieldName::content_type)) &&
         head.fields.find(FieldName::content_encoding) == nullptr && !has_no_transform(head.fields);
}

bool Compression::may_compare(const cache::StoredResponse& content,
                              const cache::StoredResponse& dictionary) const {
  const std::uint64_t most = options_.dictionaries.max_size;
  return has_dictionaries() && may_code(content) && content.body().appended() <= most &&
         dictionary.body().appended() <= most && dictionary.body().appended() > 0;
}

std::uint64_t Compression::most_of_difference(std::uint64_t others) const {
  return others * (100 - std::min(options_.dictionaries.least_saving, 100u)) / 100;
}

int Compression::level_of(ContentCoding coding, overload::LoadLevel load) const {
  constexpr int kQuick = 2;
  const int level = configured_level(coding);
  return load >= overload::LoadLevel::high ? std::min(level, kQuick) : level;
}

int Compression::configured_level(ContentCoding coding) const {
  switch (coding) {
  case ContentCoding::gzip:
    return options_.gzip_level;
  case ContentCoding::br:
    return options_.br_level;
  case ContentCoding::zstd:
    return options_.zstd_level;
  case ContentCoding::dcz:
    return options_.dictionaries.level;
  case ContentCoding::identity:
    break;
  }
  return 0;
}

// RFC 9110, 12.5.5; RFC 9842, 6.2.
std::string_view chosen_by(const http::HeadBlock& head, bool by_dictionary) {
  bool says_coding = false;
  bool says_dictionary = false;
  bool has_dictionaries = by_dictionary;
  for (const http::Field& field : head.fields()) {
    has_dictionaries =
        has_dictionaries || (field.id == FieldName::unknown && field.name == kUseAsDictionary);
    if (field.id != FieldName::vary) continue;
    http::for_each_element(field.value, [&](std::string_view name) {
      const bool says_all = name == "*";
      says_coding = says_coding || says_all || http::equals_ignoring_case(name, "accept-encoding");
      says_dictionary =
          says_dictionary || says_all || http::equals_ignoring_case(name, kAvailableDictionary);
      return true;
    });
  }
  if (!has_dictionaries || says_dictionary) return says_coding ? "" : "accept-encoding";
  return says_coding ? "available-dictionary" : "accept-encoding, available-dictionary";
}

boost::intrusive_ptr<cache::StoredResponse>
coded_response(const cache::StoredResponse& as_it_came, ContentCoding coding,
               boost::intrusive_ptr<cache::Body> body, cache::MemoryLedger& ledger,
               std::shared_ptr<const cache::ContentDigest> dictionary) {
  http::FieldList fields;
  std::string vary;
  for (const http::Field& field : as_it_came.head().fields()) {
    if (field.id == FieldName::vary) vary.append(vary.empty() ? "" : ", ").append(field.value);
    const bool is_written_anew = field.id == FieldName::vary || field.id == FieldName::etag;
    if (!is_written_anew && !is_about_coded_bytes(field)) fields.add(field);
  }
  const std::string tag = coded_tag(as_it_came.etag(), coding, dictionary.get());
  if (!tag.empty()) fields.add(FieldName::etag, tag);
  fields.add(FieldName::content_encoding, text_of(coding));
  const std::string_view more = chosen_by(as_it_came.head(), dictionary != nullptr);
  vary.append(vary.empty() || more.empty() ? "" : ", ").append(more);
  fields.add(FieldName::vary, vary);
  cache::StoredResponse::Parts parts = cache::parts_like(as_it_came);
  parts.head = http::HeadBlock(fields);
  parts.status = as_it_came.status();
  parts.owner = as_it_came.owner.load(std::memory_order_relaxed);
  parts.coding = number_of(coding);
  parts.made_of = as_it_came.content_id();
  parts.dictionary = std::move(dictionary);
  parts.body = std::move(body);
  return new cache::StoredResponse(std::move(parts), &ledger);
}

} // namespace selvedge::proxy
