// Content-Type of a file by the end of its name.
#pragma once

#include <string_view>

namespace selvedge::http {

// "application/octet-stream" for an unknown one.
std::string_view media_type_of(std::string_view path);

} // namespace selvedge::http
