-- Never the same URL twice: every request goes to the origin, is stored, and drives another out.
require("report")

local count, start = 0, os.time()

function request()
  count = count + 1
  return wrk.format("GET", string.format("/hot/1.0.0/1k.bin?%d-%d", start, count))
end
