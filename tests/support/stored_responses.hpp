// Stored responses for tests of the cache, made from as little as the test cares about.
#pragma once

#include <selvedge/cache/cache_key.hpp>
#include <selvedge/cache/stored_response.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

namespace selvedge::test {

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

inline http::FieldList fields(Fields list) {
  http::FieldList result;
  for (const auto& [name, value] : list) result.add(name, value);
  return result;
}

inline http::RequestHead request(Fields list = {}) {
  http::RequestHead head;
  head.fields = fields(list);
  return head;
}

inline cache::CacheKey key_of(std::string_view text) {
  return {text, base::fingerprint(text)};
}

inline boost::intrusive_ptr<cache::Body> complete_body(std::string_view content,
                                                       cache::MemoryLedger* ledger) {
  boost::intrusive_ptr<cache::Body> body(
      new cache::Body({.length = content.size(), .ledger = ledger}));
  body->append(content);
  body->finish();
  return body;
}

inline std::string content_of(const cache::StoredResponse& stored) {
  std::string content;
  if (!stored.shared_body()) return content;
  cache::BodyReader reader(stored.body());
  std::string_view views[4];
  while (true) {
    const auto peek = reader.peek(views);
    if (peek.state != http::BodyState::ready) return content;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < peek.count; ++i) {
      content.append(views[i]);
      bytes += views[i].size();
    }
    reader.consume(bytes);
  }
}

struct Stored {
  std::string key = "http://example.com/";
  std::string content = "content";
  std::string vary{};
  http::FieldList head{};
  cache::Freshness freshness{};
  bool is_pass_marker = false;
  std::optional<http::ContentRange> content_range{};
  cache::Tags tags{};
  cache::PurgeEpoch born = 0;
};

inline boost::intrusive_ptr<cache::StoredResponse> stored(const Stored& wanted,
                                                          cache::MemoryLedger* ledger = nullptr) {
  cache::StoredResponse::Parts parts;
  parts.key = wanted.key;
  parts.print = base::fingerprint(wanted.key);
  parts.head = http::HeadBlock(wanted.head);
  if (!wanted.is_pass_marker) parts.body = complete_body(wanted.content, ledger);
  parts.freshness = wanted.freshness;
  parts.vary = wanted.vary;
  parts.is_pass_marker = wanted.is_pass_marker;
  if (wanted.content_range) parts.status = 206;
  parts.content_range = wanted.content_range;
  parts.tags = wanted.tags;
  parts.born = wanted.born;
  return boost::intrusive_ptr<cache::StoredResponse>(
      new cache::StoredResponse(std::move(parts), ledger));
}

} // namespace selvedge::test
