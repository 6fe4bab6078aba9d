"""Programs meet pixels: the slow definition, the native kernels, and what chooses between them."""
