# site
export EDITOR=vi
export http_proxy=http://old.example:1
