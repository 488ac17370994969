// Obtains one response: a coroutine on the worker that began it, which asks the origin and feeds a
// Fill. It belongs to nobody: when it has ended, its frame lets it go.
// Thread: its worker; Fill::Producer's calls from any.
#pragma once

#include "content_check.hpp"
#include "content_relay.hpp"
#include "forward.hpp"

#include <selvedge/coding/decoder.hpp>
#include <selvedge/http/server_timing.hpp>
#include <selvedge/net/event.hpp>
#include <selvedge/proxy/proxy.hpp>
#include <selvedge/upstream/origin.hpp>

#include <memory>
#include <string>
#include <vector>

namespace selvedge::proxy {

// What the log says of a fetch.
struct FetchNotes {
  http::ServerTimings timings; // what the origin said, in the head and behind the content
  std::string_view trace_id;   // of a route that takes part in traces

  bool empty() const { return timings.empty() && trace_id.empty(); }
};

class Filler final : public std::enable_shared_from_this<Filler>,
                     private cache::Fill::Producer,
                     private upstream::InterimSink {
public:
  struct Task {
    cache::FillPtr fill;
    std::shared_ptr<const Routing> routing; // keeps the route and its origin
    const Route* route = nullptr;
    Purpose purpose = Purpose::fill;
    // What the origin is asked to confirm (GET), or what its answer is compared with (HEAD).
    cache::StoredResponsePtr stale;
    // Variants that the request does not select: a 304 may name one of them (RFC 9111, 4.3.1).
    std::vector<cache::StoredResponsePtr> candidates;
    std::string range; // of the representation, as a Range field has it; "" for all of it
    // The fill is for a slice: what comes instead of one is stored under this key.
    std::string whole_key;
    // Instead of a 5xx, a stale response may be given to those who wait: then the fill fails.
    bool has_fallback = false;
    http::BodySource* content = nullptr;     // of the client's request
    upstream::InterimSink* client = nullptr; // who wants interim responses
    overload::Importance importance = overload::Importance::premium;
    // The version of a bundle that it is of, "acme-ui@2.3.1"; of an index "acme-ui"; empty: of
    // none.
    std::string bundle;
    bool is_secondary = false; // nobody needs it to see the bundle
    // What the content of a 200 must be; none: nothing is known.
    std::optional<ExpectedContent> expected;
    cache::TakenCodings taken;          // by the client, on a route that codes
    std::string_view asked_codings;     // as it wrote them; read at the start only
    base::Seconds most_lifetime{0};     // of what is stored, whatever the origin says; 0: any
    upstream::Origin* origin = nullptr; // instead of the route's; kept by the routing
  };
  // Copies of the request what it needs.
  static std::shared_ptr<Filler> start(Proxy& proxy, const http::RequestHead& request,
                                       const downstream::ClientConnection& client, Task task);

  Filler(Proxy& proxy, const http::RequestHead& request, const downstream::ClientConnection& client,
         Task task);
  ~Filler();

  // The client that caused this has gone, and with it the content of its request.
  void detach_client();
  // What is known so far; the views live as long as this does.
  const FetchNotes& notes() const { return notes_; }

private:
  enum class Next : std::uint8_t { read_content, ask_again, nothing };
  struct Deadline final : base::Timer {
    explicit Deadline(Filler& f) : filler(f) {}
    void on_timeout() override;
    Filler& filler;
  };

  upstream::Origin& origin() const {
    return task_.origin != nullptr ? *task_.origin : *task_.route->origin;
  }
  http::RequestHead head_to_origin(const downstream::ClientConnection& client);
  static boost::asio::awaitable<void> run(std::shared_ptr<Filler> self);
  void on_room() override;
  void on_abandoned() override;
  void on_interim(const http::ResponseHead& head) override;

  // --- the head of an answer: filler_head.cpp
  Next take_head(http::ResponseHead& head);
  Next take_answer(http::ResponseHead& head);
  bool undo_coding(http::ResponseHead& head);
  bool is_from_before_purge(const http::ResponseHead& head, const cache::Freshness& freshness,
                            const cache::Tags& tags);
  bool ask_past_caches();
  void store_streaming(http::ResponseHead& head, const cache::StoreDecision& decision,
                       const std::string& vary, cache::Tags tags);
  void keep_alone(http::ResponseHead& head, const cache::StoreDecision& decision);
  void take_leader_fields(http::ResponseHead& head);
  bool has_fresh();
  void leave_marker(std::string_view reason, std::string vary);
  cache::StoredResponse::Parts parts_of(http::ResponseHead& head,
                                        const cache::Freshness& freshness);
  std::string stored_key(http::Status status, const std::string& vary);
  bool begin_check(http::ResponseHead& head);
  void add_bundle_tags(cache::StoredResponse::Parts& parts);
  void offer_dictionary(http::ResponseHead& head);
  void drop_lifetime(http::ResponseHead& head) const;
  void set_lifetime(cache::Freshness& freshness) const;

  // --- what it says of what is stored: filler_validation.cpp
  void ask_to_confirm();
  Next take_confirmation(http::ResponseHead& head);
  void insert_variants();
  void take_answer_to_head(http::ResponseHead& head);
  Next ask_without_conditions();
  boost::intrusive_ptr<cache::StoredResponse> refreshed(const cache::StoredResponse& stored,
                                                        http::ResponseHead& head,
                                                        cache::StoreDecision& decision);
  void invalidate(const http::ResponseHead& head);

  // --- its content: filler.cpp
  void take_trailers(const http::FieldList& trailers);
  void take_content(const base::Result<std::string_view>& piece);
  bool decode_some();
  std::span<char> room_for_content() const;
  void append(std::string_view bytes);
  void stop_storing();
  void give_out();
  void take_digest();
  void add_dictionary();
  void fail_check();
  void complete();
  void insert();
  void fail(base::Error error);
  base::Error as_seen(base::Error error) const;
  bool must_wait() const;
  bool is_unwanted() const;

  Proxy& proxy_;
  Task task_;
  base::Arena arena_;
  http::RequestHead head_;
  FetchNotes notes_;
  http::RequestHead request_; // of the client, for Vary and the rules of storing
  ContentRelay content_;
  upstream::Cancellation cancellation_;
  Deadline deadline_{*this};
  net::Event room_;
  std::span<char> into_; // where the content being read is to stay
  base::Instant requested_;
  cache::PurgeEpoch born_;
  boost::intrusive_ptr<cache::StoredResponse> response_;
  std::optional<ContentCheck> check_;
  std::string_view dictionary_place_;    // of a dictionary for other versions; empty: it is none
  std::optional<bundle::DigestSum> sum_; // of its content, where that is not checked
  std::optional<cache::ContentDigest> client_dictionary_;
  std::unique_ptr<coding::Decoder> decoder_; // of what the origin codes; null: it is as it comes
  std::string_view coded_;                   // what it has not seen yet of a piece
  bool has_decoded_ = false;                 // anything
  bool is_shared_ = false;                   // its content was there already
  bool is_held_ = false;                     // until it was checked: nobody has seen the head yet
  bool is_conditional_ = false;
  bool has_asked_past_caches_ = false;
  bool is_storing_ = false;
  bool is_over_ = false;
};

} // namespace selvedge::proxy
