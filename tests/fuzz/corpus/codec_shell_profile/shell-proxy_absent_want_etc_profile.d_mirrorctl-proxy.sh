NO_PROXY=it's
https_proxy=a"c$x`y`\
.
---
# Managed by mirrorctl: `mirrorctl apply` renders this file anew, `mirrorctl reset` removes it.
# Login shells read it. Everybody can read it too: no credentials in here.
export http_proxy='http://proxy.example:3128'
export HTTP_PROXY='http://proxy.example:3128'
export https_proxy='http://proxy.example:3128'
export HTTPS_PROXY='http://proxy.example:3128'
export all_proxy='socks5://10.0.0.9:1080'
export ALL_PROXY='socks5://10.0.0.9:1080'
export no_proxy='localhost,127.0.0.1,::1,corp.example,.corp.example,10.0.0.0/8,hub-a.example,.hub-a.example,prefix.example,.prefix.example,hub-b.example,.hub-b.example,ghcr-a.example,.ghcr-a.example'
export NO_PROXY='localhost,127.0.0.1,::1,corp.example,.corp.example,10.0.0.0/8,hub-a.example,.hub-a.example,prefix.example,.prefix.example,hub-b.example,.hub-b.example,ghcr-a.example,.ghcr-a.example'
