std = "luajit"
max_line_length = 100
include_files = { "lua/**/*.lua", "models/**/*.lua", "examples/**/*.lua", "spec/**/*.lua" }
-- Methods keep `self` and handlers their signature whether or not the body needs them.
self = false
files["spec"] = { std = "luajit+busted" }
files[".busted"] = { std = "luajit" }
