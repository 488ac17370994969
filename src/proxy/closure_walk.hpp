// What versions of bundles need, found out by a catalog: the walk of a LockBuilder, and the answer
// to "?closure". Thread: the worker of the catalog.
#pragma once

#include "bundle_catalog.hpp"

#include <selvedge/bundle/lock_builder.hpp>

#include <string>
#include <string_view>

namespace selvedge::proxy {

// Takes the builder as far as the catalog can. True: it is done, well or not. False: the waiter is
// told when it can go on. Documents are asked for side by side.
bool walk(bundle::LockBuilder& builder, BundleCatalog& catalog, const Asker& asker,
          std::string_view base, BundleCatalog::Waiter& waiter);

// All versions that the first one needs, itself in front, where they are, and an import map by
// which scripts find each other; also what is missing, and where versions are in conflict:
//   {"name", "version", "bundles": [{"name", "version", "url", "entry", "dependencies"}],
//    "importmap": {"imports", "scopes"}, "conflicts": {NAME: [TEXT]}, "missing": [...]}
std::string closure_json(const bundle::LockBuilder& closure, std::string_view base);

} // namespace selvedge::proxy
