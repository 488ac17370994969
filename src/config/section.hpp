// Section<T>: the records of the keys that fill one options struct. It is the only place that knows
// both a key and the member behind it; reading, errors, YAML, reference, schema and differences all
// walk the same list.
// Thread: any, once made; reading is as the Reading allows.
#pragma once

#include "kind.hpp"

#include <selvedge/config/nearest.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace selvedge::config {

// Keys that say how the files are read are no part of the configuration that comes of it.
enum class Written : std::uint8_t { always, in_reference };

// What a record says beside the kind and the member.
struct About {
  std::string text;
  Reload reload = Reload::live;
  bool is_required = false;
  Written written = Written::always;
};

// One key of the section for T.
template <typename T> class Field {
public:
  // Some keys belong to one variety of a section only: `condition` says which, for people.
  struct Only {
    std::string condition;
    bool (*applies)(const T&) = [](const T&) { return true; };
  };

  Field(std::string key, About about, Only only)
      : key_(std::move(key)), about_(std::move(about)), only_(std::move(only)) {}
  virtual ~Field() = default;

  const std::string& key() const { return key_; }
  const About& about() const { return about_; }
  const Only& only() const { return only_; }

  virtual bool is_joined() const = 0;
  virtual void read(const Input& input, T& to) const = 0;
  virtual void write(Writer& writer, const T& from) const = 0;
  virtual void compare(Differences& differences, const Changed& at, const T& from,
                       const T& to) const = 0;
  virtual FieldShape shape() const = 0;
  virtual std::string yaml(const T& from) const = 0; // as Kind's
  virtual bool is_initial(const T& from) const = 0;  // has its default

private:
  std::string key_;
  About about_;
  Only only_;
};

template <typename T, typename M> class MemberField final : public Field<T> {
public:
  MemberField(std::string key, About about, typename Field<T>::Only only, M T::*member,
              std::unique_ptr<Kind<M>> kind)
      : Field<T>(std::move(key), std::move(about), std::move(only)), member_(member),
        kind_(std::move(kind)) {}

  bool is_joined() const override { return kind_->is_joined(); }
  void read(const Input& input, T& to) const override { kind_->read(input, to.*member_); }
  void write(Writer& writer, const T& from) const override { kind_->write(writer, from.*member_); }
  void compare(Differences& differences, const Changed& at, const T& from,
               const T& to) const override {
    kind_->compare(differences, at, from.*member_, to.*member_);
  }
  FieldShape shape() const override {
    FieldShape shape;
    shape.key = this->key();
    shape.text = this->about().text;
    shape.reload = this->about().reload;
    shape.is_required = this->about().is_required;
    shape.condition = this->only().condition;
    shape.initial = kind_->yaml(T{}.*member_);
    shape.shape = kind_->shape();
    return shape;
  }
  std::string yaml(const T& from) const override { return kind_->yaml(from.*member_); }
  bool is_initial(const T& from) const override {
    Differences differences;
    kind_->compare(differences, {}, T{}.*member_, from.*member_);
    return differences.size() == 0;
  }

private:
  M T::*member_;
  std::unique_ptr<Kind<M>> kind_;
};

// The comment above a key in the reference.
std::string explanation(const FieldShape& field);

template <typename T> class Section {
public:
  using Only = typename Field<T>::Only;

  template <typename M, typename K>
  Section& add(std::string key, M T::*member, std::unique_ptr<K> kind, About about,
               Only only = {}) {
    fields_.push_back(std::make_unique<MemberField<T, M>>(
        std::move(key), std::move(about), std::move(only), member, std::move(kind)));
    return *this;
  }

  // A single value may stand for a whole section: it is that of this key, and the others have their
  // defaults. Requires: no other key is required.
  Section& allow_short(std::string key) {
    short_key_ = std::move(key);
    return *this;
  }
  // A key of former versions, and where it is now.
  Section& moved(std::string key, std::string place) {
    moved_.emplace(std::move(key), std::move(place));
    return *this;
  }

  const std::string& short_key() const { return short_key_; }
  // For people.
  std::string what() const {
    const std::string keys = "a section of keys";
    return short_key_.empty() ? keys : find(short_key_)->shape().shape.what + ", or " + keys;
  }

  // Fills `to` from a map; what the map does not say stays as it is.
  void read(const Input& input, T& to) const {
    if (input.node.IsScalar() && !short_key_.empty()) return find(short_key_)->read(input, to);
    if (!input.node.IsMap() && !input.node.IsNull()) return input.refuse(what());
    const std::size_t failures = input.reading.failures();
    std::map<std::string, Where> keys;
    for (const auto& pair : input.node) {
      const Where where = input.reading.place(pair.first.Mark());
      if (!input.reading.spend(where, input.path)) return;
      read_pair(input, pair.first, pair.second, where, keys, to);
    }
    const bool is_whole = input.reading.failures() == failures;
    check_presence(input, keys, is_whole ? &to : nullptr);
  }

  void write(Writer& writer, const T& from) const {
    for (const auto& field : fields_) {
      if (!field->only().applies(from)) continue;
      const bool is_passing = field->about().written == Written::in_reference;
      if (is_passing && !writer.is_explaining()) continue;
      if (writer.explains(field.get())) {
        writer.comment(explanation(field->shape()));
      } else if (writer.is_explained(field.get()) && field->is_initial(from)) {
        continue; // a default that has been shown
      }
      writer.key(field->key());
      field->write(writer, from);
    }
  }

  // The one value that stands for all of `from`, as YAML; nothing when more has to be said.
  std::optional<std::string> short_yaml(const T& from) const {
    if (short_key_.empty()) return std::nullopt;
    for (const auto& field : fields_) {
      if (field->key() != short_key_ && !field->is_initial(from)) return std::nullopt;
    }
    return find(short_key_)->yaml(from);
  }

  void compare(Differences& differences, const std::string& path, const T& from,
               const T& to) const {
    for (const auto& field : fields_) {
      if (!field->only().applies(from) && !field->only().applies(to)) continue;
      const Changed at{joined(path, field->key()), field->about().reload};
      field->compare(differences, at, from, to);
    }
  }

  std::vector<FieldShape> shapes() const {
    std::vector<FieldShape> shapes;
    for (const auto& field : fields_) shapes.push_back(field->shape());
    return shapes;
  }

private:
  static std::string joined(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  const Field<T>* find(const std::string& key) const {
    for (const auto& field : fields_) {
      if (field->key() == key) return field.get();
    }
    return nullptr;
  }

  void read_pair(const Input& input, const YAML::Node& key, const YAML::Node& value,
                 const Where& where, std::map<std::string, Where>& keys, T& to) const {
    Reading& reading = input.reading;
    if (!key.IsScalar()) return reading.fail(where, input.path, "a key must be a name");
    const std::string& name = key.Scalar();
    const Field<T>* field = find(name);
    if (const auto now = moved_.find(name); now != moved_.end()) {
      return reading.fail(where, input.path, in_quotes(name) + " is now " + in_quotes(now->second));
    }
    if (field == nullptr) {
      std::vector<std::string> names;
      for (const auto& known : fields_) names.push_back(known->key());
      return reading.fail(where, input.path,
                          "unknown key " + in_quotes(name) + did_you_mean(name, names));
    }
    const std::string path = joined(input.path, name);
    const bool is_repeated = !keys.emplace(name, where).second;
    if (is_repeated || (!field->is_joined() && reading.is_set(path))) {
      return reading.fail(where, path,
                          "'" + name + "' is set twice, first at " +
                              reading.where_text(reading.where(path)));
    }
    // A missing value has no place of its own.
    const Where at = value.IsNull() ? where : reading.place(value.Mark());
    reading.note(path, at);
    field->read(Input{reading, value, path, at}, to);
  }

  // Which keys have to be there, and which may not. `whole` is null when part of the section could
  // not be read: then nothing is said about keys that depend on others.
  void check_presence(const Input& input, const std::map<std::string, Where>& keys,
                      const T* whole) const {
    for (const auto& field : fields_) {
      const Only& only = field->only();
      if (!only.condition.empty() && whole == nullptr) continue;
      const auto key = keys.find(field->key());
      if (whole != nullptr && !only.applies(*whole)) {
        if (key == keys.end()) continue;
        input.reading.fail(key->second, joined(input.path, field->key()),
                           "'" + field->key() + "' is only for " + only.condition);
      } else if (field->about().is_required && key == keys.end()) {
        const std::string needs = only.condition.empty() ? "" : ", " + only.condition + " needs it";
        input.fail("'" + field->key() + "' is missing" + needs);
      }
    }
  }

  std::vector<std::unique_ptr<Field<T>>> fields_;
  std::string short_key_;
  std::map<std::string, std::string> moved_;
};

} // namespace selvedge::config
