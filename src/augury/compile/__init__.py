"""A policy becomes a program: fused kernels, no pixels; and boxes and points that follow them."""
