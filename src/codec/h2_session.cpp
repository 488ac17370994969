#include <selvedge/codec/h2_session.hpp>

#include "h2_head_writer.hpp"
#include "h2_receiver.hpp"
#include "h2_sender.hpp"

namespace selvedge::codec::h2 {

namespace {
constexpr base::Error kOver{base::ErrorCode::bad_request, base::ErrorSource::downstream};
}

struct ServerSession::Parts {
  Parts(ServerEvents& events, const Options& options) : state(events, options) {}

  base::Result<void> ended_by(ResetCode code) {
    if (code != ResetCode::no_error) state.terminate(code);
    if (state.is_terminated) return kOver;
    return {};
  }

  SessionState state;
  Receiver receiver{state};
  Sender sender{state};
};

ServerSession::ServerSession(ServerEvents& events, const Options& options)
    : parts_(std::make_unique<Parts>(events, options)) {}

ServerSession::~ServerSession() = default;

base::Result<void> ServerSession::receive(std::string_view bytes) {
  if (parts_->state.is_terminated) return kOver;
  return parts_->ended_by(parts_->receiver.receive(bytes));
}

base::Result<void> ServerSession::receive_rest(std::string_view bytes) {
  if (parts_->state.is_terminated) return kOver;
  return parts_->ended_by(parts_->receiver.receive_rest(bytes));
}

std::size_t ServerSession::send(std::span<char> out) {
  return parts_->sender.send(out);
}

bool ServerSession::has_pending_output() const {
  return parts_->sender.has_pending_output();
}

bool ServerSession::is_over() const {
  const SessionState& state = parts_->state;
  if (has_pending_output()) return false;
  if (state.is_terminated) return true;
  return state.streams.size() == 0 && (state.has_said_goaway || state.has_heard_goaway);
}

void ServerSession::respond(StreamId id, const Response& response) {
  SessionState& state = parts_->state;
  Stream* const stream = state.streams.find(id);
  if (stream == nullptr || stream->is_reset || stream->is_answered) return;
  stream->is_answered = true;
  stream->response = response;
  stream->response.fields = {};
  stream->fields.assign(response.fields.begin(), response.fields.end());
  stream->sending = Sending::head;
  state.heads.push_back(*stream);
}

void ServerSession::respond_interim(StreamId id, http::Status status,
                                    std::span<const http::Field> fields) {
  SessionState& state = parts_->state;
  Stream* const stream = state.streams.find(id);
  if (stream == nullptr || stream->is_reset || stream->is_answered || state.is_terminated) return;
  // Written now: the texts may be gone when it is sent.
  char* const to = state.control.extend(bound_of_interim_head(fields));
  state.control.trim(write_interim_head(to, state.encoder, id, status, fields));
}

std::uint8_t ServerSession::urgency(StreamId id) const {
  const Stream* const stream = parts_->state.streams.find(id);
  return stream == nullptr ? kDefaultUrgency : stream->priority.urgency;
}

void ServerSession::resume(StreamId id) {
  SessionState& state = parts_->state;
  Stream* const stream = state.streams.find(id);
  if (stream == nullptr) return;
  stream->is_resumed = true;
  if (stream->sending == Sending::source) state.schedule.add(*stream);
}

void ServerSession::consume(StreamId id, std::size_t bytes) {
  SessionState& state = parts_->state;
  state.consume_connection(bytes);
  if (Stream* const stream = state.streams.find(id)) state.consume_stream(*stream, bytes);
}

void ServerSession::reset(StreamId id, ResetCode code) {
  SessionState& state = parts_->state;
  Stream* const stream = state.streams.find(id);
  if (stream != nullptr) state.reset(*stream, code);
}

void ServerSession::refuse(StreamId id, ResetCode code) {
  SessionState& state = parts_->state;
  Stream* const stream = state.streams.find(id);
  if (stream == nullptr || stream->is_reset) return;
  const ResetCode fault = state.refuse(*stream, code);
  if (fault != ResetCode::no_error) state.terminate(fault);
}

std::uint64_t ServerSession::content_sent(StreamId id) const {
  const Stream* const stream = parts_->state.streams.find(id);
  return stream == nullptr ? 0 : stream->content_sent;
}

std::uint64_t ServerSession::content_sent() const {
  return parts_->state.content_sent;
}

std::int64_t ServerSession::window(StreamId id) const {
  const Stream* const stream = parts_->state.streams.find(id);
  return stream == nullptr ? 0 : stream->window;
}

std::int64_t ServerSession::window() const {
  return parts_->state.window;
}

bool ServerSession::is_terminated() const {
  return parts_->state.is_terminated;
}

std::uint64_t ServerSession::frames_received() const {
  return parts_->receiver.frames_received();
}

bool ServerSession::is_within_frame() const {
  return parts_->receiver.is_within_frame();
}

void ServerSession::announce_shutdown() {
  SessionState& state = parts_->state;
  if (state.is_terminated || state.has_said_goaway) return;
  write_goaway(state.control.extend(kGoawayBytes), kLastStreamId, ResetCode::no_error);
}

void ServerSession::finish_shutdown() {
  parts_->state.finish(ResetCode::no_error);
}

void ServerSession::terminate(ResetCode code) {
  parts_->state.terminate(code);
}

} // namespace selvedge::codec::h2
