#include "admin.hpp"

#include "admin_query.hpp"
#include "bundles_api.hpp"
#include "explain_api.hpp"
#include "overload_api.hpp"
#include "releases_api.hpp"

#include <selvedge/base/process_memory.hpp>
#include <selvedge/codec/request_check.hpp>

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/crypto.h>
#include <unistd.h>

namespace selvedge::server {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxContent = 1u << 20;
constexpr std::string_view kReceipt = "/v1/purge/";
constexpr std::string_view kOrder = "/v1/releases/";
constexpr std::string_view kBundle = "/v1/bundles/";
constexpr std::string_view kGraph = "/graph";
constexpr std::array<std::string_view, 15> kPaths{"/metrics",
                                                  "/v1/status",
                                                  "/v1/cache/object",
                                                  "/v1/origins",
                                                  "/v1/explain",
                                                  "/v1/purge",
                                                  "/v1/drain",
                                                  "/v1/overload",
                                                  "/v1/events",
                                                  "/v1/economics",
                                                  "/v1/bundles",
                                                  "/v1/releases",
                                                  "/v1/releases:publish",
                                                  "/v1/releases:promote",
                                                  "/v1/releases:rollback"};

json stored_json(const cache::Store& store, const cache::StoredResponse& stored, base::Steady now) {
  const cache::Freshness& freshness = stored.freshness();
  const auto age = freshness.age(now);
  const bool is_soft_purged =
      store.purges().standing(stored.purge_state()) == cache::Standing::soft_purged;
  json result{{"pass_marker", stored.is_pass_marker()},
              {"status", stored.status()},
              {"fresh", freshness.is_fresh(now) && !is_soft_purged},
              {"soft_purged", is_soft_purged},
              {"age_seconds", age.count()},
              {"ttl_seconds", (freshness.lifetime - age).count()},
              {"lifetime_from", freshness.source},
              {"no_cache", freshness.no_cache},
              {"must_revalidate", freshness.must_revalidate},
              {"held_bytes", stored.held_bytes()},
              {"vary", stored.vary()},
              {"tags", stored.purge_state().tags.size()},
              {"etag", stored.is_pass_marker() ? "" : stored.etag()},
              {"content_type", stored.head().value(http::FieldName::content_type)}};
  if (stored.is_partial()) result["content_range"] = text_of(*stored.content_range());
  return result;
}

} // namespace

// Collects the content of one request, then answers.
class AdminHandler::Exchange final : public downstream::StreamUser,
                                     public http::BodySource,
                                     private http::BodySink {
public:
  Exchange(AdminHandler& handler, downstream::Stream& stream)
      : handler_(handler), stream_(stream) {}

  void start() {
    stream_.content().set_sink(this);
    on_body_ready();
  }
  void on_stream_end(const downstream::StreamEnd&) override { stream_.content().set_sink(nullptr); }

  void respond(AdminAnswer answer) {
    answer_ = std::move(answer);
    left_ = answer_.content;
    fields_ = {{{http::FieldName::content_type, "content-type", answer_.type},
                {http::FieldName::cache_control, "cache-control", "no-store"}}};
    downstream::Response response;
    response.status = answer_.status;
    response.fields = fields_;
    response.content_length = left_.size();
    response.content = this;
    stream_.respond(response);
  }

  Peek peek(std::span<std::string_view> views) override {
    if (left_.empty()) return {http::BodyState::end, 0, true};
    views[0] = left_;
    return {http::BodyState::ready, 1, true};
  }
  void consume(std::size_t bytes) override { left_.remove_prefix(bytes); }

private:
  void on_body_ready() override {
    if (stream_.has_responded()) return;
    std::array<std::string_view, 8> views;
    for (;;) {
      const auto found = stream_.content().peek(views);
      if (found.state == http::BodyState::pending) return;
      if (found.state == http::BodyState::failed) return stream_.abort();
      if (found.state == http::BodyState::end) break;
      for (std::size_t i = 0; i < found.count; ++i) {
        const std::string piece(views[i]);
        content_ += piece;
        stream_.content().consume(piece.size());
      }
      if (content_.size() > kMaxContent) return respond(problem(413, "at most 1 MiB"));
    }
    respond(handler_.answer(stream_.request(), content_));
  }

  AdminHandler& handler_;
  downstream::Stream& stream_;
  std::string content_;
  AdminAnswer answer_;
  std::array<http::Field, 2> fields_;
  std::string_view left_;
};

AdminHandler::AdminHandler(Node& node, AdminHooks hooks)
    : node_(node), hooks_(std::move(hooks)), started_(std::chrono::steady_clock::now()),
      purges_(node), releases_(std::make_unique<ReleasesApi>(node)) {}

AdminHandler::~AdminHandler() = default;

void AdminHandler::on_request(downstream::Stream& stream) {
  auto* exchange = stream.arena().make<Exchange>(*this, stream);
  stream.set_user(*exchange);
  exchange->start();
}

void AdminHandler::on_refused(downstream::Stream& stream, base::Error) {
  if (stream.has_responded() || stream.user() != nullptr) return stream.abort();
  auto* exchange = stream.arena().make<Exchange>(*this, stream);
  stream.set_user(*exchange);
  exchange->respond(problem(400, "malformed request, or beyond a limit"));
}

bool AdminHandler::is_allowed(const http::RequestHead& request) const {
  if (hooks_.token.empty()) return true;
  const std::string expected = "Bearer " + hooks_.token;
  const std::string_view got = request.fields.value(http::FieldName::authorization);
  return got.size() == expected.size() &&
         CRYPTO_memcmp(got.data(), expected.data(), expected.size()) == 0;
}

AdminAnswer AdminHandler::answer(const http::RequestHead& request, std::string_view content) {
  const std::string_view path = request.path();
  const bool is_get = request.method == http::Method::get || request.method == http::Method::head;
  const bool is_post = request.method == http::Method::post;
  // Health is for load balancers, which have no token.
  if (path == "/healthz") return {200, "text/plain; charset=utf-8", "ok\n"};
  if (path == "/readyz") {
    const bool is_ready = !node_.is_draining();
    return {is_ready ? http::Status{200} : http::Status{503}, "text/plain; charset=utf-8",
            is_ready ? "ready\n" : "draining\n"};
  }
  if (!is_allowed(request)) return problem(401, "a bearer token is needed");
  if (path == "/metrics" && is_get) {
    return {200, "text/plain; version=0.0.4; charset=utf-8",
            metrics_text(node_, hooks_.reload_state(), hooks_.version)};
  }
  if (path == "/v1/status" && is_get) return status();
  if (path == "/v1/cache/object" && is_get) return cached_object(query_of(request));
  if (path == "/v1/origins" && is_get) {
    return origins_answer(collect(node_, std::chrono::steady_clock::now()));
  }
  if (path == "/v1/origins" && is_post) return change_origin(content, hooks_.change_config);
  if (path == "/v1/explain" && is_get) return explain(node_, query_of(request));
  if (path == "/v1/overload" && is_get) return overload_answer(collect_policy(node_));
  if (path == "/v1/economics" && is_get) return economics_answer(collect_policy(node_));
  if (path == "/v1/bundles" && is_get) {
    return bundles_answer(
        node_, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  }
  if (path.starts_with(kBundle) && path.ends_with(kGraph) && is_get) {
    return releases_->graph(
        path.substr(kBundle.size(), path.size() - kBundle.size() - kGraph.size()));
  }
  if (path.starts_with("/v1/releases")) {
    if (auto found = release_answer(path, is_get, is_post, content)) return std::move(*found);
  }
  if (path == "/v1/events" && is_get) return events_answer(node_.events(), query_of(request));
  if (path == "/v1/purge" && is_post) return purges_.purge(content);
  if (path.starts_with(kReceipt) && is_get) return purges_.receipt(path.substr(kReceipt.size()));
  if (path == "/v1/drain" && is_post) {
    hooks_.drain();
    return as_json({{"draining", true}}, 202);
  }
  const bool is_known = std::find(kPaths.begin(), kPaths.end(), path) != kPaths.end();
  if (is_known || path.starts_with(kReceipt) || path.starts_with(kOrder))
    return problem(405, "this path does not have that method");
  return problem(404, "no such path; see README.md, Admin API");
}

std::optional<AdminAnswer> AdminHandler::release_answer(std::string_view path, bool is_get,
                                                        bool is_post, std::string_view content) {
  if (path == "/v1/releases" && is_get) return releases_->list();
  if (path.starts_with(kOrder) && is_get) return releases_->order(path.substr(kOrder.size()));
  if (path == "/v1/releases:publish" && is_post) return releases_->publish(content);
  if (path == "/v1/releases:promote" && is_post) return releases_->promote(content);
  if (path == "/v1/releases:rollback" && is_post) return releases_->rollback(content);
  return std::nullopt;
}

AdminAnswer AdminHandler::status() const {
  const cache::Store::Stats store = node_.store().stats();
  const ReloadState reload = hooks_.reload_state();
  const RequestTotals totals = request_totals(node_);
  json listeners = json::array();
  for (const auto& one : node_.listeners()) {
    listeners.push_back(
        {{"name", one->name()}, {"address", one->address()}, {"tls", one->is_tls()}});
  }
  json outcomes = json::object();
  for (std::size_t i = 0; i < totals.by_outcome.size(); ++i) {
    outcomes[std::string(text_of(static_cast<http::CacheOutcome>(i)))] = totals.by_outcome[i];
  }
  const auto uptime =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
  return as_json({{"version", hooks_.version},
                  {"pid", ::getpid()},
                  {"uptime_seconds", uptime.count()},
                  {"ready", !node_.is_draining()},
                  {"workers", node_.workers()},
                  {"resident_bytes", base::resident_bytes()},
                  {"listeners", listeners},
                  {"config",
                   {{"generation", node_.generation()},
                    {"last_reload_successful", reload.last_was_successful}}},
                  {"connections", {{"open", node_.connections().open()}}},
                  {"requests", {{"total", totals.all()}, {"by_cache_outcome", outcomes}}},
                  {"cache",
                   {{"objects", store.objects},
                    {"bytes", store.bytes},
                    {"limit", store.limit},
                    {"insertions", store.insertions},
                    {"evictions", store.evictions},
                    {"purged", store.removals},
                    {"fills", node_.fills().size()}}}});
}

AdminAnswer AdminHandler::cached_object(std::string_view query) const {
  const std::optional<std::string> url = AdminQuery(query).value("url");
  if (!url) return problem(400, "the parameter url is missing");
  if (!codec::parse_absolute_target(*url)) {
    return problem(400, "url is not an absolute http or https URL");
  }
  base::Arena arena;
  const auto key = node_.key_of(*url, arena);
  if (!key) return problem(404, "no site or route has that URL");
  const auto now = std::chrono::steady_clock::now();
  json variants = json::array();
  for (const cache::StoredResponsePtr& one : node_.store().variants(*key)) {
    variants.push_back(stored_json(node_.store(), *one, now));
  }
  if (variants.empty()) return problem(404, "nothing is stored under " + std::string(key->text));
  return as_json({{"key", key->text}, {"variants", variants}});
}

} // namespace selvedge::server
