// placeholder while this folder is being written
