// A kind says how one type of member is read, written, compared and described. Members of options
// structs are plain C++; a kind adds what the type does not say: unit, bounds, form.
// Thread: any, once made; reading is as the Reading allows.
#pragma once

#include "differences.hpp"
#include "reading.hpp"
#include "shape.hpp"
#include "writer.hpp"

#include <memory>
#include <string>

namespace selvedge::config {

// Whether "" or [] is a value.
enum class Empty : std::uint8_t { refused, allowed };

template <typename M> class Kind {
public:
  virtual ~Kind() = default;
  // Changes `to` only when the value is good; else a failure is noted.
  virtual void read(const Input& input, M& to) const = 0;
  // What follows the key.
  virtual void write(Writer& writer, const M& value) const = 0;
  virtual void compare(Differences& differences, const Changed& at, const M& from,
                       const M& to) const = 0;
  virtual Shape shape() const = 0;
  // The value as YAML on one line; "" for sections.
  virtual std::string yaml(const M& value) const = 0;
  // True for kinds that several files may fill together: sections and lists of sections.
  virtual bool is_joined() const { return false; }
};

// A kind whose values fit on one line.
template <typename M> class LineKind : public Kind<M> {
public:
  void write(Writer& writer, const M& value) const override { writer.value(this->yaml(value)); }
  void compare(Differences& differences, const Changed& at, const M& from,
               const M& to) const override {
    if (!(from == to)) differences.changed(at, this->yaml(from), this->yaml(to));
  }
};

} // namespace selvedge::config
