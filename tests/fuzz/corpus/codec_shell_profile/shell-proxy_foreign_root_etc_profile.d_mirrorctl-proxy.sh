NO_PROXY=it's
https_proxy=a"c$x`y`\
.
---
# site
export EDITOR=vi
export http_proxy=http://old.example:1
