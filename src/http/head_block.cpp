// One block of memory: the array of fields, then the lines for HTTP/1.1. The names and values of
// the array are views into those lines, so every byte of a head is kept once.
#include <selvedge/http/head_block.hpp>

#include <malloc.h>
#include <new>

namespace selvedge::http {

namespace {

constexpr std::string_view kSeparator = ": ";
constexpr std::string_view kLineEnd = "\r\n";

char* append(char* to, std::string_view text) {
  return std::copy(text.begin(), text.end(), to);
}

char* append_lower(char* to, std::string_view text) {
  return std::transform(text.begin(), text.end(), to, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
}

} // namespace

HeadBlock::HeadBlock(const FieldList& fields) {
  if (fields.empty()) return;
  std::size_t text_bytes = 0;
  for (const Field& field : fields) {
    text_bytes += field.name.size() + kSeparator.size() + field.value.size() + kLineEnd.size();
  }
  const std::size_t array_bytes = fields.size() * sizeof(Field);
  memory_ = std::make_unique_for_overwrite<std::byte[]>(array_bytes + text_bytes);
  allocated_ = malloc_usable_size(memory_.get());

  std::byte* place = memory_.get();
  char* const wire = reinterpret_cast<char*>(memory_.get() + array_bytes);
  char* to = wire;
  fields_ = reinterpret_cast<const Field*>(memory_.get());
  for (const Field& field : fields) {
    const std::string_view name{to, field.name.size()};
    to = append(append_lower(to, field.name), kSeparator);
    const std::string_view value{to, field.value.size()};
    to = append(append(to, field.value), kLineEnd);
    ::new (place) Field{field.id, name, value};
    place += sizeof(Field);
  }
  count_ = fields.size();
  wire_ = {wire, text_bytes};
}

const Field* HeadBlock::find(FieldName id) const {
  for (const Field& field : fields()) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

std::string_view HeadBlock::value(FieldName id) const {
  const Field* field = find(id);
  return field == nullptr ? std::string_view{} : field->value;
}

} // namespace selvedge::http
