// One request and its answer on one stream: decides where the answer comes from, waits for it where
// it must, and is the source of its content.
//   exchange.cpp         the beginning, what the store has, the end
//   exchange_fill.cpp    waiting for the origin, alone or with others
//   exchange_slices.cpp  large objects, slice by slice
//   exchange_answer.cpp  the answer as it is written
//   exchange_bundle.cpp  which version of a bundle is meant, and what its content must be
//   exchange_closure.cpp all that a version needs
//   exchange_session.cpp what a client's session keeps
//   exchange_policy.cpp  who asks, what it is worth, whether it is served
// Thread: the worker of the stream; on_progress() from any.
#pragma once

#include "answers.hpp"
#include "bundle_catalog.hpp"
#include "closure_walk.hpp"
#include "filler.hpp"
#include "range_source.hpp"
#include "sliced_content.hpp"
#include "wake_queue.hpp"

#include <selvedge/cache/decide.hpp>
#include <selvedge/proxy/proxy.hpp>

#include <boost/container/small_vector.hpp>

namespace selvedge::proxy {

class Exchange final : public downstream::StreamUser,
                       public http::BodySource,
                       private cache::Fill::Reader,
                       private upstream::InterimSink,
                       private SlicedContent::User,
                       private BundleCatalog::Waiter,
                       private WakeQueue::Item {
public:
  Exchange(Proxy& proxy, downstream::Stream& stream) : proxy_(proxy), stream_(stream) {}

  void start();
  void refuse(base::Error error);
  void on_stream_end(const downstream::StreamEnd& end) override;

  // The content of the answer.
  Peek peek(std::span<std::string_view> views) override;
  void consume(std::size_t bytes) override;
  std::span<const http::Field> trailers() const override;

private:
  // A document of the catalog, and what for.
  enum class Awaited : std::uint8_t { nothing, version, content, content_alone, closure };

  void on_progress() override { proxy_.wakes_->push(*this); }
  void on_interim(const http::ResponseHead& head) override;
  void on_document() override { proxy_.wakes_->push(*this); }
  void resume() override;

  // --- the policy
  policy::RequestFacts facts(const cache::StoredResponse* stored) const;
  std::uint16_t region() const;
  bool judge(const cache::StoredResponse* stored);
  bool is_in_time(std::uint32_t level);
  bool keeps_limits();
  void add_rate_limit_fields(std::string_view rule, const overload::TenantRate& rate,
                             const overload::RateVerdict& found);
  void turn_away(ShedReason reason, http::Status status, std::chrono::seconds retry_after);
  void redirect(const policy::RedirectOptions& to);
  bool stops_at_store();
  overload::Importance importance() const;
  upstream::Origin* other_origin() const;
  void keep_account(std::chrono::microseconds duration);

  // --- of bundles
  void find_bundle();
  void find_version();
  void take_released(std::string_view released);
  void take_version(std::string_view version);
  bool knows_content(Awaited next);
  bool knows_content_at_once();
  bool has_manifest() const;
  std::string bundle_version() const;
  bool is_for_closure() const { return bundle_->path.empty() && bundle_->query == "?closure"; }
  void find_links();
  void send_closure_hints();
  void find_closure();
  void answer_closure();
  bool take_content(const BundleCatalog::Document& found);
  void read_pin();
  void choose_snapshot();
  void follow_origin();
  bool stays_on_page(std::chrono::sys_seconds taken_back);
  std::string_view region_name() const;
  // Its versions are all that is known of what it held: they stay in force while it lasts.
  bool keeps_lost() const { return is_snapshot_lost_ && pin_->has_versions(); }
  bool is_pinned_to_snapshot() const {
    return pin_ != nullptr && pin_->session().snapshot == snapshot_->print();
  }
  std::string_view pinned_version() const;
  std::string_view pin_name() const;
  // `version`: of one that no release speaks of, to be kept from now on; empty: none.
  void give_pin(std::string_view version);
  void count_session(std::string_view version);
  bool has_session() const;
  void drop_conditions();
  std::string_view bundle_lifetime(const downstream::Response& response) const;
  void add_bundle_lifetime(downstream::Response& response);

  // --- of codings
  void take_codings();
  cache::StoredResponsePtr as_it_came(const cache::StoredResponsePtr& stored);
  // That the client should get a variant of which is not there; null: it should not.
  cache::StoredResponsePtr to_be_coded(const cache::StoredResponsePtr& stored);
  // Whether the client should get a variant of it that is not there.
  bool wants_coding(const cache::StoredResponse& answer) const;
  void begin_coding(cache::StoredResponsePtr of, cache::FillPtr source,
                    boost::intrusive_ptr<cache::Chunk> first);
  void serve_coded(cache::StoredResponsePtr stored, const cache::CacheDecision& decision);
  void respond_from_fill(const cache::StoredResponse& answer);
  void answer_from_coding();
  void add_vary(const cache::StoredResponse& answer);
  void count_coding();
  void want_difference(const cache::StoredResponse& stored);
  bool may_read_difference(const cache::StoredResponse& stored) const;

  // --- from the store
  void answer_purge();
  bool is_admitted();
  cache::CacheKey make_key();
  cache::CacheKey with_told_url(cache::CacheKey key);
  void go_alone_again();
  bool take_hop();
  void look_up();
  Asker asker() const {
    return {proxy_,           routing_,        stream_.request(),
            stream_.client(), stream_.arena(), asker_.importance};
  }
  cache::StoredResponsePtr find();
  cache::CacheDecision decide(const cache::StoredResponsePtr& stored) const;
  bool serve_part();
  void serve(cache::StoredResponsePtr stored, http::CacheOutcome outcome,
             const cache::CacheDecision& decision, std::string_view detail = {});
  void add_hit_fields(http::CacheOutcome outcome, const cache::CacheDecision& decision,
                      std::string_view detail);
  void serve_instead(std::string_view detail);
  void note_fetch();
  void add_fetch_notes(AccessRecord& record) const;
  void revalidate_in_background(const cache::StoredResponsePtr& stale);

  // --- from the origin
  void ask_origin(cache::StoredResponsePtr stored, const cache::CacheDecision& decision);
  void send_early_hints(const cache::StoredResponse& stale);
  void join_fill(std::string variant);
  bool serve_if_stored_meanwhile();
  void fetch_alone();
  void go_alone(std::string_view reason, Purpose purpose = Purpose::pass);
  void start_filler(Purpose purpose);
  std::vector<cache::StoredResponsePtr> candidates();
  void leave_fill();
  void answer_from_fill();
  void answer_failure(base::Error error);
  bool may_share(const cache::StoredResponse& response) const;
  void follow_elsewhere();
  std::string variant_wanted(const cache::StoredResponse& other) const;
  void serve_fill();

  // --- in slices
  bool uses_slices() const;
  bool is_sliced() const { return slices_ && !fill_; } // and has not turned to a fill of its own
  void begin_slices();
  void on_slice_head() override;
  void on_slice_ready() override { stream_.on_body_ready(); }
  void add_slice_fields(const cache::StoredResponse& head);
  void respond_slices(const cache::StoredResponse& head);

  // --- the answer
  void add_field(http::FieldName id, std::string_view value) {
    extras_.push_back({id, text_of(id), value});
  }
  void add_fields_for_edges(const cache::StoredResponse& answer);
  void add_cache_fields(base::Seconds age);
  void respond(const cache::StoredResponse& answer);
  void answer_unsatisfied(std::uint64_t complete_length);
  void respond_not_modified(const cache::StoredResponse& answer);
  void respond_ranges(const cache::StoredResponse& answer, std::span<const http::ByteRange> ranges,
                      std::uint64_t complete_length);
  void respond_part(const cache::StoredResponse& part, const http::ByteRange& wanted);
  void send(downstream::Response& response);
  void answer_error(base::Error error);
  void answer_error(base::Error error, http::Status status);
  // `field`: one more, its value in the arena.
  void answer_status(http::Status status, std::optional<http::Field> field = {});

  Proxy& proxy_;
  downstream::Stream& stream_;
  std::shared_ptr<const Routing> routing_;
  const Route* route_ = nullptr;
  PolicingPtr policing_; // null: everybody is alike
  downstream::Standing asker_;
  policy::Verdict verdict_;
  overload::TenantPlace place_;       // among those of a tenant that may be under way
  std::chrono::seconds stale_for_{0}; // past its lifetime a response may be used all the same
  std::uint16_t region_ = 0;
  ShedReason shed_reason_ = ShedReason::rule;
  const BundleRequest* bundle_ = nullptr;        // on a route of bundles
  std::string_view version_;                     // of it, when that is known
  std::optional<ExpectedContent> expected_;      // what its content must be, when that is known
  std::unique_ptr<bundle::LockBuilder> closure_; // that is asked for
  BundleCatalog::MadePtr links_;                 // what the page needs next, as a Link field
  BundleCatalog::MadePtr made_;                  // own_content_, where the catalog keeps it
  std::string_view asked_target_;                // there; the request's is the origin's
  const bundle::SessionPin* pin_ = nullptr;      // what the client's session keeps; null: nothing
  bundle::SnapshotPtr snapshot_;                 // what was released, for this session
  std::uint64_t session_ = 0;                    // its id, on a route of sessions
  cache::CacheKey key_;
  cache::TakenCodings taken_;          // on a route that codes
  std::string_view asked_codings_;     // as the client wrote them, in the arena
  cache::StoredResponsePtr coding_of_; // what is coded for it; then its variant's head; or null
  std::size_t fields_before_ = 0;      // among the extras, those of the fill that is coded
  cache::StoredResponsePtr stored_;    // what is served
  cache::StoredResponsePtr stale_;     // what the origin is asked about
  cache::CacheDecision about_stale_;
  cache::FillPtr fill_;
  std::shared_ptr<Filler> filler_; // of our own request
  cache::BodyReader reader_;
  std::optional<RangeSource> ranges_;     // of what the reader reads
  std::unique_ptr<SlicedContent> slices_; // instead of a fill and a reader; large, and rare
  boost::container::small_vector<http::Field, 8> extras_;      // written behind the stored fields
  boost::container::small_vector<http::Field, 2> kept_fields_; // of whatever answer it is
  std::string_view own_content_;                               // of an answer made here
  std::string_view forward_reason_;                            // for Cache-Status
  std::string_view range_;                                     // asked of the origin
  const FetchNotes* fetch_notes_ = nullptr;                    // for the log; null: nothing
  std::uint64_t content_bytes_ = 0;                            // sent
  std::uint64_t saved_bytes_ = 0;                              // by a coding
  http::Status status_ = 0;
  http::CacheOutcome outcome_ = http::CacheOutcome::none;
  bool is_leader_ = false;
  bool looked_again_ = false;
  bool asks_alone_ = false; // what others get is not for it
  bool is_judged_ = false;
  Awaited awaited_ = Awaited::nothing;
  Purpose alone_purpose_ = Purpose::pass; // of go_alone(), while it waits
  base::Seconds most_lifetime_{0};        // of what is stored of the answer; 0: any
  bool is_content_known_ = false;         // what the manifest says of it, be it nothing
  bool is_secondary_ = false;             // likewise
  bool notes_page_ = false;               // in the pin: now
  bool is_snapshot_lost_ = false;         // nobody knows any more what the session held
  bool revalidates_ = true;               // what is served stale, behind the answer
};

} // namespace selvedge::proxy
