// A response as the cache holds it. Immutable after publication, but for its body while that grows:
// a revalidation makes a new one that shares the body.
// Thread: any. Reference counted; the store holds one reference, each exchange another.
#pragma once

#include <selvedge/base/clock.hpp>
#include <selvedge/base/fingerprint.hpp>
#include <selvedge/cache/body.hpp>
#include <selvedge/cache/purge_index.hpp>
#include <selvedge/http/byte_range.hpp>
#include <selvedge/http/head.hpp>
#include <selvedge/http/head_block.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <string>

namespace selvedge::cache {

// Whom a stored response is kept for, the most important first. The cache knows them by number.
using Owner = std::uint8_t; // below kOwners
inline constexpr std::size_t kOwners = 4;
inline constexpr Owner kLeastOwner = kOwners - 1;

// What this node has made of content by a content coding (RFC 9110, 8.4). The cache knows codings
// by number, and compares what a dictionary was by its SHA-256.
using Coding = std::uint8_t; // below kCodings
inline constexpr Coding kAsItCame = 0;
inline constexpr std::size_t kCodings = 8;

// How long a response may be used without asking (RFC 9111, 4.2). All relative to `response_time`,
// so a jump of the wall clock changes nothing.
struct Freshness {
  base::Steady response_time{};            // when the response was received
  base::Seconds initial_age{0};            // corrected_initial_age
  base::Seconds lifetime{0};               // freshness_lifetime
  base::Seconds stale_while_revalidate{0}; // RFC 5861
  base::Seconds stale_if_error{0};
  bool must_revalidate = false; // never served stale
  bool no_cache = false;        // validated before every use
  bool immutable = false;       // RFC 8246: not validated while it is fresh
  // Fixed texts for `explain`: what `lifetime` was taken from ("max-age", "expires", "heuristic";
  // "" where there is none), and the field whose directives counted.
  std::string_view source{};
  std::string_view control_field{};

  base::Seconds age(base::Steady now) const; // current_age
  bool is_fresh(base::Steady now) const { return age(now) < lifetime && !no_cache; }
};

class StoredResponse
    : public boost::intrusive_ref_counter<StoredResponse, boost::thread_safe_counter> {
public:
  struct Parts {
    std::string key;         // the full cache key
    base::Fingerprint print; // of the key
    http::Status status = 200;
    http::HeadBlock head;
    http::HeadBlock steering; // fields for caches alone: of control, and tags
    boost::intrusive_ptr<Body> body;
    Freshness freshness;
    std::chrono::sys_seconds date{}; // of the response, for validation without Last-Modified
    // The request fields that Vary names, as vary_text() writes them; empty without Vary.
    std::string vary;
    // The same with the values as they were sent, where that differs: most clients that want this
    // response write what the one wrote that caused it, and then nothing need be made of it.
    std::string vary_as_sent;
    // Nothing is stored here but the knowledge that this key's answers are not stored: requests
    // need not queue behind each other.
    bool is_pass_marker = false;
    // A 206: what its body holds of the representation (RFC 9111, 3.3). The status is 206.
    std::optional<http::ContentRange> content_range;
    Tags tags;
    TagPtr kept_by;      // one of the tags: while it is live, others go before this; null: none
    PurgeEpoch born = 0; // of its fetch
    // Of a variant that was made here, beside the response as it came.
    Coding coding = kAsItCame;
    std::uint64_t made_of = 0;                       // the Body::id() of the content as it came
    std::shared_ptr<const ContentDigest> dictionary; // null: it needs none
    Owner owner = kLeastOwner;
  };
  // `elsewhere`: memory that is held for it outside of these parts, in bytes; charged with them.
  StoredResponse(Parts parts, MemoryLedger* ledger, std::size_t elsewhere = 0);
  ~StoredResponse();

  std::string_view key() const { return parts_.key; }
  const base::Fingerprint& print() const { return parts_.print; }
  http::Status status() const { return parts_.status; }
  const http::HeadBlock& head() const { return parts_.head; }
  const http::HeadBlock& steering() const { return parts_.steering; }
  Body& body() const { return *parts_.body; } // Requires: not a pass marker without content
  const boost::intrusive_ptr<Body>& shared_body() const { return parts_.body; }
  const Freshness& freshness() const { return parts_.freshness; }
  std::chrono::sys_seconds date() const { return parts_.date; }
  std::string_view vary() const { return parts_.vary; }
  std::string_view vary_as_sent() const { return parts_.vary_as_sent; }
  bool is_pass_marker() const { return parts_.is_pass_marker; }
  bool is_partial() const { return is_partial_; } // it has a content range
  const std::optional<http::ContentRange>& content_range() const { return parts_.content_range; }
  Coding coding() const { return parts_.coding; }
  const std::shared_ptr<const ContentDigest>& dictionary() const { return parts_.dictionary; }
  // The same for a response and for all that was made of it. Requires: as body().
  std::uint64_t content_id() const {
    return parts_.coding == kAsItCame ? parts_.body->id() : parts_.made_of;
  }
  const TagPtr& kept_by() const { return parts_.kept_by; }
  bool is_live() const { return parts_.kept_by && PurgeIndex::is_live(parts_.kept_by); }
  const PurgeState& purge_state() const { return purge_state_; }
  std::string_view etag() const { return head().value(http::FieldName::etag); }
  std::string_view last_modified() const { return head().value(http::FieldName::last_modified); }
  // Everything held for it: body, head, key, itself and its place in the index.
  std::size_t held_bytes() const {
    return own_bytes_ + (parts_.body ? parts_.body->live_bytes() : 0);
  }

  // The origin could not be asked about it at that time. For a moment after, those who may have it
  // stale need not wait to learn that again. Thread: any.
  void note_origin_failure(base::Steady at) const {
    origin_failure_.store(at.time_since_epoch().count(), std::memory_order_relaxed);
  }
  bool has_origin_failed_lately(base::Steady now) const;

  // --- for the eviction policy, under the lock of its stripe (but atomics: any thread, relaxed).
  struct EvictionState {
    boost::intrusive::list_member_hook<> hook;
    std::size_t bytes = 0;      // as counted when it was inserted
    std::uint32_t position = 0; // in a heap
    std::uint8_t queue = 0;
    std::uint8_t lane = 0; // of the store: which policy has it
  };
  mutable EvictionState eviction;
  // On the clock of EvictionShared: when it was last asked for, or last put into a queue.
  mutable std::atomic<double> moment{0};
  mutable std::atomic<std::uint8_t> visits{0};
  mutable std::atomic<Owner> owner;

private:
  // In front, beside what every lookup touches anyway.
  const bool is_partial_;
  PurgeState purge_state_; // has the tags and the birth of the parts
  Parts parts_;
  mutable std::atomic<base::Steady::rep> origin_failure_{0}; // 0: never
  MemoryLedger* ledger_;
  std::size_t own_bytes_;
};

using StoredResponsePtr = boost::intrusive_ptr<const StoredResponse>;

// The `vary` text of a response to `request` whose Vary fields are those of `response`: a line
// "name: value" for each field that Vary names, or "name" where the request had none (RFC
// 9111, 4.1); before them one about the query where the response has No-Vary-Search. Nothing for
// "Vary: *", which matches no request.
std::optional<std::string> vary_text(const http::FieldList& response,
                                     const http::RequestHead& request);
// The `vary_as_sent` of a response with that `vary` text; "" where both are the same.
std::string vary_text_as_sent(std::string_view vary_text, const http::RequestHead& request);
// RFC 9111, 4.1: whether the stored response, or one with that `vary` text, may answer this
// request. Values are compared after joining repeated fields and trimming whitespace; preferences
// (Accept-Encoding, Accept-Language) by what they mean.
bool selects(const StoredResponse& stored, const http::RequestHead& request);
bool selects(std::string_view vary_text, const http::RequestHead& request);
// The text has a line about the query: the response is stored under query_free_key().
bool is_query_free(std::string_view vary_text);

} // namespace selvedge::cache
