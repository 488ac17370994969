"""How large the files of published web packages are, as the middles of 128 equal parts.

Taken from the 5,078 files of 64 bytes to 1 MiB with the extensions js, mjs, cjs, css, woff2, woff,
ttf, svg, png, gif and html in the npm packages react-dom 19.3.1, vue 3.5.45, antd 6.6.8, bootstrap
5.3.9, @fortawesome/fontawesome-free 7.3.1 (without its 5,771 icons of one file each, which would be
half of all), video.js 8.24.1, monaco-editor 0.57.0 and @mui/material 9.5.0. Mean 12.6 kB.
"""

QUANTILES = [
# fmt: off
    69, 71, 72, 79, 81, 110, 129, 138, 152, 161, 173, 186,
    204, 226, 246, 258, 271, 303, 325, 328, 331, 348, 368, 386,
    413, 436, 457, 494, 517, 538, 561, 590, 637, 687, 719, 747,
    776, 806, 835, 867, 903, 935, 973, 1036, 1078, 1102, 1122, 1154,
    1177, 1203, 1245, 1299, 1350, 1403, 1480, 1562, 1641, 1714, 1786, 1868,
    1959, 2033, 2094, 2165, 2274, 2339, 2389, 2486, 2578, 2656, 2748, 2820,
    2913, 3020, 3122, 3218, 3336, 3478, 3601, 3735, 3871, 4003, 4149, 4281,
    4377, 4472, 4546, 4668, 4766, 4888, 5033, 5156, 5334, 5509, 5710, 5924,
    6179, 6416, 6680, 6983, 7219, 7518, 7840, 8199, 8446, 8859, 9200, 9606,
    10095, 10475, 11118, 11654, 12258, 13174, 13959, 15036, 15943, 17059, 18956, 20712,
    23587, 27739, 33604, 44224, 61955, 133004, 232360, 619795,
# fmt: on
]
