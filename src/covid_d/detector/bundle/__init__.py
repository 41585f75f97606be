"""The bundle on disk: what it says of itself, its files and checksums, its signature."""
