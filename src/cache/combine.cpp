#include <selvedge/cache/combine.hpp>

#include <selvedge/http/validator.hpp>

#include <algorithm>
#include <array>

namespace selvedge::cache {

namespace {

using http::ByteRange;
using http::FieldName;

// Adding a byte to a large part would copy all of it.
constexpr std::uint64_t kMinGrowth = 8;

// RFC 9110, 8.8.1: a date alone proves nothing about bytes here; an entity tag that is not weak
// does.
bool have_same_strong_validator(const StoredResponse& a, const StoredResponse& b) {
  const auto one = http::parse_entity_tag(a.etag());
  const auto other = http::parse_entity_tag(b.etag());
  return one && other && http::matches_strongly(*one, *other);
}

// Appends the bytes of `part` that lie within `wanted`, both in places of the representation.
void append(Body& to, const StoredResponse& part, const ByteRange& wanted) {
  BodyReader reader(part.body());
  std::uint64_t at = part.content_range()->range.first;
  std::array<std::string_view, 8> views;
  while (at <= wanted.last) {
    const http::BodySource::Peek found = reader.peek(views);
    if (found.state != http::BodyState::ready) return;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < found.count; ++i) {
      std::string_view view = views[i];
      bytes += view.size();
      const std::uint64_t skipped = wanted.first > at ? wanted.first - at : 0;
      at += view.size();
      if (skipped >= view.size()) continue;
      view.remove_prefix(static_cast<std::size_t>(skipped));
      if (at > wanted.last + 1) view.remove_suffix(static_cast<std::size_t>(at - wanted.last - 1));
      to.append(view);
      if (at > wanted.last) return;
    }
    reader.consume(bytes);
  }
}

bool is_whole(const ByteRange& range, const std::optional<std::uint64_t>& length) {
  return range.first == 0 && length && range.last + 1 == *length;
}

http::HeadBlock copy_of(const http::HeadBlock& block, std::span<const http::Field> added = {}) {
  http::FieldList fields;
  for (const http::Field& field : block.fields()) fields.add(field);
  for (const http::Field& field : added) fields.add(field);
  return http::HeadBlock(fields);
}

} // namespace

StoredResponse::Parts parts_like(const StoredResponse& from) {
  StoredResponse::Parts parts;
  parts.key = from.key();
  parts.print = from.print();
  parts.head = copy_of(from.head());
  parts.steering = copy_of(from.steering());
  parts.freshness = from.freshness();
  parts.date = from.date();
  parts.vary = from.vary();
  parts.vary_as_sent = from.vary_as_sent();
  parts.tags = from.purge_state().tags;
  parts.kept_by = from.kept_by();
  parts.born = from.purge_state().born;
  return parts;
}

boost::intrusive_ptr<StoredResponse> with_body(const StoredResponse& response,
                                               boost::intrusive_ptr<Body> body,
                                               std::span<const http::Field> added,
                                               MemoryLedger* ledger) {
  StoredResponse::Parts parts = parts_like(response);
  if (!added.empty()) parts.head = copy_of(response.head(), added);
  parts.status = response.status();
  parts.owner = response.owner.load(std::memory_order_relaxed);
  parts.body = std::move(body);
  return new StoredResponse(std::move(parts), ledger);
}

boost::intrusive_ptr<StoredResponse> completed(const StoredResponse& part, MemoryLedger* ledger) {
  const http::ContentRange& held = *part.content_range();
  if (!is_whole(held.range, held.complete_length)) return nullptr;
  StoredResponse::Parts parts = parts_like(part);
  parts.status = 200;
  parts.body = part.shared_body();
  return new StoredResponse(std::move(parts), ledger);
}

boost::intrusive_ptr<StoredResponse> combined(const StoredResponse& older,
                                              const StoredResponse& newer, MemoryLedger* ledger) {
  const http::ContentRange& old = *older.content_range();
  const http::ContentRange& fresh = *newer.content_range();
  if (older.vary() != newer.vary() || !have_same_strong_validator(older, newer)) return nullptr;
  if (old.complete_length && fresh.complete_length &&
      *old.complete_length != *fresh.complete_length) {
    return nullptr;
  }
  if (older.body().appended() != old.range.size() ||
      newer.body().appended() != fresh.range.size()) {
    return nullptr;
  }
  const bool touch =
      old.range.first <= fresh.range.last + 1 && fresh.range.first <= old.range.last + 1;
  const ByteRange all{std::min(old.range.first, fresh.range.first),
                      std::max(old.range.last, fresh.range.last)};
  if (!touch || all.size() > kMaxCombined) return nullptr;
  const auto length = fresh.complete_length ? fresh.complete_length : old.complete_length;
  const auto [less, more] = std::minmax({old.range.size(), fresh.range.size()});
  if (less < more / kMinGrowth && !is_whole(all, length)) return nullptr;

  StoredResponse::Parts parts = parts_like(newer);
  parts.born = std::min(older.purge_state().born, newer.purge_state().born);
  parts.status = is_whole(all, length) ? 200 : 206;
  if (parts.status == 206) parts.content_range = http::ContentRange{all, length};
  parts.body = new Body({.length = all.size(), .ledger = ledger});
  // What the newer one does not have before and behind it.
  if (old.range.first < fresh.range.first) {
    append(*parts.body, older, {old.range.first, fresh.range.first - 1});
  }
  append(*parts.body, newer, fresh.range);
  if (old.range.last > fresh.range.last) {
    append(*parts.body, older, {fresh.range.last + 1, old.range.last});
  }
  parts.body->finish();
  return new StoredResponse(std::move(parts), ledger);
}

} // namespace selvedge::cache
