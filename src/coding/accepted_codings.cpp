#include <selvedge/coding/accepted_codings.hpp>

#include <selvedge/http/preference.hpp>

namespace selvedge::coding {

AcceptedCodings AcceptedCodings::of(const http::FieldList& request) {
  AcceptedCodings accepted;
  std::array<bool, kContentCodings> is_named{};
  std::optional<unsigned> others; // the weight of "*"
  http::for_each_element(request, http::FieldName::accept_encoding, [&](std::string_view element) {
    const auto member = http::parse_preference(element);
    if (!member) return true;
    if (member->name == "*") {
      others = member->weight;
    } else if (const auto coding = content_coding_of(member->name)) {
      const auto at = static_cast<std::size_t>(*coding);
      is_named[at] = true;
      accepted.weights_[at] = static_cast<std::uint16_t>(member->weight);
    }
    return true;
  });
  if (!others) return accepted;
  for (std::size_t at = 0; at < kContentCodings; ++at) {
    // Nobody means by "*" that it has a certain dictionary.
    const bool is_meant = !is_named[at] && static_cast<ContentCoding>(at) != ContentCoding::dcz;
    if (is_meant) accepted.weights_[at] = static_cast<std::uint16_t>(*others);
  }
  return accepted;
}

} // namespace selvedge::coding
