-- Never the same URL twice: wrk -s compare/unique.lua URL -- PATH
require("report")

local path, count, start

function init(arguments)
  -- The address of a new table and the time keep the runs of one process apart.
  path, count, start = arguments[1], 0, os.time() .. tostring({}):sub(8)
end

function request()
  count = count + 1
  return wrk.format("GET", string.format("%s?%s-%d", path, start, count))
end
