// An origin that is a directory of files. Files are read a piece at a time from the worker's own
// thread: they come from the page cache, and a fill needs each only once.
#pragma once

#include <selvedge/upstream/origin.hpp>

namespace selvedge::upstream {

class DirectoryOrigin final : public Origin {
public:
  // Throws std::runtime_error when the root cannot be opened.
  DirectoryOrigin(const OriginOptions& options, net::Worker& worker);
  ~DirectoryOrigin() override;

  boost::asio::awaitable<base::Result<OriginResponsePtr>>
  fetch(const FetchRequest& request) override;

private:
  const OriginOptions options_;
  net::Worker& worker_;
  int root_ = -1;
};

} // namespace selvedge::upstream
