-- One object, always the same: the hit path and nothing else.
require("report")
