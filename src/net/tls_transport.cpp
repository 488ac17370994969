#include "tls_transport.hpp"

#include "client_hello.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

namespace selvedge::net {

namespace {

constexpr std::size_t kRecordBytes = 16384; // the largest TLS record (RFC 8446, 5.1)
constexpr std::size_t kOverhead = 256;      // of a record at most (RFC 8446, 5.2)
// What is sealed for a client that has not yet taken so much at once, or was slow lately: it is
// held for as long as the client does not read.
constexpr std::size_t kFirstBatch = 69632;

// The next bytes of `parts` as one run: the first part itself when it fills a record, else a copy
// of as much as a record holds, since one full record costs less than several small ones.
std::string_view next_record(std::span<const iovec> parts, std::span<char> scratch) {
  if (parts.size() == 1 || parts[0].iov_len >= kRecordBytes) {
    return {static_cast<const char*>(parts[0].iov_base), std::min(parts[0].iov_len, kRecordBytes)};
  }
  std::size_t size = 0;
  for (const iovec& part : parts) {
    const std::size_t n = std::min(part.iov_len, scratch.size() - size);
    std::memcpy(scratch.data() + size, part.iov_base, n);
    size += n;
    if (size == scratch.size()) break;
  }
  return {scratch.data(), size};
}

// Takes `bytes` off the front. Returns what is left.
std::span<iovec> advance(std::span<iovec> parts, std::size_t bytes) {
  while (!parts.empty() && bytes >= parts[0].iov_len) {
    bytes -= parts[0].iov_len;
    parts = parts.subspan(1);
  }
  if (bytes > 0) {
    parts[0].iov_base = static_cast<char*>(parts[0].iov_base) + bytes;
    parts[0].iov_len -= bytes;
  }
  return parts;
}

} // namespace

struct TlsBio {
  static TlsTransport& self(BIO* bio) { return *static_cast<TlsTransport*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    TlsTransport& me = self(bio);
    const IoResult got = me.TcpTransport::read({into, static_cast<std::size_t>(size)});
    if (got.state == IoState::ok) return static_cast<int>(got.bytes);
    if (got.state == IoState::closed) {
      me.is_at_end_ = true;
      return 0;
    }
    BIO_set_retry_read(bio);
    return -1;
  }

  static int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    TlsTransport& me = self(bio);
    const auto bytes = static_cast<std::size_t>(size);
    if (bytes > Worker::kSealedBytes - me.sealed_) me.send_sealed();
    const std::span<char> buffer = me.worker().sealed_buffer();
    std::memcpy(buffer.data() + me.sealed_, from, bytes);
    me.sealed_ += bytes;
    return size;
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return self(bio).is_at_end_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "transport");
      if (made == nullptr) throw std::bad_alloc();
      BIO_meth_set_read(made, read);
      BIO_meth_set_write(made, write);
      BIO_meth_set_ctrl(made, control);
      return made;
    }();
    return method;
  }
};

TlsTransport::TlsTransport(int socket, std::string peer, Worker& worker, TlsContextPtr context)
    : TcpTransport(socket, std::move(peer), worker), context_(context), server_(context.get()),
      ssl_(context->new_connection()), batch_(kFirstBatch) {
  attach();
  SSL_set_app_data(ssl_, this); // for of(); TlsClientContext has another use for it
  SSL_set_accept_state(ssl_);
}

TlsTransport::TlsTransport(int socket, std::string peer, Worker& worker,
                           TlsClientContextPtr context, SSL* connection)
    : TcpTransport(socket, std::move(peer), worker), context_(std::move(context)), ssl_(connection),
      batch_(kFirstBatch) {
  attach();
  SSL_set_connect_state(ssl_);
}

void TlsTransport::attach() {
  BIO* bio = BIO_new(TlsBio::method());
  if (bio == nullptr) {
    SSL_free(ssl_);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
}

TlsTransport::~TlsTransport() {
  SSL_free(ssl_);
}

// --- records on their way out

std::size_t TlsTransport::sealed_room() const {
  return batch_ - std::min(batch_, sealed_);
}

void TlsTransport::send_sealed() {
  const std::size_t size = std::exchange(sealed_, 0);
  if (size == 0) return;
  std::string_view left(worker().sealed_buffer().data(), size);
  if (send_held()) {
    const iovec part{worker().sealed_buffer().data(), size};
    const IoResult sent = TcpTransport::write({&part, 1});
    if (sent.state == IoState::closed) is_broken_ = true;
    left.remove_prefix(sent.bytes);
  }
  if (!is_broken_) held_.append(left);
  if (!held_.empty()) {
    batch_ = kFirstBatch;
  } else if (size > kFirstBatch / 2) {
    batch_ = Worker::kSealedBytes;
  }
}

// True when nothing is held any more.
bool TlsTransport::send_held() {
  if (held_.empty()) return true;
  const iovec part{held_.data(), held_.size()};
  const IoResult sent = TcpTransport::write({&part, 1});
  if (sent.state == IoState::closed) is_broken_ = true;
  held_.erase(0, is_broken_ ? held_.size() : sent.bytes);
  if (!held_.empty()) return false;
  held_.shrink_to_fit();
  return true;
}

bool TlsTransport::on_room() {
  if (!send_held()) return false;
  if (shuts_down_) TcpTransport::shut_down_output();
  return true;
}

// --- what has become of it

IoState TlsTransport::state_after(int result) {
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) {
    is_broken_ = true;
    note_failure();
  }
  ERR_clear_error();
  const bool waits = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_CLIENT_HELLO_CB;
  return waits ? IoState::blocked : IoState::closed;
}

// From OpenSSL's queue of errors, the first time: later ones follow from it.
void TlsTransport::note_failure() {
  if (failure_ != TlsFailure::none) return;
  const unsigned long error = ERR_peek_last_error();
  const int reason = ERR_GET_REASON(error);
  const bool is_of_tls = error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL;
  if (is_of_tls && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    failure_ = TlsFailure::certificate;
  } else if (error == 0 || (is_of_tls && reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
    failure_ = TlsFailure::closed;
  } else {
    failure_ = TlsFailure::protocol;
  }
  if (const char* text = error != 0 ? ERR_reason_error_string(error) : nullptr) {
    failure_text_ = text;
  }
}

TlsFailure TlsTransport::failure() const {
  // The socket failed, not TLS.
  if (is_broken_ && failure_ == TlsFailure::none) return TlsFailure::closed;
  return failure_;
}

// OpenSSL takes a fatal alert for one, too.
bool TlsTransport::has_said_goodbye() const {
  return failure_ == TlsFailure::none && (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
}

std::string TlsTransport::verify_error() const {
  if (failure_ != TlsFailure::certificate) return {};
  return X509_verify_cert_error_string(SSL_get_verify_result(ssl_));
}

std::string_view TlsTransport::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

// --- who the client is

TlsTransport& TlsTransport::of(const SSL* connection) {
  return *static_cast<TlsTransport*>(SSL_get_app_data(connection));
}

namespace {

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
    names.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  }
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(all, i);
    if (one->type == GEN_DNS) names.push_back(text_of(one->d.dNSName));
    if (one->type == GEN_URI) names.push_back(text_of(one->d.uniformResourceIdentifier));
  }
  GENERAL_NAMES_free(all);
  return names;
}

} // namespace

bool TlsTransport::on_hello() {
  if (!has_hello_) {
    has_hello_ = true;
    server_name_ = server_name_of(ssl_);
    peer_.server_name = server_name_;
    peer_.resumes = offers_own_ticket(ssl_, server_->ticket_keys());
  }
  return may_proceed_;
}

void TlsTransport::proceed() {
  may_proceed_ = true;
  expect_input(); // OpenSSL has read it
}

void TlsTransport::take_note(std::string_view note) {
  note_.assign(note.substr(0, TlsPeer::kNoteBytes));
}

// Once the handshake is done.
void TlsTransport::look_at_peer() {
  was_looked_at_ = true;
  peer_.protocol = protocol();
  if (SSL_session_reused(ssl_) == 1) peer_.note = note_;
  if (SSL_get_verify_mode(ssl_) == SSL_VERIFY_NONE || SSL_is_server(ssl_) == 0) return;
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return;
  peer_.certificate_names = names_of(certificate);
}

void TlsTransport::give_ticket(std::string_view note) {
  if (is_broken_ || SSL_version(ssl_) != TLS1_3_VERSION || SSL_is_init_finished(ssl_) == 0) return;
  note_to_give_.assign(note.substr(0, TlsPeer::kNoteBytes));
  SSL_new_session_ticket(ssl_);
  ERR_clear_error();
}

// --- the stream

IoState TlsTransport::handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_);
  const IoState state = done == 1 ? IoState::ok : state_after(done);
  send_sealed(); // the next flight, or an alert
  if (state != IoState::closed && !is_broken_) return state;
  is_broken_ = true; // a goodbye instead of a handshake fails too
  return IoState::closed;
}

IoResult TlsTransport::read(std::span<char> into) {
  ERR_clear_error(); // SSL_get_error() looks at what others left in this thread's queue
  IoResult result;
  while (result.bytes < into.size()) {
    std::size_t n = 0;
    const int done = SSL_read_ex(ssl_, into.data() + result.bytes, into.size() - result.bytes, &n);
    if (done != 1) {
      const IoState state = state_after(done);
      if (result.bytes == 0) {
        result.state = state;
        result.is_cut_off = state == IoState::closed && !has_said_goodbye();
      }
      result.may_have_more = result.bytes > 0 && state == IoState::closed;
      break;
    }
    result.bytes += n;
    if (!was_looked_at_) look_at_peer();
    // What is not buffered in OpenSSL yet, the next wait reports.
    if (SSL_has_pending(ssl_) == 0) break;
    result.may_have_more = result.bytes == into.size();
  }
  send_sealed(); // the handshake's, or an alert
  return result;
}

IoResult TlsTransport::write(std::span<const iovec> all) {
  if (!send_held()) return {.state = IoState::blocked};
  ERR_clear_error();
  std::array<char, kRecordBytes> scratch;
  std::array<iovec, 64> copy;
  const std::size_t count = std::min(all.size(), copy.size());
  std::copy_n(all.begin(), count, copy.begin());
  std::span<iovec> parts(copy.data(), count);
  IoResult result;
  while (!parts.empty() && held_.empty() && !is_broken_) {
    const std::string_view record = next_record(parts, scratch);
    if (record.size() + kOverhead > sealed_room()) {
      send_sealed();
      continue;
    }
    std::size_t n = 0;
    const int done = record.empty() ? 1 : SSL_write_ex(ssl_, record.data(), record.size(), &n);
    if (done != 1) {
      // There is always room, so nothing but an error stops it; or the handshake that we began.
      const IoState state = state_after(done);
      if (state == IoState::blocked && SSL_is_server(ssl_) == 0) {
        result.state = IoState::blocked;
        break;
      }
      is_broken_ = true;
    }
    result.bytes += n;
    parts = advance(parts, n);
  }
  send_sealed();
  if (is_broken_) return {.state = IoState::closed};
  result.is_holding = !held_.empty();
  return result;
}

void TlsTransport::say_goodbye() {
  if (!is_broken_ && SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);
  ERR_clear_error();
  send_sealed();
}

void TlsTransport::shut_down_output() {
  say_goodbye();
  shuts_down_ = true;
  if (held_.empty()) TcpTransport::shut_down_output();
}

void TlsTransport::close() {
  if (socket() >= 0) say_goodbye();
  TcpTransport::close();
}

} // namespace selvedge::net
