"""What people have: files and arrays, opened in place, decoded, prepared alike for every part, split."""
