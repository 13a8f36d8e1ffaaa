"""The demo: real files go the whole way, watched from the outside, and the books must balance."""
