// What is in files that the operator names.
// Thread: any; it blocks for as long as the file system does.
#pragma once

#include <boost/system/result.hpp>

#include <cstddef>
#include <string>

namespace selvedge::base {

// The first bytes of a file, at most `most`, or why it cannot be read. Whoever refuses files of
// more than a size asks for one byte more.
boost::system::result<std::string> file_text(const std::string& path, std::size_t most);
// A secret: the first line, which must be there and not be empty.
boost::system::result<std::string> first_line(const std::string& path);

} // namespace selvedge::base
