#include <selvedge/base/file_text.hpp>

#include <cerrno>
#include <fstream>

namespace selvedge::base {

boost::system::result<std::string> file_text(const std::string& path, std::size_t most) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string text(most, '\0');
  if (stream) stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.is_open() || stream.bad()) {
    return boost::system::error_code(errno, boost::system::generic_category());
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

} // namespace selvedge::base
