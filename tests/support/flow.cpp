#include "flow.hpp"

#include "catch.hpp"

#include <selvedge/http/structured_field.hpp>

#include <set>

namespace selvedge::test {

// --- the origin

class ScriptedOrigin::Response final : public upstream::OriginResponse {
public:
  Response(FetchPtr fetch, upstream::Cancellation* cancellation)
      : fetch_(std::move(fetch)), cancellation_(cancellation) {
    head_ = *fetch_->head;
  }
  ~Response() override {
    if (cancellation_ != nullptr) cancellation_->set_target(nullptr);
  }
  boost::asio::awaitable<base::Result<std::string_view>> read() override {
    while (fetch_->pieces.empty() && !fetch_->is_ended && !fetch_->error && !fetch_->is_cancelled) {
      co_await fetch_->more.wait();
    }
    if (fetch_->is_cancelled) co_return base::Error{base::ErrorCode::cancelled};
    if (!fetch_->pieces.empty()) {
      current_ = std::move(fetch_->pieces.front());
      fetch_->pieces.pop_front();
      co_return std::string_view(current_);
    }
    if (fetch_->error) co_return *fetch_->error;
    for (const auto& [name, value] : fetch_->trailers) trailers_.add(name, value);
    co_return std::string_view();
  }

private:
  FetchPtr fetch_;
  upstream::Cancellation* cancellation_;
  std::string current_;
};

boost::asio::awaitable<base::Result<upstream::OriginResponsePtr>>
ScriptedOrigin::fetch(const upstream::FetchRequest& request) {
  counters_.requests.add();
  auto fetch = std::make_shared<Fetch>(worker_.io().get_executor());
  fetch->method = request.head->method_text;
  fetch->target = request.head->target;
  fetch->interim = request.interim;
  for (const http::Field& field : request.head->fields) {
    fetch->fields[std::string(field.name)] = field.value;
  }
  all_.push_back(fetch);
  if (request.cancellation != nullptr) request.cancellation->set_target(fetch.get());
  while (!fetch->head && !fetch->error && !fetch->is_cancelled) co_await fetch->more.wait();
  if (fetch->is_cancelled) co_return base::Error{base::ErrorCode::cancelled};
  if (!fetch->head) co_return *fetch->error;
  auto response = std::make_unique<Response>(fetch, request.cancellation);
  co_return upstream::OriginResponsePtr(std::move(response));
}

ScriptedOrigin::FetchPtr ScriptedOrigin::next_unanswered() {
  for (const FetchPtr& fetch : all_) {
    if (!fetch->head && !fetch->error) return fetch;
  }
  FAIL("the origin was not asked");
  return nullptr;
}

const ScriptedOrigin::Fetch* ScriptedOrigin::waiting() const {
  for (const FetchPtr& fetch : all_) {
    if (!fetch->head && !fetch->error && !fetch->is_cancelled) return fetch.get();
  }
  return nullptr;
}

ScriptedOrigin::FetchPtr ScriptedOrigin::begin(http::Status status, const Fields& fields,
                                               std::optional<std::uint64_t> length) {
  const FetchPtr fetch = next_unanswered();
  http::ResponseHead head;
  head.status = status;
  head.content_length = length;
  for (const auto& [name, value] : fields) {
    head.fields.add(fetch->arena.copy(name), fetch->arena.copy(value));
  }
  fetch->head = head;
  fetch->more.set();
  return fetch;
}

void ScriptedOrigin::answer(http::Status status, const Fields& fields, std::string_view content) {
  const FetchPtr fetch = begin(status, fields, content.size());
  if (!content.empty()) fetch->pieces.emplace_back(content);
  fetch->is_ended = true;
}

void ScriptedOrigin::inform(http::Status status, const Fields& fields) {
  const FetchPtr fetch = next_unanswered();
  http::ResponseHead head;
  head.status = status;
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  REQUIRE(fetch->interim != nullptr);
  fetch->interim->on_interim(head);
}

void ScriptedOrigin::fail(base::ErrorCode code) {
  const FetchPtr fetch = next_unanswered();
  fetch->error = base::Error{code, base::ErrorSource::upstream};
  fetch->more.set();
}

void ScriptedOrigin::give_up() {
  for (const FetchPtr& fetch : all_) fetch->cancel();
}

void ScriptedOrigin::piece(Fetch& fetch, std::string_view bytes) {
  fetch.pieces.emplace_back(bytes);
  fetch.more.set();
}

void ScriptedOrigin::end(Fetch& fetch) {
  fetch.is_ended = true;
  fetch.more.set();
}

void ScriptedOrigin::cut(Fetch& fetch) {
  fetch.error = base::Error{base::ErrorCode::closed, base::ErrorSource::upstream};
  fetch.more.set();
}

// --- a client

void Client::send(std::string_view bytes) {
  wire_->to_node.append(bytes);
  MemoryTransport::poke(flow_->worker(), wire_);
  flow_->settle();
}

void Client::get(std::string_view target, const Fields& fields) {
  request("GET", target, fields);
}

void Client::request(std::string_view method, std::string_view target, const Fields& fields) {
  std::string head = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n";
  head += "Host: node.test\r\n";
  for (const auto& [name, value] : fields) head += name + ": " + value + "\r\n";
  send(head + "\r\n");
}

void Client::close() {
  wire_->client_closed = true;
  MemoryTransport::poke(flow_->worker(), wire_);
  flow_->settle();
}

namespace {

// RFC 9211, 2: a List of Items; only the parameters registered there, each of its type; a hit is
// not forwarded.
void require_known(const std::string& cache_status) {
  INFO("cache-status: " << cache_status);
  const auto list = http::parse_sf_list(cache_status);
  REQUIRE(list.has_value());
  const auto* item = std::get_if<http::SfItem>(&list->back());
  REQUIRE(item != nullptr);
  const std::set<std::string> reasons{"bypass", "method",  "uri-miss", "vary-miss",
                                      "miss",   "request", "stale",    "partial"};
  std::set<std::string> names;
  for (const auto& [name, value] : item->parameters) {
    INFO("parameter: " << name);
    names.insert(name);
    if (name == "hit" || name == "stored" || name == "collapsed") {
      CHECK(std::get_if<bool>(&value) != nullptr);
    } else if (name == "ttl" || name == "fwd-status") {
      CHECK(std::get_if<std::int64_t>(&value) != nullptr);
    } else if (name == "fwd") {
      const auto* token = std::get_if<http::SfToken>(&value);
      REQUIRE(token != nullptr);
      CHECK(reasons.contains(token->text));
    } else {
      CHECK(name == "detail");
      CHECK(std::get_if<http::SfToken>(&value) != nullptr);
    }
  }
  CHECK(names.contains("hit") != names.contains("fwd"));
}

// Takes chunked content off the front of `text`. Returns nothing when it is not complete.
std::optional<std::string> take_chunks(std::string& text) {
  std::string content;
  std::size_t at = 0;
  for (;;) {
    const std::size_t line = text.find("\r\n", at);
    if (line == std::string::npos) return {};
    const std::size_t size = std::stoul(text.substr(at, line - at), nullptr, 16);
    if (line + 2 + size + 2 > text.size()) return {};
    content += text.substr(line + 2, size);
    at = line + 2 + size + 2;
    if (size == 0) break;
  }
  text.erase(0, at);
  return content;
}

} // namespace

Answer Client::answer(std::string_view method) {
  flow_->settle();
  std::string& text = wire_->from_node;
  const std::size_t end = text.find("\r\n\r\n");
  INFO("on the wire: " << text);
  REQUIRE(end != std::string::npos);
  Answer answer;
  answer.status = std::stoi(text.substr(9, 3));
  std::size_t at = text.find("\r\n") + 2;
  while (at < end + 2) {
    const std::size_t next = text.find("\r\n", at);
    const std::size_t colon = text.find(": ", at);
    answer.fields[text.substr(at, colon - at)] = text.substr(colon + 2, next - colon - 2);
    at = next + 2;
  }
  text.erase(0, end + 4);
  if (answer.fields.contains("cache-status")) require_known(answer.fields.at("cache-status"));
  if (method == "HEAD" || http::has_no_content(static_cast<http::Status>(answer.status))) {
    return answer;
  }
  if (answer.fields.contains("transfer-encoding")) {
    const auto content = take_chunks(text);
    REQUIRE(content);
    answer.content = *content;
  } else {
    const std::size_t length = std::stoul(answer.fields["content-length"]);
    REQUIRE(text.size() >= length);
    answer.content = text.substr(0, length);
    text.erase(0, length);
  }
  return answer;
}

// --- the node

Flow::Flow(const Options& options) : store_(options.store), peers_(options.peers) {
  origin_ = std::make_shared<ScriptedOrigin>(workers_[0]);
  if (options.origin) {
    const auto state =
        std::make_shared<upstream::OriginState>(*options.origin, clock_.now().steady);
    http_origin_ = upstream::make_origin(*options.origin, workers_[0], state);
  }
  proxy::Proxy::Options proxy_options;
  proxy_options.tenant_limits = &tenant_limits_;
  proxy_options.sessions = &sessions_;
  proxy_options.coding_jobs = &coding_jobs_;
  proxy_options.differences = &differences_;
  proxy_ = std::make_unique<proxy::Proxy>(workers_[0], store_, fills_, &log_, proxy_options);
  if (options.policy) set_policy(*options.policy);
  options_ = options;
  reload();
  connections_.set_limits(options.limits);
  acceptor_ = std::make_unique<downstream::Acceptor>(
      connections_, "test", std::vector<downstream::RequestHandler*>{proxy_.get()});
  settle();
}

void Flow::reload() {
  const Options& options = options_;
  proxy::Routing::Origins origins;
  if (http_origin_) {
    origins.by_name.emplace("origin", http_origin_);
  } else {
    origins.by_name.emplace("origin", origin_);
  }
  proxy::RouteOptions route = options.route;
  route.name = "all";
  route.origin = "origin";
  proxy_->set_routing(std::make_shared<proxy::Routing>(
      std::vector<proxy::SiteOptions>{{"site", {"*"}, {route}}}, std::move(origins),
      options.max_object, counters_, boards_, options.purge, options.forwarding));
}

Flow::~Flow() {
  origin_->give_up(); // or the fetches that wait would keep each other alive
  settle();
}

void Flow::set_policy(const policy::PolicyOptions& options) {
  REQUIRE(policy::problems_of(options).empty());
  auto policing = std::make_shared<const proxy::Policing>(options);
  accounts_ = std::make_shared<proxy::Accounts>(policing->set->tiers());
  proxy_->set_policing(std::move(policing), accounts_);
}

void Flow::settle() {
  // The worker does not tick by itself here: time stands still unless advance() moves it.
  for (bool goes_on = true; goes_on;) {
    goes_on = workers_[0].io().poll() > 0;
    workers_[0].io().restart();
    goes_on |= workers_[0].run_ready() > 0;
    goes_on |= peers_ && peers_();
  }
}

void Flow::advance(std::chrono::nanoseconds by) {
  clock_.advance(by);
  workers_[0].tick();
  settle();
}

void Flow::jump(std::chrono::seconds by) {
  clock_.set_by(by);
  workers_[0].tick();
  settle();
}

Client Flow::connect() {
  auto wire = std::make_shared<Wire>();
  acceptor_->on_connection(workers_[0], std::make_unique<MemoryTransport>(wire, workers_[0]));
  return Client(*this, std::move(wire));
}

proxy::PurgeReceipt Flow::purge(const proxy::PurgeRequest& request) {
  REQUIRE(proxy::refusal_of(request).empty());
  return proxy::purge(store_, fills_, proxy_->routing().get(),
                      proxy::with_dependents(request, boards_), clock_.now().steady);
}

} // namespace selvedge::test
