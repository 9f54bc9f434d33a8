http_proxy=http://p:3128
all_proxy=x y
---
export A='x
