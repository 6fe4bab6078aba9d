"""Survey: what a dataset holds, what is wrong with it, what varies in it, and the ranges that follow."""
