// The Huffman code of HPACK (RFC 7541, 5.2 and Appendix B), encoding only. Thread: any.
#pragma once

#include <string_view>

namespace selvedge::codec::hpack {

// Writes the code of `text` and the padding at `to`; returns its end. Null if it would not be
// shorter than the text: then some bytes at `to` have been written, never more than text.size().
char* encode_huffman(char* to, std::string_view text);

} // namespace selvedge::codec::hpack
