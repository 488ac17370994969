// Whatever a correct client does, in whatever pieces it arrives: both sides see what the other
// said. The client is nghttp2's; requests, windows, tables, blocks and splits are random.
#include <tests/support/catch.hpp>
#include <tests/support/h2_client.hpp>
#include <tests/support/h2_frames.hpp>
#include <tests/support/h2_server.hpp>

#include <map>
#include <random>

using namespace selvedge;
using test::H2Client;
using Request = test::H2Request;
using Server = test::H2Server;

namespace {

class Random {
public:
  explicit Random(std::uint32_t seed) : engine_(seed) {
    for (char& c : pattern_) c = static_cast<char>('!' + below(90));
  }

  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(engine_);
  }
  bool one_in(std::size_t n) { return below(n) == 0; }
  // Small ones as often as large ones.
  std::size_t size(std::size_t most) { return below(std::size_t{1} << below(40)) % (most + 1); }
  std::string text(std::size_t size) {
    std::string made;
    made.reserve(size + pattern_.size());
    for (made = pattern_.substr(below(pattern_.size())); made.size() < size;) made += pattern_;
    made.resize(size);
    return made;
  }

private:
  std::mt19937 engine_;
  std::string pattern_ = std::string(1009, '\0');
};

// What was asked and answered on a stream, as its author meant it.
struct Meant {
  std::string path;
  std::string upload;
  std::string answer;
  std::string fields; // of the answer
  bool is_cancelled = false;
};

class Conversation {
public:
  explicit Conversation(std::uint32_t seed)
      : random_(seed), server_(options()), window_(500 + random_.size(200'000)) {
    server_.on_head = [this](Request& request) { on_head(request); };
    const std::vector<nghttp2_settings_entry> settings = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(window_)},
        {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, static_cast<std::uint32_t>(random_.size(10'000))},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, static_cast<std::uint32_t>(16384 + random_.size(99'999))},
    };
    nghttp2_submit_settings(client_.session(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  }

  void run() {
    for (std::size_t round = 0; round < 12; ++round) {
      for (std::size_t n = random_.below(8); n > 0; --n) ask();
      exchange();
      continue_answers();
      if (random_.one_in(8)) enlarge_window();
    }
    // Windows that were closed are opened, and what was begun is finished.
    window_ += 100'000;
    enlarge_window();
    for (std::size_t round = 0; round < 4; ++round) {
      exchange();
      for (const auto& request : server_.requests) finish_answer(*request);
      exchange();
    }
  }

  void compare() {
    for (const auto& request : server_.requests) {
      const Meant& meant = meant_[request->id];
      CAPTURE(request->id);
      CHECK(request->is_closed);
      if (meant.is_cancelled) continue;
      CHECK(request->error_code == 0);
      CHECK((request->fields.find(":path: " + meant.path + "\n") != std::string::npos)); // long
      CHECK((request->content == meant.upload));
      CHECK(request->has_ended);
      CHECK(request->answer_sent);
      const H2Client::Answer& answer = client_.answer(request->id);
      CHECK(answer.has_ended);
      CHECK(answer.status == "200");
      CHECK((answer.fields == meant.fields));
      CHECK((answer.content == meant.answer));
    }
    CHECK(server_.requests.size() == asked_);
    CHECK_FALSE(server_.session.has_pending_output());
  }

private:
  codec::h2::ServerSession::Options options() {
    return {.max_streams = 100,
            .stream_window = static_cast<std::uint32_t>(500 + random_.size(300'000)),
            .connection_window = static_cast<std::uint32_t>(random_.size(2'000'000))};
  }

  void ask() {
    const bool has_content = random_.one_in(2);
    Meant meant;
    meant.path = "/" + random_.text(random_.size(3000));
    if (has_content) meant.upload = random_.text(1 + random_.size(100'000));
    test::H2Fields fields = H2Client::get(meant.path);
    if (has_content) fields[0].second = "POST";
    if (has_content && random_.one_in(2)) {
      fields.emplace_back("content-length", std::to_string(meant.upload.size()));
    }
    for (std::size_t n = random_.below(6); n > 0; --n) {
      fields.emplace_back("x-" + std::to_string(random_.below(5)), random_.text(random_.size(99)));
    }
    if (random_.one_in(3)) {
      fields.emplace_back("priority", "u=" + std::to_string(random_.below(8)) + ", i");
    }
    client_.trailers_after_content(random_.one_in(3) ? test::H2Fields{{"x-sum", "1"}}
                                                     : test::H2Fields());
    const std::int32_t id = client_.request(std::move(fields), meant.upload);
    ++asked_;
    meant_[id] = std::move(meant);
  }

  void on_head(Request& request) {
    Meant& meant = meant_[request.id];
    meant.answer = random_.text(random_.size(200'000));
    request.answer.piece = 1 + random_.size(70'000);
    request.answer.text = meant.answer.substr(0, random_.below(meant.answer.size() + 1));
    request.answer.state = http::BodyState::pending;
    if (random_.one_in(4)) server_.session.respond_interim(request.id, 103);
    std::vector<http::Field> fields;
    for (std::size_t n = random_.below(10); n > 0; --n) {
      const std::size_t length = random_.one_in(40) ? random_.size(60'000) : random_.size(60);
      names_.push_back("x-" + std::to_string(random_.below(20)));
      values_.push_back(random_.text(length));
      fields.push_back({http::FieldName::unknown, names_.back(), values_.back()});
      meant.fields += names_.back() + ": " + values_.back() + "\n";
    }
    if (random_.one_in(4)) {
      request.answer.trailer_fields = {{http::FieldName::unknown, "x-sum", "7"}};
      meant.fields += "x-sum: 7\n";
    }
    server_.session.respond(
        request.id, {.status = 200, .fields = fields, .content_length = {}, .has_content = true});
  }

  void finish_answer(Request& request) {
    request.answer.text = meant_[request.id].answer;
    request.answer.state = http::BodyState::end;
    server_.session.resume(request.id);
  }

  // Some get more of their content, some the rest, some are cancelled by either side.
  void continue_answers() {
    for (const auto& request : server_.requests) {
      if (request->is_closed) continue;
      Meant& meant = meant_[request->id];
      if (random_.one_in(3)) {
        const std::size_t so_far = request->answer.text.size();
        const std::size_t more = random_.below(meant.answer.size() - so_far + 1);
        request->answer.text += meant.answer.substr(so_far, more);
        server_.session.resume(request->id);
      } else if (random_.one_in(3)) {
        finish_answer(*request);
      } else if (random_.one_in(10)) {
        meant.is_cancelled = true;
        nghttp2_submit_rst_stream(client_.session(), NGHTTP2_FLAG_NONE, request->id,
                                  NGHTTP2_CANCEL);
      } else if (random_.one_in(10)) {
        meant.is_cancelled = true;
        server_.session.reset(request->id, codec::h2::ResetCode::internal_error);
      }
    }
  }

  // Only ever larger: with less than is under way this client resets streams by itself.
  void enlarge_window() {
    window_ += random_.size(50'000);
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                       static_cast<std::uint32_t>(window_)};
    nghttp2_submit_settings(client_.session(), NGHTTP2_FLAG_NONE, &entry, 1);
  }

  // Until both are silent.
  void exchange() {
    const std::size_t block = 20 + random_.size(100'000);
    bool is_sound = true;
    for (bool goes_on = true; goes_on && is_sound;) {
      const std::string said = client_.output();
      // Byte by byte where that does not take for ever.
      const std::size_t piece = said.size() < 5000 ? 1 + random_.size(500) : 1 + said.size() / 10;
      for (std::size_t at = 0; at < said.size();) {
        const std::size_t n = std::min(said.size() - at, 1 + random_.below(piece));
        const auto result = server_.session.receive(std::string_view(said).substr(at, n));
        is_sound = is_sound && result.has_value();
        at += n;
        if (random_.one_in(4)) is_sound = is_sound && hear(1 + random_.below(block)).is_sound;
      }
      const Heard heard = hear(block);
      is_sound = is_sound && heard.is_sound;
      goes_on = heard.is_something || !said.empty();
    }
    REQUIRE(is_sound);
  }

  struct Heard {
    bool is_sound;
    bool is_something;
  };
  Heard hear(std::size_t block) {
    const std::string said = test::h2::output_of(server_.session, block);
    return {client_.input(said), !said.empty()};
  }

  Random random_;
  Server server_;
  H2Client client_;
  std::map<codec::h2::StreamId, Meant> meant_;
  std::list<std::string> names_;
  std::list<std::string> values_;
  std::size_t asked_ = 0;
  std::size_t window_; // of the client, for the content of each answer
};

} // namespace

TEST_CASE("both sides see what the other said, however it is split", "[codec][h2][property]") {
  const std::uint32_t seed = GENERATE(range(1u, 81u));
  CAPTURE(seed);
  Conversation conversation(seed);
  conversation.run();
  conversation.compare();
}
