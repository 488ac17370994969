// What a route codes, and for whom (RFC 9110, 8.4 and 12.5.3). Immutable. Thread: any.
#pragma once

#include <selvedge/cache/store.hpp>
#include <selvedge/coding/accepted_codings.hpp>
#include <selvedge/overload/load_level.hpp>
#include <selvedge/proxy/options.hpp>

#include <string>

namespace selvedge::proxy {

// The cache knows codings by their number.
constexpr cache::Coding number_of(coding::ContentCoding coding) {
  return static_cast<cache::Coding>(coding);
}

class Compression {
public:
  // Requires: the codings are known.
  explicit Compression(CompressionOptions options);

  // What a client takes, best what it prefers, then what the route does. `dictionary`: that it has;
  // it outlives what is returned; null: none.
  cache::TakenCodings taken_by(const http::RequestHead& request,
                               const cache::ContentDigest* dictionary = nullptr) const;
  // The same, with the dictionary that the request names. The fields that say so go: what is stored
  // does not depend on what one client takes.
  cache::TakenCodings take_codings(http::RequestHead& request, base::Arena& arena) const;
  // The coding that a client gets of what may be coded, when there is no difference to what it has.
  static coding::ContentCoding best_of(const cache::TakenCodings& taken);
  // Whether variants of it are made. `response` as it came; its content may be on its way.
  bool may_code(const cache::StoredResponse& response) const;

  bool has_dictionaries() const { return options_.dictionaries.enabled; }
  // Whether clients are told to keep it as a dictionary, by its head. `length`: where it is known.
  bool may_be_dictionary(const http::ResponseHead& head, std::optional<std::uint64_t> length) const;
  // Whether a difference between both is made.
  bool may_compare(const cache::StoredResponse& content,
                   const cache::StoredResponse& dictionary) const;
  // A difference is worth it up to so many bytes, where the client would get `others` else.
  std::uint64_t most_of_difference(std::uint64_t others) const;
  bool takes_type(std::string_view content_type) const;
  std::uint64_t max_size() const { return options_.max_size; }
  // Of the coding's own scale; less where the load is high.
  int level_of(coding::ContentCoding coding,
               overload::LoadLevel load = overload::LoadLevel::calm) const;
  // What the origin is told of codings; "identity" for none.
  const std::string& accepted_of_origin() const { return accepted_of_origin_; }

private:
  int configured_level(coding::ContentCoding coding) const;

  const CompressionOptions options_;
  std::vector<coding::ContentCoding> codings_;
  std::string accepted_of_origin_;
};

// The response as it is with that coding, whose content comes later (RFC 9110, 8.8.3.3: an entity
// tag of its own). `dictionary`: that it needs.
boost::intrusive_ptr<cache::StoredResponse>
coded_response(const cache::StoredResponse& as_it_came, coding::ContentCoding coding,
               boost::intrusive_ptr<cache::Body> body, cache::MemoryLedger& ledger,
               std::shared_ptr<const cache::ContentDigest> dictionary = {});

// By what a request chooses among variants of a response, where its Vary does not say so yet: for
// another Vary field, or line of it. `by_dictionary`: it is such a variant.
std::string_view chosen_by(const http::HeadBlock& head, bool by_dictionary = false);

// RFC 9110, 7.7.
bool forbids_transforming(const http::FieldList& fields);
// Whether it tells something of the bytes as they were coded, or not.
bool is_about_coded_bytes(const http::Field& field);

} // namespace selvedge::proxy
