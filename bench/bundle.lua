-- Page loads of versioned bundles: the manifest, then every asset of that version in order, then
-- another bundle. 20 bundles, 3 versions, 30 assets each; the newest version gets half the loads.
require("report")

local requests, at = {}, 0

local function load_page(bundle, version)
  local base = string.format("/bundle-%d/%s/", bundle, version)
  requests[#requests + 1] = wrk.format("GET", base .. "bundle.json")
  for asset = 0, 29 do
    requests[#requests + 1] = wrk.format("GET", base .. string.format("asset-%d.js", asset))
  end
end

function init()
  math.randomseed(7)
  local versions = { "1.0.0", "1.1.0", "2.0.0", "2.0.0" }
  for _ = 1, 2000 do
    load_page(math.random(0, 19), versions[math.random(1, #versions)])
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
