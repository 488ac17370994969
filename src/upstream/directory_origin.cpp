#include "directory_origin.hpp"

#include "file_path.hpp"

#include <selvedge/base/arena.hpp>
#include <selvedge/http/http_date.hpp>
#include <selvedge/http/media_type.hpp>
#include <selvedge/http/validator.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace selvedge::upstream {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using boost::asio::awaitable;

namespace {

constexpr std::size_t kPieceBytes = 65536;

// Opens a file below `root`; the kernel refuses every way out of it, symbolic links included.
int open_below(int root, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK; // a FIFO must not block the worker
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

class FileResponse final : public OriginResponse {
public:
  FileResponse(int file, net::Worker& worker) : file_(file), worker_(worker) {}
  ~FileResponse() override {
    if (file_ >= 0) ::close(file_);
  }

  // What the file is, as a response to `request`.
  void describe(const http::RequestHead& request, const std::string& path, const struct stat& about,
                std::chrono::seconds max_age) {
    const auto modified = std::chrono::sys_seconds(std::chrono::seconds(about.st_mtim.tv_sec));
    const auto now = worker_.now().wall;
    const std::string_view etag = arena_.copy(fmt::format(
        "\"{:x}-{:x}-{:x}\"", about.st_mtim.tv_sec, about.st_mtim.tv_nsec, about.st_size));
    const std::string_view last_modified = arena_.copy(http::http_date(modified));
    head_.fields.add(http::FieldName::date, arena_.copy(http::http_date(now)));
    head_.fields.add(http::FieldName::etag, etag);
    head_.fields.add(http::FieldName::last_modified, last_modified);
    head_.fields.add(http::FieldName::cache_control,
                     has_version(path)
                         ? std::string_view("public, max-age=31536000, immutable")
                         : arena_.copy(fmt::format("public, max-age={}", max_age.count())));
    const http::Validators validators{etag, last_modified, {}};
    if (http::is_not_modified(request, validators, now, now)) {
      head_.status = 304;
      return;
    }
    head_.status = 200;
    head_.fields.add(http::FieldName::content_type, http::media_type_of(path));
    head_.content_length = static_cast<std::uint64_t>(about.st_size);
    left_ = request.method == http::Method::head ? 0 : *head_.content_length;
  }

  awaitable<base::Result<std::string_view>> read() override {
    if (left_ == 0) co_return std::string_view();
    // Others have their turn between two pieces of a large file.
    if (!buffer_.empty()) co_await boost::asio::post(worker_.io(), boost::asio::use_awaitable);
    buffer_.resize(std::min<std::uint64_t>(left_, kPieceBytes));
    const ssize_t n = ::pread(file_, buffer_.data(), buffer_.size(), offset_);
    // A file that became shorter would be a truncated response: never complete.
    if (n <= 0) co_return Error{ErrorCode::closed, ErrorSource::upstream};
    offset_ += n;
    left_ -= static_cast<std::uint64_t>(n);
    co_return std::string_view(buffer_.data(), static_cast<std::size_t>(n));
  }

private:
  int file_;
  net::Worker& worker_;
  base::Arena arena_;
  std::string buffer_;
  off_t offset_ = 0;
  std::uint64_t left_ = 0;
};

class PlainResponse final : public OriginResponse {
public:
  PlainResponse(http::Status status, std::string_view text) : text_(text) {
    head_.status = status;
    head_.content_length = text.size();
    head_.fields.add(http::FieldName::content_type, "text/plain; charset=utf-8");
    head_.fields.add(http::FieldName::cache_control, "no-cache");
    if (status == 405) head_.fields.add(http::FieldName::allow, "GET, HEAD");
  }
  awaitable<base::Result<std::string_view>> read() override {
    co_return std::exchange(text_, std::string_view());
  }

private:
  std::string_view text_;
};

OriginResponsePtr plain(http::Status status, std::string_view text) {
  return std::make_unique<PlainResponse>(status, text);
}

} // namespace

DirectoryOrigin::DirectoryOrigin(const OriginOptions& options, net::Worker& worker)
    : options_(options), worker_(worker) {
  root_ = ::open(options_.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root_ < 0) {
    throw std::runtime_error(fmt::format("origin '{}': cannot open directory '{}': {}",
                                         options_.name, options_.root, std::strerror(errno)));
  }
}

DirectoryOrigin::~DirectoryOrigin() {
  ::close(root_);
}

awaitable<base::Result<OriginResponsePtr>> DirectoryOrigin::fetch(const FetchRequest& request) {
  counters_.requests.add();
  const http::RequestHead& head = *request.head;
  if (head.method != http::Method::get && head.method != http::Method::head) {
    co_return plain(405, "This origin serves files: GET and HEAD only.\n");
  }
  const std::optional<std::string> path = file_path_of(head.target);
  if (!path) co_return plain(404, "No such file.\n");
  const int file = open_below(root_, *path);
  if (file < 0) {
    const bool is_missing = errno == ENOENT || errno == ENOTDIR || errno == EXDEV ||
                            errno == ELOOP || errno == EACCES || errno == ENAMETOOLONG;
    if (is_missing) co_return plain(404, "No such file.\n");
    counters_.errors.add();
    co_return Error{ErrorCode::io, ErrorSource::internal, base::Retry::never, 0, errno};
  }
  auto response = std::make_unique<FileResponse>(file, worker_);
  struct stat about {};
  if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
    co_return plain(404, "No such file.\n");
  }
  response->describe(head, *path, about, options_.max_age);
  co_return OriginResponsePtr(std::move(response));
}

} // namespace selvedge::upstream
