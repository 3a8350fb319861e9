"""The whole job on a tiny shop: what must give the same bytes does."""
