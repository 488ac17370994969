#include "compression.hpp"

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

// "abc" is "abc-br".
std::string coded_tag(std::string_view tag, ContentCoding coding) {
  if (!tag.ends_with('"')) return std::string(tag);
  std::string text(tag.substr(0, tag.size() - 1));
  return text.append("-").append(text_of(coding)).append("\"");
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

bool varies_by_coding(const http::HeadBlock& head) {
  bool is_found = false;
  for (const http::Field& field : head.fields()) {
    if (field.id != FieldName::vary) continue;
    http::for_each_element(field.value, [&is_found](std::string_view name) {
      is_found = is_found || name == "*" || http::equals_ignoring_case(name, "accept-encoding");
      return !is_found;
    });
  }
  return is_found;
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
cache::TakenCodings Compression::taken_by(const http::RequestHead& request) const {
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
  return taken;
}

ContentCoding Compression::best_of(const cache::TakenCodings& taken) {
  const auto best = std::ranges::max_element(taken.ranks);
  return static_cast<ContentCoding>(best - taken.ranks.begin());
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

int Compression::level_of(ContentCoding coding) const {
  switch (coding) {
  case ContentCoding::gzip:
    return options_.gzip_level;
  case ContentCoding::br:
    return options_.br_level;
  case ContentCoding::zstd:
  case ContentCoding::dcz:
    return options_.zstd_level;
  case ContentCoding::identity:
    break;
  }
  return 0;
}

boost::intrusive_ptr<cache::StoredResponse> coded_response(const cache::StoredResponse& as_it_came,
                                                           ContentCoding coding,
                                                           boost::intrusive_ptr<cache::Body> body,
                                                           cache::MemoryLedger& ledger) {
  http::FieldList fields;
  std::string vary;
  for (const http::Field& field : as_it_came.head().fields()) {
    if (field.id == FieldName::vary) vary.append(vary.empty() ? "" : ", ").append(field.value);
    const bool is_written_anew = field.id == FieldName::vary || field.id == FieldName::etag;
    if (!is_written_anew && !is_about_coded_bytes(field)) fields.add(field);
  }
  const std::string tag = coded_tag(as_it_came.etag(), coding);
  if (!tag.empty()) fields.add(FieldName::etag, tag);
  fields.add(FieldName::content_encoding, text_of(coding));
  if (!varies_by_coding(as_it_came.head())) {
    vary.append(vary.empty() ? "" : ", ").append("accept-encoding");
  }
  fields.add(FieldName::vary, vary);
  cache::StoredResponse::Parts parts = cache::parts_like(as_it_came);
  parts.head = http::HeadBlock(fields);
  parts.status = as_it_came.status();
  parts.owner = as_it_came.owner.load(std::memory_order_relaxed);
  parts.coding = number_of(coding);
  parts.made_of = as_it_came.content_id();
  parts.body = std::move(body);
  return new cache::StoredResponse(std::move(parts), &ledger);
}

} // namespace selvedge::proxy
