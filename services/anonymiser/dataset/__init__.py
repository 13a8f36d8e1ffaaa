"""A data set as elements: in and out of all encodings (PS3.5), and what hides beside the pixels."""
