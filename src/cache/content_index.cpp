#include <selvedge/cache/content_index.hpp>

#include <cstring>

namespace selvedge::cache {

std::size_t ContentIndex::Hash::operator()(const Key& key) const {
  std::size_t hash = 0;
  std::memcpy(&hash, key.data(), sizeof hash); // of a digest, any part is as good as any other
  return hash;
}

boost::intrusive_ptr<Body> ContentIndex::shared(const Key& key,
                                                const boost::intrusive_ptr<Body>& body) {
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = bodies_.try_emplace(key, body.get());
  if (!is_new) {
    // One whose last holder has just let go of it waits for this lock, to be taken out.
    if (at->second == body.get() || at->second->try_keep()) {
      if (at->second == body.get()) return body;
      found_.fetch_add(1, std::memory_order_relaxed);
      return {at->second, false};
    }
    at->second = body.get();
  }
  body->contents_ = this;
  body->digest_ = key;
  return body;
}

void ContentIndex::forget(const Body& body) {
  const std::lock_guard lock(mutex_);
  const auto found = bodies_.find(body.digest_);
  if (found != bodies_.end() && found->second == &body) bodies_.erase(found);
}

std::size_t ContentIndex::size() const {
  const std::lock_guard lock(mutex_);
  return bodies_.size();
}

void intrusive_ptr_release(Body* body) {
  if (body->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (body->contents_ != nullptr) body->contents_->forget(*body);
  delete body;
}

} // namespace selvedge::cache
