#include "page_user.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace selvedge::bench {

namespace {

constexpr std::uint32_t kMostPages = 8;    // of a session
constexpr std::uint32_t kClosureShare = 4; // every so many pages begin with "?closure"

std::size_t number_of(std::string_view text) {
  std::size_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

} // namespace

PageUser::PageUser(PageScenario& scenario, PageTally& tally, std::uint16_t port, std::uint64_t seed)
    : scenario_(scenario), tally_(tally), port_(port), random_(seed) {
  reconnect();
}

void PageUser::reconnect() {
  connection_ = std::make_unique<Connection>(Connection::Options{.port = port_});
  is_closed_ = false;
  received_.clear();
  unsent_.clear();
  waiting_.clear();
}

template <typename List> const auto& PageUser::drawn(const List& list) {
  return list[std::uniform_int_distribution<std::size_t>(0, list.size() - 1)(random_)];
}

void PageUser::begin_page() {
  if (pages_left_ == 0) {
    ++tally_.sessions;
    cookie_.clear();
    last_set_ = kNoSet;
    pages_left_ = std::uniform_int_distribution<std::uint32_t>(1, kMostPages)(random_);
  }
  --pages_left_;
  ++tally_.begun;
  is_over_ = false;
  page_.clear();
  rest_.clear();
  burst_ = 0;
  entry_.clear();
  const PageKind& kind = drawn(scenario_.pages());
  is_by_closure_ = random_() % kClosureShare == 0;
  if (is_by_closure_) return ask('/' + kind.root + "@latest/?closure", true);
  for (const auto& targets : kind.then) rest_.push_back(drawn(targets));
  std::ranges::shuffle(rest_, random_);
  burst_ = rest_.size() / 2;
  entry_ = drawn(kind.entry);
  ask(entry_);
}

bool PageUser::rests() {
  return pages_left_ > 0 && random_() % scenario_.rest_every() == 0;
}

void PageUser::ask(std::string target, bool is_closure) {
  unsent_ += "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) + "\r\n";
  if (!cookie_.empty()) unsent_ += "Cookie: theme=dark; " + cookie_ + "\r\n";
  // Scripts are asked for by scripts, but for those that the document names itself.
  const bool is_first = target == entry_ || entry_.empty();
  const std::string by = is_first ? "/page.html" : entry_;
  unsent_ += "Referer: http://127.0.0.1:" + std::to_string(port_) + by + "\r\n\r\n";
  waiting_.push_back({std::move(target), is_closure, Clock::now()});
}

void PageUser::ask_burst() {
  const std::size_t count = std::min(burst_ > 0 ? burst_ : rest_.size(), rest_.size());
  burst_ = 0;
  for (std::size_t i = 0; i < count; ++i) {
    ask(std::move(rest_.back()));
    rest_.pop_back();
  }
}

bool PageUser::advance() {
  for (;;) {
    const bool has_moved = transfer();
    take_answers();
    if (waiting_.empty() && rest_.empty()) {
      end_page();
      return true;
    }
    if (is_closed_) {
      tally_.add_error("the connection was closed");
      is_over_ = true;
      return true;
    }
    if (waiting_.empty()) {
      ask_burst();
      continue;
    }
    if (!has_moved) return false;
  }
}

// True: something went either way.
bool PageUser::transfer() {
  bool has_moved = false;
  const Io opened = connection_->open();
  is_closed_ |= opened == Io::closed;
  if (opened != Io::ok) return false;
  while (!unsent_.empty()) {
    const Transfer sent = connection_->write(unsent_);
    unsent_.erase(0, sent.bytes);
    has_moved |= sent.bytes > 0;
    is_closed_ |= sent.state == Io::closed;
    if (sent.state != Io::ok) break;
  }
  static std::array<char, 256 << 10> buffer;
  for (;;) {
    const Transfer got = connection_->read(buffer);
    if (got.state == Io::closed) is_closed_ = true;
    if (got.state != Io::ok) return has_moved;
    received_.append(buffer.data(), got.bytes);
    has_moved = true;
  }
}

std::string_view PageUser::field(std::string_view head, std::string_view name) const {
  const std::string start = "\r\n" + std::string(name) + ": ";
  const auto same = [](char a, char b) {
    const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return small(a) == small(b);
  };
  const auto found = std::search(head.begin(), head.end(), start.begin(), start.end(), same);
  if (found == head.end()) return {};
  const auto begin = static_cast<std::size_t>(found - head.begin()) + start.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

PageUser::Answer PageUser::next_answer() {
  const std::string_view all = received_;
  const std::size_t end = all.find("\r\n\r\n");
  if (end == std::string_view::npos || waiting_.empty()) return {};
  const std::string_view head = all.substr(0, end + 2);
  const std::string_view length = field(head, "content-length");
  Answer answer;
  answer.status =
      static_cast<int>(number_of(head.substr(std::min<std::size_t>(9, head.size()), 3)));
  const std::size_t size = end + 4 + number_of(length);
  if (all.size() < size) return {};
  const bool is_interim = answer.status / 100 == 1;
  if (length.empty() && !is_interim) answer.status = 0; // none of the answers that are expected
  answer.links = field(head, "link");
  answer.size = size;
  answer.location = field(head, "content-location");
  answer.cache_status = field(head, "cache-status");
  answer.content = all.substr(end + 4, size - end - 4);
  answer.is_last = field(head, "connection") == "close";
  const std::string_view cookie = field(head, "set-cookie");
  const std::string_view pair = cookie.substr(0, cookie.find(';'));
  if (pair.starts_with(scenario_.cookie() + "=")) cookie_ = pair;
  return answer;
}

void PageUser::take_answers() {
  for (Answer answer = next_answer(); answer.size != 0; answer = next_answer()) {
    take(answer);
    is_closed_ |= answer.is_last;
    received_.erase(0, answer.size);
  }
}

// What a browser may ask for beforehand is of the page, too.
void PageUser::take_links(std::string_view links) {
  for (std::size_t begin = links.find('<'); begin != std::string_view::npos;
       begin = links.find('<', begin + 1)) {
    const ExactUrl url =
        parse_exact_url(links.substr(begin + 1, links.find('>', begin) - begin - 1));
    if (!url.name.empty()) note(url.name, url.version);
  }
}

void PageUser::take(const Answer& answer) {
  take_links(answer.links);
  if (answer.status / 100 == 1) return; // RFC 9110, 15.2: another one follows
  const Asked asked = std::move(waiting_.front());
  waiting_.pop_front();
  const std::chrono::duration<double, std::micro> took = Clock::now() - asked.at;
  if (answer.status != 200) {
    return tally_.add_error(asked.target + ": status " + std::to_string(answer.status) + ", " +
                            std::string(answer.cache_status));
  }
  tally_.latencies.add(took.count());
  if (asked.is_closure) {
    ++tally_.requests;
    return take_closure(answer.content);
  }
  const std::string_view location =
      is_by_closure_ ? std::string_view(asked.target) : answer.location;
  const ExactUrl url = parse_exact_url(location);
  if (url.name.empty()) return tally_.add_error(asked.target + ": no exact Content-Location");
  if (!scenario_.is_content(url, answer.content)) {
    return tally_.add_error(asked.target + ": not the content of " + std::string(location));
  }
  ++tally_.requests;
  note(url.name, url.version);
}

// Everything that follows is asked for by the exact URLs in it.
void PageUser::take_closure(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("bundles"))
    return tally_.add_error("?closure is no closure");
  for (const auto& one : json["bundles"]) {
    const auto name = one.at("name").get<std::string>();
    note(name, one.at("version").get<std::string>());
    const auto& paths = scenario_.paths_of(name);
    if (!paths.empty()) rest_.push_back(one.at("url").get<std::string>() + drawn(paths));
  }
  if (!json["missing"].empty()) tally_.add_error("?closure: something is missing");
}

void PageUser::note(std::string_view name, std::string_view version) {
  PageAsset asset{std::string(name), std::string(version)};
  if (std::ranges::find(page_, asset) == page_.end()) page_.push_back(std::move(asset));
}

void PageUser::end_page() {
  is_over_ = true;
  ++tally_.pages;
  tally_.by_closure += is_by_closure_ ? 1 : 0;
  const std::vector<std::size_t> sets = scenario_.sets_with(page_);
  if (sets.size() == 1) {
    ++tally_.by_set[sets.front()];
    tally_.moved += last_set_ != kNoSet && last_set_ != sets.front() ? 1 : 0;
    last_set_ = sets.front();
  } else if (sets.size() > 1) {
    ++tally_.ambiguous;
  } else {
    std::string text = is_by_closure_ ? "by closure:" : "by selectors:";
    for (const PageAsset& one : page_) text += ' ' + one.name + '@' + one.version;
    tally_.add_mixed(std::move(text));
  }
}

} // namespace selvedge::bench
