// What a client takes, by its Accept-Encoding (RFC 9110, 12.5.3).
#pragma once

#include <selvedge/coding/content_coding.hpp>
#include <selvedge/http/field.hpp>

#include <array>
#include <cstdint>

namespace selvedge::coding {

class AcceptedCodings {
public:
  // Of a client that says nothing: content as it is.
  AcceptedCodings() = default;
  // Members that cannot be read count as not there.
  static AcceptedCodings of(const http::FieldList& request);

  // In thousandths; 0: refused.
  unsigned weight(ContentCoding coding) const { return weights_[static_cast<std::size_t>(coding)]; }
  bool has(ContentCoding coding) const { return weight(coding) > 0; }

private:
  std::array<std::uint16_t, kContentCodings> weights_{1}; // identity: rather than nothing
};

} // namespace selvedge::coding
