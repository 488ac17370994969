// Kinds of single values that are not free text: true or false, numbers, shares, sizes, durations,
// words.
// Thread: as kind.hpp.
#pragma once

#include "kind.hpp"
#include "units.hpp"

#include <selvedge/config/nearest.hpp>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace selvedge::config {

class BoolKind final : public LineKind<bool> {
public:
  void read(const Input& input, bool& to) const override {
    const bool is_true = input.node.IsScalar() && input.node.Scalar() == "true";
    const bool is_false = input.node.IsScalar() && input.node.Scalar() == "false";
    if (!is_true && !is_false) return input.refuse(shape().what);
    to = is_true;
  }
  std::string yaml(const bool& value) const override { return value ? "true" : "false"; }
  Shape shape() const override {
    Shape shape;
    shape.type = ShapeType::boolean;
    shape.what = "true or false";
    return shape;
  }
};

// Both bounds are allowed values.
struct Bounds {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  bool power_of_two = false;
  bool or_zero = false;

  bool hold(std::uint64_t value) const {
    if (or_zero && value == 0) return true;
    return value >= least && value <= most && (!power_of_two || (value & (value - 1)) == 0);
  }
};

// A number without a unit. Requires: the bounds fit U.
template <typename U> class NumberKind final : public LineKind<U> {
public:
  explicit NumberKind(Bounds bounds) : bounds_(bounds) {}

  void read(const Input& input, U& to) const override {
    const auto number = input.node.IsScalar() ? parse_number(input.node.Scalar()) : std::nullopt;
    if (!number || !bounds_.hold(*number)) return input.refuse(shape().what);
    to = static_cast<U>(*number);
  }
  std::string yaml(const U& value) const override { return std::to_string(value); }
  Shape shape() const override {
    Shape shape;
    shape.type = ShapeType::number;
    shape.least = bounds_.least;
    shape.most = bounds_.most;
    shape.what = std::string(bounds_.power_of_two ? "a power of two" : "a whole number") +
                 " from " + std::to_string(bounds_.least) + " to " + std::to_string(bounds_.most);
    return shape;
  }

private:
  Bounds bounds_;
};

// A number that may have a fraction, as "0.75"; both bounds are allowed values.
class DecimalKind final : public LineKind<double> {
public:
  DecimalKind(std::uint64_t least, std::uint64_t most) : least_(least), most_(most) {}

  void read(const Input& input, double& to) const override {
    const auto number = input.node.IsScalar() ? parse_decimal(input.node.Scalar()) : std::nullopt;
    const bool is_good =
        number && *number >= static_cast<double>(least_) && *number <= static_cast<double>(most_);
    if (!is_good) return input.refuse(shape().what);
    to = *number;
  }
  std::string yaml(const double& value) const override { return decimal_text(value); }
  Shape shape() const override {
    Shape shape;
    shape.type = ShapeType::decimal;
    shape.least = least_;
    shape.most = most_;
    shape.what = "a number from " + std::to_string(least_) + " to " + std::to_string(most_);
    return shape;
  }

private:
  std::uint64_t least_;
  std::uint64_t most_;
};

// A part of something, from 0% to 100%; 1 is all of it.
class ShareKind final : public LineKind<double> {
public:
  void read(const Input& input, double& to) const override {
    const auto share = input.node.IsScalar() ? parse_percent(input.node.Scalar()) : std::nullopt;
    if (!share) return input.refuse(shape().what);
    to = *share;
  }
  std::string yaml(const double& value) const override { return percent_text(value); }
  Shape shape() const override {
    Shape shape;
    shape.type = ShapeType::text;
    shape.what = "a share from 0% to 100%";
    shape.pattern = "^[0-9]+([.][0-9]+)?%$";
    shape.may_be_empty = false;
    return shape;
  }
};

class SizeKind final : public LineKind<std::uint64_t> {
public:
  explicit SizeKind(Bounds bounds) : bounds_(bounds) {}

  void read(const Input& input, std::uint64_t& to) const override {
    const auto bytes = input.node.IsScalar() ? parse_bytes(input.node.Scalar()) : std::nullopt;
    if (!bytes || !bounds_.hold(*bytes)) return input.refuse(shape().what);
    to = *bytes;
  }
  std::string yaml(const std::uint64_t& value) const override { return bytes_text(value); }
  Shape shape() const override {
    Shape shape;
    shape.type = ShapeType::size;
    shape.may_be_zero = bounds_.least == 0 || bounds_.or_zero;
    shape.pattern = "^[0-9]+(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$";
    shape.what = bounds_.or_zero ? "0 or " : "";
    shape.what += "a size from " + bytes_text(bounds_.least) + " to " + bytes_text(bounds_.most);
    return shape;
  }

private:
  Bounds bounds_;
};

// D: the std::chrono duration of the member; a value that D cannot hold exactly is refused.
template <typename D> class DurationKind final : public LineKind<D> {
public:
  using Millis = std::chrono::milliseconds;
  DurationKind(Millis least, Millis most) : least_(least), most_(most) {}

  void read(const Input& input, D& to) const override {
    const auto time = input.node.IsScalar() ? parse_duration(input.node.Scalar()) : std::nullopt;
    const bool is_good = time && *time >= least_ && *time <= most_ &&
                         Millis{std::chrono::duration_cast<D>(*time)} == *time;
    if (!is_good) return input.refuse(shape().what);
    to = std::chrono::duration_cast<D>(*time);
  }
  std::string yaml(const D& value) const override { return duration_text(value); }
  Shape shape() const override {
    Shape shape;
    shape.type = ShapeType::duration;
    shape.may_be_zero = least_ == Millis{0};
    shape.pattern = D::period::den == 1 ? "^(0|[0-9]+(s|m|h|d))$" : "^(0|[0-9]+(ms|s|m|h|d))$";
    shape.what = "a duration from " + duration_text(least_) + " to " + duration_text(most_);
    return shape;
  }

private:
  Millis least_;
  Millis most_;
};

// One of the names of an enum's values.
template <typename E> class WordKind final : public LineKind<E> {
public:
  using Words = std::vector<std::pair<std::string, E>>;
  explicit WordKind(Words words) : words_(std::move(words)) {}

  void read(const Input& input, E& to) const override {
    const std::string typed = input.node.IsScalar() ? input.node.Scalar() : std::string{};
    for (const auto& [name, value] : words_) {
      if (name == typed) {
        to = value;
        return;
      }
    }
    input.refuse(shape().what, did_you_mean(typed, names()));
  }
  std::string yaml(const E& value) const override {
    for (const auto& [name, word] : words_) {
      if (word == value) return yaml_text(name);
    }
    return {};
  }
  Shape shape() const override {
    Shape shape;
    shape.type = ShapeType::word;
    shape.words = names();
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (i > 0) shape.what += i + 1 == words_.size() ? " or " : ", ";
      shape.what += words_[i].first;
    }
    return shape;
  }

private:
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& word : words_) names.push_back(word.first);
    return names;
  }

  Words words_;
};

} // namespace selvedge::config
