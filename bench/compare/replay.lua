-- Asks for the paths in a file, one a line, again and again:
--   wrk -s compare/replay.lua URL -- FILE [FIRST]
-- It begins with the first, or with the one of that number (from 0).
require("report")

local requests, at = {}, 0

function init(arguments)
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  at = tonumber(arguments[2] or 0)
end

function request()
  at = at % #requests + 1
  return requests[at]
end
