export A='x
