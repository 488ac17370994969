-- 10,000 objects, the k-th most popular asked for in proportion to 1/k^0.9, as measured of web
-- traffic (Breslau et al., "Web Caching and Zipf-like Distributions", INFOCOM 1999).
require("report")

local objects, exponent, prepared_requests = 10000, 0.9, 200000
local requests, at = {}, 0

function init()
  math.randomseed(7)
  local cumulative, sum = {}, 0
  for rank = 1, objects do
    sum = sum + rank ^ -exponent
    cumulative[rank] = sum
  end
  -- Drawn ahead of time, so that the client spends nothing on it while it measures.
  for i = 1, prepared_requests do
    local point, low, high = math.random() * sum, 1, objects
    while low < high do
      local middle = math.floor((low + high) / 2)
      if cumulative[middle] < point then low = middle + 1 else high = middle end
    end
    requests[i] = wrk.format("GET", string.format("/zipf/1.0.0/%d.bin", low - 1))
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
