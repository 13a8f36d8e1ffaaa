"""Dead letters of both zones: what there is, why, and what people have done with them."""
