"""The made-up customers of the sample space: words, calls, an ordinary crowd and the planted cases."""
