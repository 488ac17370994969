#include <selvedge/base/file_text.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>

namespace selvedge::base {

namespace {
constexpr std::size_t kPiece = 65536; // bytes that are read at once
}

boost::system::result<std::string> file_text(const std::string& path, std::size_t most) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string text;
  while (stream && text.size() < most) {
    const std::size_t before = text.size();
    text.resize(before + std::min(most - before, kPiece));
    stream.read(text.data() + before, static_cast<std::streamsize>(text.size() - before));
    text.resize(before + static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream.is_open() || stream.bad()) {
    return boost::system::error_code(errno, boost::system::generic_category());
  }
  return text;
}

boost::system::result<std::string> first_line(const std::string& path) {
  constexpr std::size_t kLongest = 16384;
  auto text = file_text(path, kLongest + 1);
  if (!text) return text;
  text->resize(std::min(text->find_first_of("\r\n"), text->size()));
  if (text->empty()) return make_error_code(boost::system::errc::no_message);
  if (text->size() > kLongest) return make_error_code(boost::system::errc::message_size);
  return text;
}

} // namespace selvedge::base
