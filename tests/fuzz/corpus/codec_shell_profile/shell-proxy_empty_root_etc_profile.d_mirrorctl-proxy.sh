ALL_PROXY=ü
---
